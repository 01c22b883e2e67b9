"""Re-encryption under the newest key."""

from io import StringIO

import pytest
from django.core.management import call_command

from common import rotation
from common.models import OutgoingEmail
from tests.factories.common import OutgoingEmailFactory

NEW_KEY = "N" * 43


@pytest.fixture
def rotated_keys(db, settings):
    """Three values under the old key, one of them empty, and a new key in front."""
    for text in ("one", "two", None):
        OutgoingEmailFactory(text=text, html=None)
    settings.FIELD_ENCRYPTION_KEYS = [NEW_KEY, *settings.FIELD_ENCRYPTION_KEYS]
    return settings


def texts():
    return [row.text for row in OutgoingEmail.objects.order_by("pk")]


def test_every_encrypted_column_is_found():
    names = {column.name for column in rotation.columns()}

    assert {"common_outgoingemail.text", "common_outgoingemail.html"} <= names


def test_after_the_command_the_old_key_may_go(rotated_keys, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 1)
    out = StringIO()

    call_command("rotate_encryption_keys", stdout=out)

    assert "common_outgoingemail.text: 2 done.\n" in out.getvalue()
    assert out.getvalue().endswith("0 values are still under older keys.\n")
    rotated_keys.FIELD_ENCRYPTION_KEYS = [NEW_KEY]
    assert texts() == ["one", "two", None]


def test_a_stopped_rotation_goes_on_where_it_was(rotated_keys, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 1)
    column = next(c for c in rotation.columns() if c.name == "common_outgoingemail.text")

    next(rotation.rotate(column))

    assert rotation.pending(column) == 1
    assert sum(rotation.rotate(column)) == 1
    assert rotation.pending(column) == 0


def test_a_value_written_meanwhile_is_kept(rotated_keys):
    column = next(c for c in rotation.columns() if c.name == "common_outgoingemail.text")
    row = OutgoingEmail.objects.order_by("pk").first()
    stale = (row.pk, row.uuid, row.__dict__["text"])
    row.text = "newer"
    row.save()

    rotation._renew(column, *stale)

    assert texts()[0] == "newer"

"""Erasing again whom a backup brought back."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts import erasure
from accounts.models import User
from common.models import OutgoingEmail
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(tmp_path):
    """Write a log of these lines; return its path."""

    def written(*lines):
        path = tmp_path / "app.log"
        path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each)
                                  for each in lines))  # fmt: skip
        return str(path)

    return written


def said(capsys, path) -> str:
    call_command("reapply_erasures", path)
    return capsys.readouterr().out


def test_accounts_and_addresses_are_erased_again_once(attendee, stranger, log, capsys):
    row = RegistrationFactory(email="ada@example.org", full_name="Ada Guest")
    other = RegistrationFactory(email="bob@example.org", full_name="Bob Guest")
    path = log(
        "plain text before JSON was switched on",
        {"message": "request", "user": str(stranger.uuid)},
        "[1, 2]",
        'web-1  | {"message": "account.erased", "user": "' + str(attendee.uuid) + '"}',
        {"message": "person.erased", "person": erasure.digest_of("Ada@example.org")},
    )

    first, second = said(capsys, path), said(capsys, path)

    row.refresh_from_db()
    other.refresh_from_db()
    assert (first, second) == ("2 erased again.\n", "0 erased again.\n")
    assert User.all_objects.exclude(erased_at=None).get() == attendee
    assert (row.full_name, other.full_name) == ("Deleted User", "Bob Guest")
    assert not OutgoingEmail.objects.filter(kind="account_deleted").exists()


def test_an_account_that_is_needed_again_is_named(organizer, log, capsys):
    EventFactory(owner=organizer, published=True)
    path = log({"message": "account.erased", "user": str(organizer.uuid)})

    with pytest.raises(CommandError, match="settle that first") as failed:
        call_command("reapply_erasures", path)

    told = capsys.readouterr()
    assert (failed.value.returncode, told.err) == (
        1, f"{organizer.uuid}: ACCOUNT_DELETION_BLOCKED\n",
    )  # fmt: skip
    assert User.objects.filter(pk=organizer.pk).exists()


def test_what_erasing_logs_is_what_is_read_again(attendee, log, capsys, caplog,
                                                 django_capture_on_commit_callbacks):  # fmt: skip
    with caplog.at_level("INFO"), django_capture_on_commit_callbacks(execute=True):
        erasure.delete_account(attendee)
        erasure.erase_address("ada@example.org", by=None, reason="-")

    told = [each.msg for each in caplog.records if each.name == "accounts.erasure"]

    assert told == [
        {"event": "account.erased", "user": str(attendee.uuid)},
        {"event": "person.erased", "person": erasure.digest_of("ada@example.org")},
    ]


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(CommandError, match="is no file"):
        call_command("reapply_erasures", str(tmp_path / "none.log"))

"""Columns with rules of their own."""

import pytest
from django.core.exceptions import FieldError, ValidationError

from common import crypto, fields
from common.models import OutgoingEmail
from tests.factories.common import OutgoingEmailFactory

KEYS = {name: name * 43 for name in "ABC"}


@pytest.fixture
def message(db) -> OutgoingEmail:
    return OutgoingEmailFactory(text="the secret", to_email="  Ada@Example.ORG ")


def ciphertext(row) -> str:
    return OutgoingEmail.objects.values_list("text", flat=True).get(pk=row.pk)


def test_addresses_are_lower_case_on_write_and_on_lookup(message):
    assert message.to_email == "ada@example.org"
    assert OutgoingEmail.objects.filter(to_email=" ADA@example.org").exists()
    assert OutgoingEmail.objects.filter(to_email__in=["ADA@example.org"]).exists()


def test_encrypted_text_reads_back(message):
    assert OutgoingEmail.objects.get(pk=message.pk).text == "the secret"


def test_the_database_holds_ciphertext_only(message):
    stored = ciphertext(message)

    assert stored.startswith(f"v1:{crypto.newest_key_id()}:")
    assert "secret" not in stored


def test_an_unchanged_value_is_not_encrypted_again(message):
    before = ciphertext(message)

    OutgoingEmail.objects.get(pk=message.pk).save()

    assert ciphertext(message) == before


def test_a_changed_value_is_encrypted(message):
    message.text = "another"
    message.save(update_fields=["text"])

    assert OutgoingEmail.objects.get(pk=message.pk).text == "another"


def test_a_deferred_value_is_fetched_when_asked_for(message):
    assert OutgoingEmail.objects.defer("text").get(pk=message.pk).text == "the secret"


def test_a_value_moved_to_another_row_does_not_decrypt(message):
    other = OutgoingEmailFactory(text="other")
    OutgoingEmail.objects.filter(pk=other.pk).update(
        text=OutgoingEmail.objects.get(pk=message.pk).__dict__["text"]
    )

    with pytest.raises(crypto.DecryptionFailed):
        _ = OutgoingEmail.objects.get(pk=other.pk).text


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_stored_as_nothing(db, value):
    row = OutgoingEmailFactory(text=value)

    assert (ciphertext(row), OutgoingEmail.objects.get(pk=row.pk).text) == (value, value)


def test_only_null_can_be_asked_of_an_encrypted_column(message):
    assert OutgoingEmail.objects.filter(text__isnull=False).count() == 1
    with pytest.raises(FieldError):
        OutgoingEmail.objects.filter(text="the secret").exists()
    with pytest.raises(FieldError):
        OutgoingEmail.objects.filter(text__contains="secret").exists()


def test_plain_text_cannot_slip_in_by_an_update(message):
    with pytest.raises(FieldError, match="is encrypted"):
        OutgoingEmail.objects.update(text="plain")


def test_a_new_key_encrypts_and_the_old_one_still_decrypts(message, settings):
    settings.FIELD_ENCRYPTION_KEYS = [KEYS["A"], *settings.FIELD_ENCRYPTION_KEYS]
    newer = OutgoingEmailFactory(text="newer")

    assert crypto.key_id_of(ciphertext(newer)) != crypto.key_id_of(ciphertext(message))
    assert OutgoingEmail.objects.get(pk=message.pk).text == "the secret"


def test_without_its_key_a_value_is_never_shown(message, settings):
    settings.FIELD_ENCRYPTION_KEYS = [KEYS["B"]]

    with pytest.raises(crypto.DecryptionFailed, match="not configured"):
        _ = OutgoingEmail.objects.get(pk=message.pk).text


@pytest.mark.parametrize(
    "stored", ["v1:only", "plain", "v2:{key}:AAAA", "v1:{key}:AAAA", "v1:{key}:ä"]
)
def test_a_changed_value_is_never_shown(stored):
    with pytest.raises(crypto.DecryptionFailed):
        crypto.decrypt(stored.format(key=crypto.newest_key_id()), bound_to="a.b:1")


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (fields.CurrencyField(), "USD", "usd"),
        (fields.CurrencyField(), "EUR", "EURO"),
        (fields.TimezoneField(), "Europe/Berlin", "Europe/Atlantis"),
        (fields.HttpUrlField(), "https://example.org/a?b=c", "javascript:alert(1)"),
        (fields.HttpUrlField(), "http://example.org", "https://user:pass@example.org"),
        (fields.HttpUrlField(), "http://[::1]/", "http://[::1"),
        (fields.MinorUnitsField(), 0, -1),
    ],
)
def test_columns_refuse_what_is_not_their_kind(field, good, bad):
    field.clean(good, None)

    with pytest.raises(ValidationError):
        field.clean(bad, None)

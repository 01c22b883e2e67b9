"""The copy of one's data: asked for, built, fetched, expired."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts import data_exports, erasure
from accounts.models import DataExport, User, UserSession
from common import audit, files
from common.models import AuditEntry, OutboxTask, StoredFile
from tests.factories.accounts import (
    PASSWORD,
    NotificationFactory,
    UserFactory,
    ZoomConnectionFactory,
)
from tests.factories.api_tokens import ApiTokenFactory
from tests.factories.certificates import CertificateFactory
from tests.factories.common import OutgoingEmailFactory
from tests.factories.data_exports import DataExportFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationAnswerFactory, RegistrationFactory
from tests.factories.second_factor import PasskeyFactory, TotpDeviceFactory

URL = "/api/v1/users/me/export-data/"
STAFF = "/api/v1/staff/persons/export/"
pytestmark = pytest.mark.django_db


def status_of(uuid) -> str:
    return f"{URL}{uuid}/status/"


def download_of(uuid) -> str:
    return f"{URL}{uuid}/download/"


def contents(anonymous, link) -> dict:
    """Return the parsed JSON of every table, and the raw bytes of everything else."""
    raw = b"".join(anonymous.get(link["download_url"]).streaming_content)
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        return {
            name: json.loads(book.read(name)) if name.endswith(".json") else book.read(name)
            for name in book.namelist()
        }


@pytest.fixture
def copy_of(api_for, committed, anonymous):
    """Ask over HTTP, let the task run, fetch the archive."""

    def run(user):
        api = api_for(user)
        asked = committed(lambda: api.post(URL, {})).json()
        return contents(anonymous, api.get(download_of(asked["request_uuid"])).json())

    return run


def test_a_copy_is_asked_for_built_and_fetched(attendee, api_for, committed, anonymous):
    api = api_for(attendee)

    asked = committed(lambda: api.post(URL, {}))

    body = asked.json()
    told = api.get(status_of(body["request_uuid"])).json()
    link = api.get(download_of(body["request_uuid"])).json()
    assert (asked.status_code, body["status"], body["completed_at"]) == (202, "pending", None)
    assert told["status"] == "ready"
    assert sorted(link) == ["download_url", "expires_at", "filename", "sha256", "size"]
    book = contents(anonymous, link)
    manifest = book.pop("manifest.json")
    assert manifest["tables"] == {
        name.removesuffix(".json"): len(rows) for name, rows in book.items()
    }
    assert (manifest["account"], manifest["address"]) == (str(attendee.uuid), attendee.email)
    assert [message.subject for message in mail.outbox] == ["The copy of your data is ready"]


def test_the_copy_holds_what_is_theirs_by_account_and_by_address(attendee, copy_of):
    attended = RegistrationFactory(user=attendee, email="other@example.org")
    RegistrationAnswerFactory(registration=attended, value="Vegan")
    guest = RegistrationFactory(email=attendee.email)
    certificate = CertificateFactory(registration=attended)
    NotificationFactory(user=attendee, title="For Ada")
    stored = files.store_bytes(
        b"a face", filename="ada.png", content_type="image/png", purpose="image",
        owner_uuid=attendee.uuid,
    )  # fmt: skip

    book = copy_of(attendee)

    places = {row["uuid"] for row in book["registrations.json"]}
    assert places == {str(attended.uuid), str(guest.uuid)}
    assert [row["value"] for row in book["registration_answers.json"]] == ["Vegan"]
    assert [row["uuid"] for row in book["certificates.json"]] == [str(certificate.uuid)]
    assert [row["title"] for row in book["notices.json"]] == ["For Ada"]
    assert book[f"files/{stored.uuid}-ada.png"] == b"a face"
    assert book["manifest.json"]["files"] == [
        {"name": f"files/{stored.uuid}-ada.png", "size": 6, "sha256": stored.sha256}
    ]


def test_the_copy_holds_no_secret_and_nobody_else(organizer, stranger, copy_of):
    ZoomConnectionFactory(user=organizer, access_token="SECRET-1", refresh_token="SECRET-2")
    ApiTokenFactory(user=organizer, digest="SECRET-3")
    TotpDeviceFactory(user=organizer, secret="SECRET-4")
    PasskeyFactory(user=organizer, public_key=b"SECRET-5")
    event = EventFactory(owner=organizer, published=True)
    RegistrationFactory(event=event, email="jo@example.org", full_name="Jo Private", notes="x")
    OutgoingEmailFactory(to_email=stranger.email, subject="For Sam alone")
    audit.record("registration.changed", by=organizer, owner=organizer, email="jo@example.org")
    DataExportFactory(user=organizer, email="guest@example.org", status="expired")

    text = str(copy_of(organizer))

    assert "SECRET" not in text
    assert organizer.password not in text
    assert [
        word for word in ("Jo Private", "jo@example.org", "Sam", "guest@") if word in text
    ] == []
    assert event.title in text


def test_rows_of_an_address_that_is_not_proven_stay_out(api_for, committed, anonymous):
    somebody = UserFactory(unverified=True, email="ada@example.org")
    RegistrationFactory(email="ada@example.org")
    api = api_for(somebody)

    asked = committed(lambda: api.post(URL, {})).json()

    book = contents(anonymous, api.get(download_of(asked["request_uuid"])).json())
    assert book["registrations.json"] == []


def test_organizers_notes_about_somebody_are_not_theirs_to_read(attendee, copy_of):
    RegistrationFactory(user=attendee, notes="Difficult guest.")

    assert "Difficult guest." not in str(copy_of(attendee))


def test_a_file_the_store_has_lost_is_named_as_missing(attendee, copy_of):
    stored = files.store_bytes(
        b"a face", filename="ada.png", content_type="image/png", purpose="image",
        owner_uuid=attendee.uuid, key="image/lost.png",
    )  # fmt: skip
    files.storage.store().delete(stored.key)

    book = copy_of(attendee)

    assert [each["missing"] for each in book["manifest.json"]["files"]] == [True]


def test_one_copy_at_a_time(attendee, api_for):
    api = api_for(attendee)
    first = api.post(URL, {}).json()

    again = api.post(URL, {})

    assert (again.status_code, again.json()["error"]["code"]) == (409, "EXPORT_IN_PROGRESS")
    assert again.json()["error"]["details"] == {"request_uuid": first["request_uuid"]}
    assert DataExport.objects.count() == 1


@pytest.mark.parametrize(("hours", "code"), [(23, 200), (25, 202)])
def test_a_copy_of_the_last_day_is_answered_again(attendee, api_for, committed, hours, code):
    first = committed(lambda: api_for(attendee).post(URL, {})).json()

    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        again = api_for(attendee).post(URL, {})

    is_same = again.json()["request_uuid"] == first["request_uuid"]
    assert (again.status_code, is_same) == (code, code == 200)


@pytest.mark.parametrize(
    ("body", "code"), [({}, 403), ({"password": "wrong"}, 403), ({"password": PASSWORD}, 202)]
)
def test_an_old_session_needs_the_password(attendee, api_for, body, code):
    api = api_for(attendee)
    UserSession.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))

    answer = api.post(URL, body)

    assert answer.status_code == code
    assert DataExport.objects.count() == (code == 202)


@pytest.mark.parametrize("path", [status_of, download_of])
def test_the_copy_of_another_is_not_found(attendee, stranger, anonymous, api_for, path):
    export = DataExportFactory(user=attendee)

    theirs = api_for(stranger).get(path(export.uuid))
    nobodys = anonymous.get(path(export.uuid))

    assert (theirs.status_code, nobodys.status_code) == (404, 401)


@pytest.mark.parametrize("state", ["pending", "running", "failed"])
def test_what_is_not_ready_cannot_be_fetched(attendee, api_for, state):
    export = DataExportFactory(user=attendee, status=state)

    answer = api_for(attendee).get(download_of(export.uuid))

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "EXPORT_NOT_READY")


def test_after_a_week_the_copy_is_gone(attendee, api_for, committed):
    asked = committed(lambda: api_for(attendee).post(URL, {})).json()
    week_over = timezone.now() + timedelta(days=7, minutes=1)

    with time_machine.travel(week_over):
        before = api_for(attendee).get(download_of(asked["request_uuid"]))
        removed = data_exports.expire(week_over), data_exports.expire(week_over)
        after = api_for(attendee).get(download_of(asked["request_uuid"]))

    assert [each.json()["error"]["code"] for each in (before, after)] == ["EXPORT_EXPIRED"] * 2
    assert (before.status_code, after.status_code) == (410, 410)
    assert removed == (1, 0)
    assert DataExport.objects.get().status == "expired"
    assert not StoredFile.objects.filter(purpose="data_export").exists()


def test_building_twice_makes_one_copy_and_one_message(attendee, committed):
    export = DataExportFactory(user=attendee)

    for _ in range(2):
        committed(lambda: data_exports.build(export.pk, now=timezone.now()))

    assert StoredFile.objects.filter(purpose="data_export").count() == 1
    assert len(mail.outbox) == 1


def test_after_three_failures_nobody_tries_again(attendee, monkeypatch):
    export = DataExportFactory(user=attendee)
    monkeypatch.setattr(files, "store_bytes", lambda *_, **__: 1 / 0)

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            data_exports.build(export.pk, now=timezone.now())
    data_exports.build(export.pk, now=timezone.now())

    export.refresh_from_db()
    assert (export.status, export.attempts, export.error) == ("failed", 3, "ZeroDivisionError")


def test_a_build_is_taken_over_only_from_a_worker_that_is_gone(attendee):
    export = DataExportFactory(user=attendee, status="running", started_at=timezone.now())

    data_exports.build(export.pk, now=timezone.now())
    export.refresh_from_db()
    early = export.status
    data_exports.build(export.pk, now=timezone.now() + timedelta(hours=1))

    export.refresh_from_db()
    assert (early, export.status) == ("running", "ready")


@pytest.mark.parametrize("change", [{"is_active": False}, {"erased_at": timezone.now()}])
def test_the_account_must_still_stand_when_the_copy_is_built(attendee, change):
    export = DataExportFactory(user=attendee)
    User.objects.filter(pk=attendee.pk).update(**{"is_active": False, **change})

    data_exports.build(export.pk, now=timezone.now())

    export.refresh_from_db()
    assert (export.status, export.error) == ("failed", "The account is gone.")


def test_an_account_erased_while_its_copy_was_built_leaves_no_file(attendee, monkeypatch):
    export = DataExportFactory(user=attendee)
    write = data_exports._write

    def slowly(*args):
        stored = write(*args)
        erasure.delete_account(attendee)
        return stored

    monkeypatch.setattr(data_exports, "_write", slowly)

    data_exports.build(export.pk, now=timezone.now())

    assert not DataExport.objects.exists()
    assert not StoredFile.objects.filter(purpose="data_export").exists()


def test_a_request_that_was_lost_does_not_block_forever(attendee, api_for):
    lost = DataExportFactory(user=attendee, requested_at=timezone.now() - timedelta(days=2))

    data_exports.expire(timezone.now())

    lost.refresh_from_db()
    assert (lost.status, api_for(attendee).post(URL, {}).status_code) == ("failed", 202)


def test_staff_fetch_what_is_known_of_an_address(staff_member, api_for, committed, anonymous):
    row = RegistrationFactory(email="ada@example.org", full_name="Ada Guest")
    RegistrationFactory(email="bob@example.org")
    api = api_for(staff_member)

    asked = committed(
        lambda: api.post(STAFF, {"email": "Ada@example.org", "reason": "Letter of 3 May."})
    )

    book = contents(anonymous, api.get(download_of(asked.json()["request_uuid"])).json())
    entry = AuditEntry.objects.get(action="data_export.requested")
    assert asked.status_code == 202
    assert [each["uuid"] for each in book["registrations.json"]] == [str(row.uuid)]
    assert "account.json" not in book
    assert (entry.actor_type, entry.payload["reason"]) == ("staff", "Letter of 3 May.")


def test_an_address_that_signed_up_meanwhile_is_not_exported_for_staff(staff_member):
    export = DataExportFactory(user=staff_member, email="ada@example.org")
    UserFactory(email="ada@example.org")

    data_exports.build(export.pk, now=timezone.now())

    export.refresh_from_db()
    assert export.status == "failed"


def test_asking_is_counted_against_the_scope_of_exports(attendee, api_for, throttled, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "export": "1/hour"}
    api = api_for(attendee)
    asked = api.post(URL, {}).json()

    again = [api.post(URL, {}).status_code for _ in range(2)]
    told = [api.get(status_of(asked["request_uuid"])).status_code for _ in range(2)]

    assert (again, told) == ([429, 429], [200, 200])


def test_a_refused_request_asks_for_no_work(attendee, api_for):
    api = api_for(attendee)
    api.post(URL, {})
    api.post(URL, {})

    assert OutboxTask.objects.filter(name="accounts.build_data_export").count() == 1

"""How mail log, audit log, jobs, files and kept answers forget somebody."""

import uuid

import pytest
from django.utils import timezone

from common import audit, audit_chain, delivery, files, forgetting, mail
from common.forgetting import Traces
from common.models import IdempotencyRecord, Job, OutgoingEmail, StoredFile
from tests.factories.common import IdempotencyRecordFactory, JobFactory, OutgoingEmailFactory

ADA = uuid.UUID(int=1)
BOB = uuid.UUID(int=2)
ROW = uuid.UUID(int=3)
EMAIL = "ada@example.org"
pytestmark = pytest.mark.django_db


def forget(**traces):
    return dict(forgetting.forget(Traces(**{"user_uuid": ADA, "email": EMAIL, **traces})))


def mails() -> list[tuple]:
    rows = OutgoingEmail.objects.order_by("id")
    return [(row.to_email, row.subject, row.from_name, bool(row.text)) for row in rows]


@pytest.mark.parametrize("to", [{"recipient_uuid": ADA}, {"to_email": EMAIL}])
def test_messages_to_the_person_keep_nothing_but_that_they_were_sent(to):
    OutgoingEmailFactory(**{"to_email": "x@example.org", **to}, sent=True, subject="Hello Ada")
    OutgoingEmailFactory(to_email="bob@example.org", sent=True, subject="Hello Bob", from_name="P")

    counts = forget()

    assert counts["common.OutgoingEmail"] == 1
    assert mails() == [("", "", "", False), ("bob@example.org", "Hello Bob", "P", True)]


def test_messages_about_the_person_lose_what_they_say_not_to_whom():
    OutgoingEmailFactory(
        to_email="bob@example.org", sent=True, subject="Ada came", subject_uuid=ROW
    )

    forget(rows=[ROW])

    assert mails() == [("bob@example.org", "", "", False)]


def test_messages_in_the_persons_name_lose_it():
    OutgoingEmailFactory(
        to_email="bob@example.org", sent=True, subject="Your place", owner_uuid=ADA,
        from_name="Ada", reply_to=EMAIL,
    )  # fmt: skip

    forget()

    assert mails() == [("bob@example.org", "Your place", "", False)]
    assert OutgoingEmail.objects.get().reply_to == ""


@pytest.mark.parametrize("status", ["queued", "sending"])
def test_what_is_on_its_way_to_others_still_goes(status):
    OutgoingEmailFactory(
        to_email="bob@example.org", status=status, subject="Ada left", subject_uuid=ROW
    )

    forget(rows=[ROW])

    assert mails() == [("bob@example.org", "Ada left", "", True)]


def test_what_waits_for_the_person_is_not_sent(mailoutbox):
    row = OutgoingEmailFactory(to_email=EMAIL)

    forget()
    delivery.deliver(row.uuid, now=timezone.now())

    row.refresh_from_db()
    assert (row.status, row.skip_reason, mailoutbox) == ("skipped", "recipient_erased", [])


def test_an_unproven_address_is_nobodys_trace():
    OutgoingEmailFactory(to_email=EMAIL, sent=True, subject="Hello")
    audit.record("thing.done", to=EMAIL)

    counts = forget(email="")

    assert set(counts.values()) == {0}
    assert mails() == [(EMAIL, "Hello", "", True)]


@pytest.mark.parametrize(
    ("facts", "is_redacted"),
    [
        ({"by": ADA}, True),
        ({"said": f"Written to {EMAIL}."}, True),
        ({"said": EMAIL.upper()}, True),
        ({"said": "not" + EMAIL}, False),
        ({"said": EMAIL + ".uk"}, False),
        ({"by": BOB}, False),
    ],
    ids=["actor", "address", "capitals", "longer name", "longer domain", "somebody else"],
)
def test_entries_are_redacted_exactly_where_they_are_about_the_person(facts, is_redacted):
    told = {"note": "n", **facts}
    by = told.pop("by", None)
    entry = audit.record("thing.done", by=by and _Row(by), **told)
    audit_chain.seal()

    forget()

    entry.refresh_from_db()
    assert (entry.payload == {}, entry.redacted_at is not None) == (is_redacted, is_redacted)
    assert audit_chain.verify(now=timezone.now()).ok


class _Row:
    """An actor of whom only the uuid is known."""

    def __init__(self, uuid):
        self.uuid = uuid


def test_entries_about_the_persons_rows_are_redacted_once():
    audit.record("thing.done", note="Ada")
    row = OutgoingEmailFactory()
    audit.record("mail.seen", target=row, note="Ada")

    first = forget(rows=[row.uuid])["common.AuditEntry"]
    second = forget(rows=[row.uuid])["common.AuditEntry"]

    assert (first, second) == (1, 0)


def test_jobs_and_files_of_the_person_go_and_imports_forget_the_line():
    mine = files.store_bytes(b"-", filename="places.csv", content_type="text/csv", owner_uuid=ADA)
    printed = files.store_bytes(
        b"-", filename="c.pdf", content_type="application/pdf", owner_uuid=ADA,
        purpose="certificate",
    )  # fmt: skip
    JobFactory(requested_by_uuid=ADA, file=mine)
    other = JobFactory(requested_by_uuid=BOB, errors=[{"message": f"{EMAIL} twice"}], done=3)

    counts = forget()

    other.refresh_from_db()
    assert (counts["common.Job"], counts["common.StoredFile"]) == (2, 0)
    assert list(StoredFile.objects.all()) == [printed]
    assert (Job.objects.get(), other.errors, other.done) == (other, [], 3)


def test_uploads_go_but_for_an_organizations():
    for organization in (None, BOB):
        stored = files.store_bytes(
            b"-", filename="ada.png", content_type="image/png", purpose="image", owner_uuid=ADA
        )
        StoredFile.objects.filter(pk=stored.pk).update(organization_uuid=organization)

    assert forget()["common.StoredFile"] == 1
    assert StoredFile.objects.get().organization_uuid == BOB


def test_kept_answers_go_but_for_the_one_being_given():
    IdempotencyRecordFactory(principal=f"user:{ADA}", state="done")
    IdempotencyRecordFactory(principal=f"user:{ADA}@{BOB}", state="done")
    IdempotencyRecordFactory(principal="anonymous", state="done", response_body=f'"{EMAIL}"')
    running = IdempotencyRecordFactory(principal=f"user:{ADA}", state="in_flight")
    other = IdempotencyRecordFactory(principal=f"user:{BOB}", state="done")

    counts = forget()

    assert counts["common.IdempotencyRecord"] == 3
    assert set(IdempotencyRecord.objects.all()) == {running, other}


def test_a_farewell_that_cannot_be_sent_is_forgotten_as_well(settings):
    settings.EMAIL_BACKEND = "tests.common.test_forgetting.Refusing"
    mail.forgotten_after_sending("farewell")
    row = OutgoingEmailFactory(kind="farewell", to_email=EMAIL, subject="Good bye")

    delivery.deliver(row.uuid, now=timezone.now())

    row.refresh_from_db()
    assert (row.status, row.to_email, row.subject, row.text) == ("failed", "", "", None)


class Refusing:
    """A transport that knows no such address."""

    def __init__(self, *args, **kwargs):
        pass

    def send_messages(self, messages):
        raise ValueError("no such address")

"""Composing and queueing of messages."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from common import mail
from common.exceptions import InvalidStatus
from common.models import OutboxTask, OutgoingEmail
from tests.factories.common import OutgoingEmailFactory, StoredFileFactory

TEMPLATES = {
    "email/greeting/subject.txt": "Hello {{ name }}\n",
    "email/greeting/body.txt": (
        '{% extends "email/base.txt" %}{% block content %}Hello {{ name }}{% endblock %}'
        "{% block reason %}you asked for it{% endblock %}"
    ),
    "email/greeting/body.html": (
        '{% extends "email/base.html" %}{% block content %}<p>Hello {{ name }}</p>{% endblock %}'
    ),
}
ADA = mail.Recipient("Ada@Example.org ", "Ada Attendee")


@pytest.fixture(autouse=True)
def greeting(settings):
    """A kind of mail of the tests' own."""
    chosen = settings.TEMPLATES[0]
    settings.TEMPLATES = [
        {
            **chosen,
            "APP_DIRS": False,
            "OPTIONS": {
                **chosen["OPTIONS"],
                "loaders": [
                    ("django.template.loaders.locmem.Loader", TEMPLATES),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ]


@pytest.fixture
def unsubscribing(monkeypatch):
    monkeypatch.setattr(mail, "_link_makers", [lambda row: f"https://x.example/u/{row.uuid}"])


def send(name="Ada", category="registration", **envelope):
    return mail.send(
        "greeting",
        to=ADA,
        category=category,
        context={"name": name},
        envelope=mail.Envelope(**envelope),
    )


def test_a_message_is_queued_with_both_parts(db):
    row = send("Tom & Jerry <b>")

    row.refresh_from_db()
    assert (row.status, row.to_email, row.subject) == (
        "queued",
        "ada@example.org",
        "Hello Tom & Jerry <b>",
    )
    assert row.text.splitlines()[:1] == ["Hello Tom & Jerry <b>"]
    assert "You receive this because you asked for it." in row.text
    assert "<p>Hello Tom &amp; Jerry &lt;b&gt;</p>" in row.html


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_sends_nothing():
    with transaction.atomic():
        send()
        transaction.set_rollback(True)

    assert (OutgoingEmail.objects.count(), OutboxTask.objects.count()) == (0, 0)


def test_line_breaks_never_reach_a_header(db):
    row = send("Ada\r\nBcc: everybody@example.org", from_name="Provider\nLtd")

    assert row.subject == "Hello Ada Bcc: everybody@example.org"
    assert row.from_name == "Provider Ltd"


def test_the_same_message_is_never_queued_twice(db):
    assert send(dedupe_key="once") is not None
    assert send(dedupe_key="once") is None
    assert OutgoingEmail.objects.count() == OutboxTask.objects.count() == 1


def test_a_later_message_is_asked_for_at_its_time(db):
    later = timezone.now() + timedelta(hours=2)

    send(send_after=later)

    assert abs((OutboxTask.objects.get().due_at - later).total_seconds()) < 5


def test_unknown_headers_are_refused(db):
    with pytest.raises(ValueError, match="X-Spam"):
        send(headers={"X-Spam": "no"})


def test_attachments_are_ten_megabytes_together(db):
    files = [StoredFileFactory(size=6 * 1024 * 1024) for _ in range(2)]

    with pytest.raises(ValueError, match="10 MB"):
        send(attachments=tuple(file.uuid for file in files))


@pytest.mark.parametrize(
    ("category", "shown"),
    [("reminder", True), ("marketing", True), ("security", False), ("registration", False)],
)
def test_people_with_a_choice_are_shown_where_to_make_it(db, category, shown):
    person = mail.Recipient("ada@example.org", "Ada", user_uuid=OutgoingEmailFactory().uuid)

    row = mail.send("greeting", to=person, category=category, context={"name": "Ada"})

    assert ("/settings/notifications" in row.text, "/settings/notifications" in row.html) == (
        shown,
        shown,
    )


def test_small_attachments_are_taken(db):
    file = StoredFileFactory(size=1024)

    assert send(attachments=(file.uuid,)).attachments == [str(file.uuid)]


def test_marketing_carries_one_click_unsubscribing(db, unsubscribing):
    row = send(category="marketing")

    assert row.headers == {
        "List-Unsubscribe": f"<https://x.example/u/{row.uuid}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert f"https://x.example/u/{row.uuid}" in row.text


def test_other_mail_cannot_be_unsubscribed_from(db, unsubscribing):
    row = send(category="registration")

    assert (row.headers, "Unsubscribe" in row.text) == ({}, False)


def test_apps_register_gates_and_the_maker_of_unsubscribe_links(monkeypatch):
    monkeypatch.setattr(mail, "_gates", [])
    monkeypatch.setattr(mail, "_link_makers", [])

    assert mail.gate(str) is str
    assert mail.unsubscribe_link(repr) is repr
    assert (mail._gates, mail._link_makers) == ([str], [repr])


def unwilling(messages):
    """Say no for one address, of whatever number of messages."""
    return {each.uuid: "suppressed" for each in messages if each.to_email == "no@example.org"}


def test_screens_are_asked_for_many_before_anything_is_queued(db, monkeypatch):
    monkeypatch.setattr(mail, "_screens", [])
    assert mail.screen(unwilling) is unwilling
    letters = [
        mail.Letter(mail.Recipient(f"{name}@example.org"), {}, mail.Envelope(dedupe_key=name))
        for name in ("no", "yes")
    ]

    refused = mail.refusals("greeting", letters, category="invitation")

    assert refused == {"no": "suppressed"}
    assert not OutgoingEmail.objects.exists()


def test_screens_are_asked_before_gates_at_the_sending(db, monkeypatch):
    monkeypatch.setattr(mail, "_screens", [unwilling])
    monkeypatch.setattr(mail, "_gates", [lambda _message: "gate"])

    reasons = [
        mail.refusal(OutgoingEmailFactory(to_email=f"{name}@example.org")) for name in ("no", "yes")
    ]

    assert reasons == ["suppressed", "gate"]


def test_the_first_screen_with_a_reason_tells_it(db, monkeypatch):
    monkeypatch.setattr(
        mail, "_screens", [unwilling, lambda rows: {each.uuid: "b" for each in rows}]
    )

    reasons = [
        mail.refusal(OutgoingEmailFactory(to_email=f"{name}@example.org")) for name in ("no", "yes")
    ]

    assert reasons == ["suppressed", "b"]


def test_staff_send_a_failed_message_again(db, mailoutbox, django_capture_on_commit_callbacks):
    row = OutgoingEmailFactory(failed=True)

    with django_capture_on_commit_callbacks(execute=True):
        mail.retry(row)

    row.refresh_from_db()
    assert (row.status, row.attempts, len(mailoutbox)) == ("sent", 1, 1)


def test_only_failed_messages_are_sent_again(db):
    with pytest.raises(InvalidStatus):
        mail.retry(OutgoingEmailFactory(sent=True))

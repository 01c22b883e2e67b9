"""Sending of queued messages."""

import logging
import smtplib
from datetime import timedelta

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from common import delivery, files, mail, signals
from common.models import OutboxTask, OutgoingEmail
from tests.factories.common import OutgoingEmailFactory

NOW = timezone.now()


class Server(BaseEmailBackend):
    """A mail server that does what the test says."""

    def send_messages(self, email_messages):
        self.answer()
        return len(email_messages)


@pytest.fixture
def answering(settings, monkeypatch):
    """Return a way to say what happens while the mail server has the message."""
    logging.getLogger("common.delivery").setLevel(logging.CRITICAL)
    settings.EMAIL_BACKEND = f"{__name__}.Server"

    def answer(act):
        monkeypatch.setattr(Server, "answer", lambda _self: act(), raising=False)

    return answer


@pytest.fixture
def refusing(answering):
    """Return a way to make the mail server answer with an error."""

    def refuse(error):
        def act():
            raise error

        answering(act)

    return refuse


@pytest.fixture
def gates(monkeypatch):
    """Replace the registered gates."""
    found = []
    monkeypatch.setattr(mail, "_gates", found)
    return found


def delivered(row, now=NOW) -> OutgoingEmail:
    delivery.deliver(row.uuid, now=now)
    row.refresh_from_db()
    return row


@pytest.fixture
def queued(db):
    return OutgoingEmailFactory(send_after=NOW, to_email="ada@example.org", to_name="Ada, Ä")


def test_a_message_leaves_with_both_parts_and_the_row_s_id(queued, mailoutbox, settings):
    settings.DEFAULT_FROM_EMAIL = "CPD Events <no-reply@cpd.example>"

    row = delivered(queued)

    (message,) = mailoutbox
    assert (row.status, row.sent_at, row.attempts, row.lease_until) == ("sent", NOW, 1, None)
    assert row.provider_message_id == f"<{row.uuid}@cpd.example>"
    assert message.extra_headers["Message-ID"] == row.provider_message_id
    assert message.to == ['"Ada, Ä" <ada@example.org>']
    assert (message.body, message.alternatives[0].content) == ("Hello.", "<p>Hello.</p>")


def test_the_sender_s_name_is_shown_over_the_platform_s_address(db, mailoutbox, settings):
    settings.DEFAULT_FROM_EMAIL = "CPD Events <no-reply@cpd.example>"

    delivered(
        OutgoingEmailFactory(from_name="Provider Ltd", reply_to="o@example.org", send_after=NOW)
    )

    assert mailoutbox[0].from_email == "Provider Ltd <no-reply@cpd.example>"
    assert mailoutbox[0].reply_to == ["o@example.org"]


def test_attachments_travel_with_the_message(db, mailoutbox):
    file = files.store_bytes(b"BEGIN", filename="event.ics", content_type="text/calendar")

    delivered(OutgoingEmailFactory(attachments=[str(file.uuid)], send_after=NOW))

    assert mailoutbox[0].attachments == [("event.ics", "BEGIN", "text/calendar")]


def test_delivering_twice_sends_once(queued, mailoutbox):
    delivered(queued)
    delivered(queued)

    assert len(mailoutbox) == 1


def test_a_message_before_its_time_stays(db, mailoutbox):
    row = delivered(OutgoingEmailFactory(send_after=NOW + timedelta(minutes=1)))

    assert (row.status, mailoutbox) == ("queued", [])


def test_an_expired_message_is_skipped(db, mailoutbox):
    row = delivered(OutgoingEmailFactory(send_after=NOW, expires_at=NOW))

    assert (row.status, row.skip_reason, mailoutbox) == ("skipped", "expired", [])


def test_a_gate_stops_a_message(queued, mailoutbox, gates):
    gates += [lambda _row: None, lambda _row: "suppressed"]

    row = delivered(queued)

    assert (row.status, row.skip_reason, mailoutbox) == ("skipped", "suppressed", [])


def test_a_gate_that_raises_postpones_without_counting(queued, mailoutbox, gates):
    def broken(_row):
        raise ConnectionError("no database")

    logging.getLogger("common.delivery").setLevel(logging.CRITICAL)
    gates.append(broken)

    row = delivered(queued)

    assert (row.status, row.attempts, row.last_error) == ("queued", 0, "ConnectionError")
    assert (row.send_after, mailoutbox) == (NOW + timedelta(minutes=5), [])


@pytest.mark.parametrize(("attempts", "minutes"), list(enumerate([1, 5, 30, 120, 360])))
def test_a_server_that_is_down_is_tried_later(queued, refusing, attempts, minutes):
    refusing(smtplib.SMTPServerDisconnected("gone"))
    OutgoingEmail.objects.update(attempts=attempts)

    row = delivered(queued)

    assert (row.status, row.send_after) == ("queued", NOW + timedelta(minutes=minutes))
    assert (row.attempts, row.last_error) == (attempts + 1, "SMTPServerDisconnected")


def test_the_sixth_failure_is_the_last(queued, refusing):
    refusing(ConnectionRefusedError())
    OutgoingEmail.objects.update(attempts=5)

    assert delivered(queued).status == "failed"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (smtplib.SMTPDataError(554, b"spam"), "failed"),
        (smtplib.SMTPDataError(451, b"busy"), "queued"),
        (smtplib.SMTPRecipientsRefused({"a@example.org": (550, b"unknown")}), "failed"),
        (smtplib.SMTPRecipientsRefused({"a@example.org": (450, b"full")}), "queued"),
        (ValueError("cannot be encoded"), "failed"),
    ],
    ids=["5xx", "4xx", "refused for good", "refused for now", "poison"],
)
def test_a_permanent_refusal_is_final(queued, refusing, error, status):
    refusing(error)

    row = delivered(queued)

    assert row.status == status
    assert "example" not in row.last_error


@pytest.mark.parametrize(("category", "kept"), [("security", None), ("account", "Hello.")])
def test_bodies_that_hold_secrets_are_forgotten_at_once(db, mailoutbox, category, kept):
    row = delivered(OutgoingEmailFactory(category=category, send_after=NOW))

    assert (row.text, len(mailoutbox)) == (kept, 1)


def test_a_sender_that_died_is_replaced_when_its_lease_ends(db, mailoutbox):
    row = OutgoingEmailFactory(
        status="sending", attempts=1, lease_until=NOW + timedelta(seconds=1), send_after=NOW
    )

    assert delivered(row).status == "sending"
    assert delivered(row, NOW + timedelta(seconds=2)).status == "sent"


def test_a_message_that_kills_its_sender_every_time_is_given_up(db, mailoutbox):
    row = OutgoingEmailFactory(
        status="sending", attempts=6, lease_until=NOW - timedelta(seconds=1), send_after=NOW
    )

    assert (delivered(row).status, mailoutbox) == ("failed", [])


def test_a_provider_s_report_that_came_first_stands(queued, answering):
    answering(lambda: OutgoingEmail.objects.update(status="delivered"))

    row = delivered(queued)

    assert (row.status, row.sent_at) == ("delivered", NOW)


def test_a_missing_row_is_no_error(db):
    delivery.deliver("00000000-0000-4000-8000-000000000000", now=NOW)


def test_the_sweep_asks_for_what_is_due_once(db):
    OutgoingEmailFactory(send_after=NOW - timedelta(minutes=1))
    OutgoingEmailFactory(status="sending", lease_until=NOW - timedelta(minutes=1))
    OutgoingEmailFactory(send_after=NOW + timedelta(minutes=1))
    OutgoingEmailFactory(sent=True)

    delivery.sweep(NOW)
    delivery.sweep(NOW)

    assert OutboxTask.objects.filter(name="common.deliver_email").count() == 2


class TestReports:
    """What the provider tells: in any order, several times."""

    MOVES = {
        "sending": {"delivered", "opened", "bounced", "complained"},
        "sent": {"delivered", "opened", "bounced", "complained"},
        "delivered": {"opened", "bounced", "complained"},
    }

    @pytest.fixture
    def heard(self):
        told = []
        signals.mail_reported.connect(listen := lambda message, **_: told.append(message.status))
        yield told
        signals.mail_reported.disconnect(listen)

    @pytest.mark.parametrize("status", OutgoingEmail.Status.values)
    @pytest.mark.parametrize("news", ["delivered", "opened", "bounced", "complained"])
    def test_state_never_moves_back(self, db, heard, status, news):
        row = OutgoingEmailFactory(sent=True)
        OutgoingEmail.objects.update(status=status)

        moved = delivery.report(row, news, at=NOW)

        row.refresh_from_db()
        follows = news in self.MOVES.get(status, ())
        assert (moved, row.status) == (follows, news if follows else status)
        stamps = {name: getattr(row, f"{name}_at") for name in ("delivered", "opened", "bounced")}
        assert stamps == {name: NOW if follows and name == news else None for name in stamps}
        assert heard == ([news] if follows else [])

    def test_failing_listener_undoes_the_move(self, db, heard):
        def fail(**_):
            raise RuntimeError

        row = OutgoingEmailFactory(sent=True)
        signals.mail_reported.connect(fail)

        with pytest.raises(RuntimeError):
            delivery.report(row, "delivered", at=NOW)

        signals.mail_reported.disconnect(fail)
        row.refresh_from_db()
        assert (row.status, row.delivered_at) == ("sent", None)

    def test_providers_do_not_report_anything_else(self, db):
        with pytest.raises(KeyError):
            delivery.report(OutgoingEmailFactory(sent=True), "queued", at=NOW)

"""Inviting: in bulk, once per address, mailed once, and never to those who said no."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.entitlements import Limit
from billing.models import Subscription, UsageCounter
from common import delivery, mail, outbox
from common.exceptions import InvalidStatus, LimitReached, NotFound
from common.models import AuditEntry, OutboxTask, OutgoingEmail
from events import invitations, inviting, questions
from events.invitations import AlreadySent, Mailing, ResentTooOften
from events.models import EventInvitation
from events.signals import invitation_sent
from tests.factories.event_invitations import EventInvitationFactory
from tests.factories.events import EventFactory


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, title="Wound care", zoom_enabled=False)


@pytest.fixture
def draft(organizer):
    return EventFactory(owner=organizer, zoom_enabled=False)


@pytest.fixture
def opted_out(monkeypatch):
    """Addresses that want no invitations, as the app that keeps them would say it."""
    refusing = set()

    def check(messages):
        found = [each for each in messages if each.to_email in refusing]
        return {each.uuid: "suppressed" for each in found if each.category == "invitation"}

    monkeypatch.setattr(mail, "_screens", [check])
    return refusing


def addresses(count, first=0):
    return [f"guest{number}@example.org" for number in range(first, first + count)]


def ask(event, by, emails, **mailing):
    return invitations.invite(event, emails, by=by, mailing=Mailing(**mailing))


def mails():
    return OutgoingEmail.objects.filter(kind="event_invitation")


def statuses(event):
    return dict(event.invitations.values_list("email", "status"))


def token_of(message):
    return re.search(r"/invitations/([\w-]+)", message.text)[1]


class TestInviting:
    def test_everybody_new_is_asked_and_mailed(self, event, organizer):
        outcome = ask(event, organizer, addresses(3), message="Do come!")
        outbox.run_due(timezone.now())

        assert outcome == invitations.Outcome(created=3, skipped=0, queued=3)
        assert statuses(event) == dict.fromkeys(addresses(3), "sent")
        message = mails().get(to_email="guest1@example.org")
        assert (message.subject, message.category, message.from_name) == (
            "Olga Organizer invites you: Wound care",
            "invitation",
            "Olga Organizer",
        )
        assert "Do come!" in message.text
        assert "Monday 1 March 2027, 09:00 (UTC)" in message.text

    def test_five_hundred_with_repeated_and_known_ones(self, event, organizer):
        known = addresses(30)
        ask(event, organizer, known)
        sent = [*known, *addresses(450, first=30), *addresses(20, first=100)]

        first = ask(event, organizer, sent)
        second = ask(event, organizer, sent)

        assert (first.created, first.skipped, first.queued) == (450, 50, 450)
        assert (second.created, second.skipped, second.queued) == (0, 500, 0)
        assert event.invitations.count() == 480

    def test_addresses_are_compared_in_one_form(self, event, organizer):
        outcome = ask(event, organizer, [" Ada@Example.org", "ada@example.org "])

        assert (outcome.created, outcome.skipped) == (1, 1)
        assert statuses(event) == {"ada@example.org": "pending"}

    def test_first_name_given_counts(self, event, organizer):
        people = [("ada@example.org", "Ada"), ("ada@example.org", "Somebody")]

        invitations.invite_people(event, people, by=organizer, mailing=Mailing())

        assert event.invitations.get().full_name == "Ada"

    def test_what_is_kept_of_each(self, event, organizer):
        ask(event, organizer, ["ada@example.org"], message="Come", source="csv")

        row = event.invitations.get()
        assert (row.source, row.message, row.invited_by, row.contact_list) == (
            "csv",
            "Come",
            organizer,
            None,
        )
        assert (row.token_hash, row.sends) == (None, 0)
        entry = AuditEntry.objects.get(action="event.invited")
        assert entry.payload == {"count": 1, "source": "csv"}

    @pytest.mark.parametrize("status", ["completed", "closed", "cancelled"])
    def test_nobody_is_invited_to_what_is_over(self, organizer, status):
        event = EventFactory(owner=organizer, **{status: True})

        with pytest.raises(InvalidStatus) as refusal:
            ask(event, organizer, addresses(1))

        assert refusal.value.details == {"status": status}
        assert not EventInvitation.objects.exists()

    def test_deleted_event_is_not_found(self, draft, organizer):
        draft.soft_delete(by=organizer)

        with pytest.raises(NotFound):
            ask(draft, organizer, addresses(1))

    @pytest.mark.parametrize("count", [1, 500])
    def test_it_costs_the_same_for_any_number(
        self, event, organizer, count, django_assert_num_queries
    ):
        ask(event, organizer, ["first@example.org"])

        # lock, known, insert, outbox, audit, account, subscription, counter twice; a savepoint
        with django_assert_num_queries(11):
            ask(event, organizer, addresses(count))


class TestContactLists:
    def test_unknown_list_is_refused(self, event, organizer):
        with pytest.raises(ValidationError) as refusal:
            ask(event, organizer, (), contact_list=uuid4())

        assert refusal.value.message_dict == {"contact_list": ["Not found."]}

    def test_its_people_are_asked_by_name(self, event, organizer, monkeypatch):
        known, asked = uuid4(), []

        def answer(contact_list, user):
            asked.append((contact_list, user))
            return [("ada@example.org", "Ada"), ("ben@example.org", "Ben")]

        monkeypatch.setattr(questions.list_addresses, "_answer", answer)

        outcome = ask(event, organizer, (), contact_list=known)

        assert (outcome.created, asked) == (2, [(known, organizer)])
        assert set(event.invitations.values_list("full_name", "source", "contact_list")) == {
            ("Ada", "contact_list", known),
            ("Ben", "contact_list", known),
        }

    def test_more_than_five_hundred_are_refused(self, event, organizer, monkeypatch):
        people = [(email, "") for email in addresses(501)]
        monkeypatch.setattr(questions.list_addresses, "_answer", lambda *_: people)

        with pytest.raises(ValidationError) as refusal:
            ask(event, organizer, (), contact_list=uuid4())

        assert refusal.value.message_dict == {
            "contact_list": ["Lists of more than 500 people are invited in parts."]
        }
        assert not event.invitations.exists()


class TestPlanLimit:
    @pytest.fixture
    def subscription(self, organizer):
        subscription = Subscription.objects.get(account__user=organizer)
        subscription.limits_override = {Limit.INVITATIONS_PER_MONTH: 5}
        subscription.save()
        return subscription

    def used(self, subscription):
        counters = UsageCounter.objects.filter(
            subscription=subscription, limit=Limit.INVITATIONS_PER_MONTH
        )
        return list(counters.values_list("used", flat=True))

    def test_rows_count_and_not_addresses(self, event, organizer, subscription):
        ask(event, organizer, addresses(3))
        ask(event, organizer, addresses(5))
        ask(event, organizer, addresses(5))

        assert self.used(subscription) == [5]

    def test_beyond_the_limit_nobody_is_asked(self, event, organizer, subscription):
        ask(event, organizer, addresses(3))
        tasks = OutboxTask.objects.count()

        with pytest.raises(LimitReached) as refusal:
            ask(event, organizer, addresses(3, first=3))

        assert refusal.value.details == {
            "limit": "invitations_per_month",
            "max": 5,
            "used": 3,
            "requested": 3,
            "plan": subscription.plan.code,
        }
        assert event.invitations.count() == 3
        assert OutboxTask.objects.count() == tasks
        assert self.used(subscription) == [3]


class TestSending:
    def test_draft_invites_when_it_is_published(self, draft, organizer):
        outcome = ask(draft, organizer, addresses(2))
        outbox.run_due(timezone.now())
        assert (outcome.created, outcome.queued, mails().count()) == (2, 0, 0)

        draft.publish(by=organizer)
        outbox.run_due(timezone.now())

        assert set(statuses(draft).values()) == {"sent"}
        assert mails().count() == 2

    def test_what_is_kept_back_waits_for_send_all(self, draft, organizer):
        ask(draft, organizer, addresses(2), send_immediately=False)
        draft.publish(by=organizer)
        outbox.run_due(timezone.now())
        assert mails().count() == 0

        queued = [invitations.send_all(draft, by=organizer) for _ in range(2)]
        outbox.run_due(timezone.now())

        assert queued == [2, 0]
        assert mails().count() == 2

    def test_draft_cannot_send_all(self, draft, organizer):
        ask(draft, organizer, addresses(1), send_immediately=False)

        with pytest.raises(InvalidStatus):
            invitations.send_all(draft, by=organizer)

        assert draft.invitations.get().queued_at is None

    def test_sending_twice_mails_once(self, event, organizer):
        ask(event, organizer, addresses(2))
        batch = str(event.invitations.values_list("batch", flat=True)[0])

        counts = [inviting.send(batch) for _ in range(2)]

        assert (counts, mails().count()) == ([2, 0], 2)

    def test_large_batch_is_mailed_in_parts(self, event, organizer):
        ask(event, organizer, addresses(250))

        outbox.run_due(timezone.now())

        assert (mails().count(), set(statuses(event).values())) == (250, {"sent"})

    def test_dedupe_key_counts_the_sendings(self, event, organizer):
        ask(event, organizer, ["ada@example.org"])

        outbox.run_due(timezone.now())

        row = event.invitations.get()
        message = mails().get()
        assert message.dedupe_key == f"invitation:{row.uuid}:1"
        assert (message.subject_type, message.subject_uuid) == ("events.eventinvitation", row.uuid)
        assert (message.owner_uuid, message.expires_at) == (organizer.uuid, event.ends_at)
        assert message.part_of_uuid == event.uuid

    def test_token_is_in_the_mail_and_nowhere_else(self, event, organizer, anonymous):
        ask(event, organizer, ["ada@example.org"])
        outbox.run_due(timezone.now())
        token = token_of(mails().get())

        response = anonymous.get(f"/api/v1/public/invitations/{token}/")

        assert response.status_code == 200
        assert event.invitations.filter(token_hash=token).count() == 0
        assert f"/api/v1/public/invitations/{token}/open.gif" in mails().get().html

    def test_message_is_text_and_stays_text(self, event, organizer):
        ask(event, organizer, ["ada@example.org"], message="<b>Come</b>\nsoon")

        outbox.run_due(timezone.now())

        message = mails().get()
        assert "<b>Come</b>\nsoon" in message.text
        assert "&lt;b&gt;Come&lt;/b&gt;<br>soon" in message.html

    def test_one_who_opted_out_is_shown_and_not_mailed(self, event, organizer, opted_out):
        opted_out.add("guest1@example.org")
        heard = []
        invitation_sent.connect(listen := lambda invitation, **_: heard.append(invitation.email))

        ask(event, organizer, addresses(3))
        outbox.run_due(timezone.now())

        invitation_sent.disconnect(listen)
        assert statuses(event) == {
            "guest0@example.org": "sent",
            "guest1@example.org": "suppressed",
            "guest2@example.org": "sent",
        }
        assert set(mails().values_list("to_email", flat=True)) == {
            "guest0@example.org",
            "guest2@example.org",
        }
        assert sorted(heard) == ["guest0@example.org", "guest2@example.org"]
        assert event.invitations.get(status="suppressed").token_hash is None

    def test_every_mail_can_be_unsubscribed_from_by_one_click(self, event, organizer, monkeypatch):
        monkeypatch.setattr(mail, "_link_makers", [lambda row: f"https://x.test/{row.uuid}/"])
        ask(event, organizer, ["ada@example.org"])

        outbox.run_due(timezone.now())

        message = mails().get()
        link = f"https://x.test/{message.uuid}/"
        assert message.headers == {
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        assert f"Unsubscribe: {link}" in message.text

    @pytest.mark.parametrize("end", ["cancelled", "deleted", "unpublished", "over"])
    def test_what_is_no_longer_on_offer_invites_nobody(self, event, organizer, end):
        ask(event, organizer, addresses(1))
        values = {
            "cancelled": {"status": "cancelled", "cancelled_at": timezone.now()},
            "deleted": {"deleted_at": timezone.now()},
            "unpublished": {"status": "draft"},
            "over": {
                "starts_at": timezone.now() - timedelta(hours=2),
                "ends_at": timezone.now() - timedelta(hours=1),
            },
        }
        type(event).all_objects.filter(pk=event.pk).update(**values[end])

        outbox.run_due(timezone.now())

        assert mails().count() == 0
        assert event.invitations.get().status == "pending"

    def test_sweep_finds_what_was_lost(self, event, organizer):
        ask(event, organizer, addresses(2))
        OutboxTask.objects.all().delete()
        now = timezone.now()

        found = [inviting.sweep(now), inviting.sweep(now + timedelta(minutes=6))]
        outbox.run_due(timezone.now())

        assert (found, mails().count()) == ([0, 1], 2)

    def test_failing_receiver_leaves_nothing_behind(self, event, organizer):
        def fail(**_):
            raise RuntimeError

        ask(event, organizer, addresses(2))
        invitation_sent.connect(fail)
        batch = str(event.invitations.values_list("batch", flat=True)[0])

        with pytest.raises(RuntimeError):
            inviting.send(batch)

        invitation_sent.disconnect(fail)
        assert (mails().count(), set(statuses(event).values())) == (0, {"pending"})

    @pytest.mark.parametrize("count", [1, 100])
    def test_mailing_costs_the_same_for_any_number(
        self, event, organizer, count, django_assert_num_queries
    ):
        ask(event, organizer, addresses(count))
        batch = str(event.invitations.values_list("batch", flat=True)[0])

        # rows, event, who wants none, mails, which are new, tasks, rows written; a look for more
        with django_assert_num_queries(16):
            inviting.send(batch)


class TestSendingAgain:
    @pytest.fixture
    def sent(self, event):
        return EventInvitationFactory(
            event=event, mailed=True, token="old", sent_at=timezone.now() - timedelta(hours=25)
        )

    def test_the_new_token_replaces_the_old_one(self, sent, organizer, anonymous):
        invitations.resend(sent, by=organizer)
        outbox.run_due(timezone.now())

        sent.refresh_from_db()
        assert (sent.status, sent.sends, mails().get().dedupe_key) == (
            "sent",
            2,
            f"invitation:{sent.uuid}:2",
        )
        answers = [
            anonymous.get(f"/api/v1/public/invitations/{token}/").status_code
            for token in ("old", token_of(mails().get()))
        ]
        assert answers == [404, 200]

    def test_what_is_known_stays_known(self, sent, organizer):
        EventInvitation.objects.filter(pk=sent.pk).update(status="opened")

        invitations.resend(sent, by=organizer)
        outbox.run_due(timezone.now())

        sent.refresh_from_db()
        assert (sent.status, sent.sends) == ("opened", 2)

    @pytest.mark.parametrize(
        ("state", "wait"),
        [
            ({"sent_at": timedelta(hours=23)}, 3600),
            ({"sends": 4}, None),
            ({"queued_at": timedelta(hours=1)}, None),
        ],
        ids=["within a day", "three times already", "on its way"],
    )
    def test_too_often_is_refused(self, sent, organizer, time_machine, state, wait):
        now = timezone.now()
        time_machine.move_to(now, tick=False)
        ago = {
            name: now - value if isinstance(value, timedelta) else value
            for name, value in state.items()
        }
        EventInvitation.objects.filter(pk=sent.pk).update(**ago)

        with pytest.raises(ResentTooOften) as refusal:
            invitations.resend(sent, by=organizer)

        assert refusal.value.retry_after == wait
        assert not OutboxTask.objects.filter(name="events.send_invitations").exists()

    @pytest.mark.parametrize("status", ["pending", "registered", "bounced", "suppressed"])
    def test_only_what_was_sent_is_sent_again(self, sent, organizer, status):
        EventInvitation.objects.filter(pk=sent.pk).update(status=status)

        with pytest.raises(InvalidStatus):
            invitations.resend(sent, by=organizer)

    def test_who_registers_meanwhile_is_left_alone(self, sent, organizer):
        invitations.resend(sent, by=organizer)
        EventInvitation.objects.match(sent.event, sent.email).mark_registered(uuid4())

        outbox.run_due(timezone.now())

        assert mails().count() == 0

    def test_who_opted_out_meanwhile_keeps_state_and_gets_no_mail(self, sent, organizer, opted_out):
        opted_out.add(sent.email)
        invitations.resend(sent, by=organizer)

        outbox.run_due(timezone.now())

        sent.refresh_from_db()
        assert (sent.status, sent.sends, sent.queued_at, mails().count()) == ("sent", 1, None, 0)


class TestChanging:
    def test_pending_can_be_reworded_and_removed(self, event, organizer):
        row = EventInvitationFactory(event=event)

        invitations.change(row, by=organizer, full_name="Ada", message="Hello")
        row.refresh_from_db()
        assert (row.full_name, row.message) == ("Ada", "Hello")

        invitations.remove(row, by=organizer)
        assert not event.invitations.exists()

    @pytest.mark.parametrize("status", ["sent", "delivered", "opened", "registered", "bounced"])
    def test_what_went_out_cannot(self, event, organizer, status):
        row = EventInvitationFactory(event=event, mailed=True, status=status)

        with pytest.raises(AlreadySent):
            invitations.change(row, by=organizer, full_name="Ada")
        with pytest.raises(AlreadySent):
            invitations.remove(row, by=organizer)

        assert event.invitations.get().full_name == ""

    def test_suppressed_is_only_removed(self, event, organizer):
        row = EventInvitationFactory(event=event, status="suppressed")

        with pytest.raises(AlreadySent):
            invitations.change(row, by=organizer, full_name="Ada")
        invitations.remove(row, by=organizer)

        assert not event.invitations.exists()

    def test_what_somebody_has_just_removed_is_not_found(self, event, organizer):
        row = EventInvitationFactory(event=event)
        EventInvitation.objects.all().delete()

        with pytest.raises(NotFound):
            invitations.remove(row, by=organizer)


class TestProviderNews:
    MOVES = {
        ("sent", "delivered"): "delivered",
        ("sent", "opened"): "opened",
        ("sent", "bounced"): "bounced",
        ("delivered", "opened"): "opened",
        ("delivered", "bounced"): "bounced",
    }

    @pytest.mark.parametrize("status", EventInvitation.Status.values)
    @pytest.mark.parametrize("news", ["delivered", "opened", "bounced", "complained"])
    def test_news_never_move_backwards(self, event, organizer, status, news):
        ask(event, organizer, ["ada@example.org"])
        outbox.run_due(timezone.now())
        mails().update(status="sent")
        EventInvitation.objects.update(status=status)
        now = timezone.now()

        moved = delivery.report(mails().get(), news, at=now)

        row = event.invitations.get()
        assert moved
        assert row.status == self.MOVES.get((status, news), status)
        followed = (status, news) in self.MOVES
        assert row.delivered_at == (now if followed and news == "delivered" else None)
        assert row.opened_at == (now if followed and news == "opened" else None)

    def test_news_of_other_mails_are_nothing_to_it(self, event, organizer):
        ask(event, organizer, ["ada@example.org"])
        outbox.run_due(timezone.now())
        mails().update(status="sent", subject_type="events.event")

        moved = delivery.report(mails().get(), "bounced", at=timezone.now())

        assert moved
        assert event.invitations.get().status == "sent"

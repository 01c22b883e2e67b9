"""The queue for freed places."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from events.models import Event
from registrations import places, waitlist
from registrations.models import Registration, WaitlistOffer
from tests.factories.events import STARTS_AT, EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, capacity=2, waitlist_enabled=True)


@pytest.fixture
def offering(event):
    """An event that offers freed places, with one place free and two people waiting."""
    return prepare(event, waitlist_confirmation_required=True, capacity=1)


def prepare(event, **changes):
    first = RegistrationFactory(event=event, waitlisted=True, email="first@example.org")
    RegistrationFactory(event=event, waitlisted=True, email="second@example.org")
    Event.objects.filter(pk=event.pk).update(waitlist_count=2, **changes)
    event.refresh_from_db()
    assert first.waitlisted_at
    return event


def guest(name):
    return {"email": f"{name}@example.org", "full_name": f"{name} Person"}


def register(client, event, name):
    return client.post(f"/api/v1/public/events/{event.uuid}/register/", guest(name)).json()


def row(name):
    return Registration.objects.get(email=f"{name}@example.org")


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


def numbers(event):
    event.refresh_from_db()
    return event.registration_count, event.places_taken, event.waitlist_count


def test_the_third_of_two_waits_and_gets_the_place_of_the_first(anonymous, event, work, mails):
    answers = [register(anonymous, event, name) for name in ("ann", "bob", "cid")]
    work()
    found = [
        (answer["registration"]["status"], answer["registration"]["waitlist_position"])
        for answer in answers
    ]
    assert found == [("confirmed", None), ("confirmed", None), ("waitlisted", 1)]
    assert numbers(event) == (2, 2, 1)
    token = answers[0]["manage_url"].partition("token=")[2]

    response = anonymous.post(f"/api/v1/public/registrations/{token}/cancel/", {})

    work()
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert row("cid").status == "confirmed"
    assert numbers(event) == (2, 2, 0)
    assert mails("ann@example.org") == ["registration_confirmed", "registration_cancelled"]
    assert mails("cid@example.org") == ["waitlist_joined", "waitlist_promoted"]


def test_a_full_waitlist_takes_nobody(anonymous, event):
    Event.objects.filter(pk=event.pk).update(places_taken=2, waitlist_count=1, waitlist_max=1)

    response = anonymous.post(f"/api/v1/public/events/{event.uuid}/register/", guest("ann"))

    assert refusal(response) == (409, "EVENT_FULL")
    assert Registration.objects.count() == 0


def test_a_free_place_belongs_to_those_who_wait(anonymous, event):
    prepare(event, waitlist_auto_promote=False)

    answer = register(anonymous, event, "ann")

    assert answer["registration"]["status"] == "waitlisted"
    assert answer["registration"]["waitlist_position"] == 3


def test_filling_gives_places_in_order_and_no_more_than_there_are(event, work):
    prepare(event, capacity=1)

    count = waitlist.fill(event.pk, now=timezone.now())

    assert count == 1
    assert (row("first").status, row("second").status) == ("confirmed", "waitlisted")
    assert waitlist.fill(event.pk, now=timezone.now()) == 0


def test_priority_comes_before_time(event):
    prepare(event, capacity=1)
    Registration.objects.filter(email="second@example.org").update(waitlist_priority=5)

    waitlist.fill(event.pk, now=timezone.now())

    assert (row("first").status, row("second").status) == ("waitlisted", "confirmed")


@pytest.mark.parametrize(
    "changes",
    [
        {"waitlist_auto_promote": False},
        {"status": "draft"},
        {"status": "live"},
        {"status": "completed"},
        {"places_taken": 2},
    ],
    ids=str,
)
def test_nothing_is_filled(event, changes):
    prepare(event, **changes)

    assert waitlist.fill(event.pk, now=timezone.now()) == 0


def test_a_running_event_is_filled_where_late_registration_is_allowed(event):
    prepare(event, status="live", allow_late_registration=True)

    assert waitlist.fill(event.pk, now=timezone.now()) == 2


def test_promotion_asks_for_approval_where_the_event_wants_it(event, work, mails):
    prepare(event, registration_approval_required=True)

    waitlist.fill(event.pk, now=timezone.now())

    work()
    assert row("first").status == "pending_approval"
    assert numbers(event) == (0, 2, 0)
    assert mails("first@example.org") == ["registration_pending_approval"]


def test_the_sweep_serves_events_whose_capacity_was_raised(event):
    prepare(event, places_taken=0)
    EventFactory(published=True, capacity=1, waitlist_enabled=True)

    assert waitlist.sweep(timezone.now()) == 2


class TestOffers:
    def test_an_offer_holds_the_place(self, offering, work, mails):
        waitlist.fill(offering.pk, now=timezone.now())

        work()
        offer = WaitlistOffer.objects.get()
        assert (row("first").status, offer.outcome) == ("offered", "open")
        assert offer.expires_at - offer.made_at == timedelta(hours=24)
        assert numbers(offering) == (0, 1, 1)
        assert mails("first@example.org") == ["waitlist_offer"]

    def test_no_offer_outlives_the_hour_before_the_start(self, offering):
        now = STARTS_AT - timedelta(hours=3)

        waitlist.fill(offering.pk, now=now)

        assert WaitlistOffer.objects.get().expires_at == STARTS_AT - timedelta(hours=1)

    def test_in_the_last_hour_no_offers_are_made(self, offering):
        assert waitlist.fill(offering.pk, now=STARTS_AT - timedelta(minutes=59)) == 0

    def test_accepting_confirms(self, offering, work, mails):
        waitlist.fill(offering.pk, now=timezone.now())

        waitlist.accept(row("first"), by=None)

        work()
        assert (row("first").status, WaitlistOffer.objects.get().outcome) == (
            *("confirmed", "accepted"),
        )
        assert numbers(offering) == (1, 1, 1)
        assert mails("first@example.org") == ["registration_confirmed"]

    def test_declining_offers_the_place_to_the_next(self, offering, work, mails):
        waitlist.fill(offering.pk, now=timezone.now())

        waitlist.decline(row("first"), by=None)

        work()
        assert (row("first").status, row("second").status) == ("cancelled", "offered")
        assert numbers(offering) == (0, 1, 0)
        assert mails("second@example.org") == ["waitlist_offer"]

    def test_an_expired_offer_goes_on_and_its_holder_to_the_end(self, offering, work, mails):
        waitlist.fill(offering.pk, now=timezone.now())

        count = waitlist.expire_offers(timezone.now() + timedelta(hours=24))

        work()
        assert count == 1
        assert (row("first").status, row("second").status) == ("waitlisted", "offered")
        assert waitlist.expire_offers(timezone.now()) == 0
        assert mails("first@example.org")[-1] == "offer_expired"

    def test_the_second_lapse_ends_the_waiting(self, offering):
        waitlist.fill(offering.pk, now=timezone.now())
        Registration.objects.filter(email="second@example.org").update(status="expired")
        waitlist.expire_offers(timezone.now() + timedelta(hours=24))
        waitlist.fill(offering.pk, now=timezone.now())

        waitlist.expire_offers(timezone.now() + timedelta(hours=24))

        assert row("first").status == "expired"
        assert numbers(offering) == (0, 0, 0)

    def test_an_offer_that_has_expired_cannot_be_accepted(self, offering):
        waitlist.fill(offering.pk, now=timezone.now())

        later = time_machine.travel(timezone.now() + timedelta(hours=25))
        with later, pytest.raises(waitlist.OfferExpired):
            waitlist.accept(row("first"), by=None)

        assert row("first").status == "offered"

    @pytest.mark.parametrize("verb", [waitlist.accept, waitlist.decline])
    def test_without_an_offer_there_is_nothing_to_answer(self, offering, verb):
        with pytest.raises(waitlist.OfferExpired):
            verb(row("first"), by=None)

    def test_whoever_cancels_withdraws_the_offer(self, offering, api_for, organizer):
        waitlist.fill(offering.pk, now=timezone.now())
        path = f"/api/v1/events/{offering.uuid}/registrations/{row('first').uuid}/cancel/"

        api_for(organizer).post(path)

        assert WaitlistOffer.objects.get().outcome == "withdrawn"


class TestManagers:
    def path(self, event, rest):
        return f"/api/v1/events/{event.uuid}/registrations/{rest}"

    def test_the_queue_is_shown_in_order(self, event, api_for, organizer):
        prepare(event)

        response = api_for(organizer).get(self.path(event, "waitlist/"))

        found = [(one["email"], one["waitlist_position"]) for one in response.json()["results"]]
        assert found == [("first@example.org", 1), ("second@example.org", 2)]

    def test_one_may_be_promoted_before_the_others(self, event, api_for, organizer):
        prepare(event)

        response = api_for(organizer).post(self.path(event, f"{row('second').uuid}/promote/"))

        assert (response.status_code, response.json()["status"]) == (200, "confirmed")
        assert numbers(event) == (1, 1, 1)

    def test_only_who_waits_can_be_promoted(self, event, api_for, organizer):
        confirmed = RegistrationFactory(event=event)

        response = api_for(organizer).post(self.path(event, f"{confirmed.uuid}/promote/"))

        assert refusal(response) == (409, "NOT_WAITLISTED")

    def test_nobody_is_promoted_into_a_full_event(self, event, api_for, organizer):
        prepare(event, places_taken=2)
        client = api_for(organizer)

        one = client.post(self.path(event, f"{row('first').uuid}/promote/"))
        following = client.post(self.path(event, "promote-next/"), {})

        assert [refusal(one), refusal(following)] == [(409, "EVENT_FULL")] * 2

    def test_the_next_are_promoted_as_far_as_there_is_room(self, event, api_for, organizer):
        prepare(event, places_taken=1)

        response = api_for(organizer).post(self.path(event, "promote-next/"), {"count": 5})

        assert [one["email"] for one in response.json()["promoted"]] == ["first@example.org"]

    def test_an_empty_queue_promotes_nobody(self, event, api_for, organizer):
        response = api_for(organizer).post(self.path(event, "promote-next/"), {})

        assert refusal(response) == (409, "EMPTY_WAITLIST")

    def test_the_order_may_be_changed(self, event, api_for, organizer):
        prepare(event)
        path = self.path(event, f"{row('second').uuid}/waitlist/")

        response = api_for(organizer).patch(path, {"priority": 3})

        assert response.json()["waitlist_position"] == 1

    def test_in_the_last_hour_a_manager_gives_the_place_itself(self, offering, api_for, organizer):
        with time_machine.travel(STARTS_AT - timedelta(minutes=30), tick=False):
            response = api_for(organizer).post(self.path(offering, f"{row('first').uuid}/promote/"))

        assert response.json()["status"] == "confirmed"


def test_places_of_an_unlimited_event_end_with_the_plan(organizer, anonymous, mails, work):
    from billing.models import Plan

    Plan.objects.filter(code="trial").update(max_registrations_per_event=1)
    event = EventFactory(owner=organizer, published=True)
    register(anonymous, event, "ann")

    response = anonymous.post(f"/api/v1/public/events/{event.uuid}/register/", guest("bob"))

    work()
    event.refresh_from_db()
    assert refusal(response) == (409, "EVENT_FULL")
    assert places.room(event) == 0
    assert mails(organizer.email).count("event_full") == 1


def test_only_who_waits_has_a_place_in_the_queue(event, organizer):
    with pytest.raises(waitlist.NotWaitlisted):
        waitlist.prioritise(RegistrationFactory(event=event), by=organizer, priority=1)


def test_an_offer_answered_meanwhile_does_not_expire(offering):
    waitlist.fill(offering.pk, now=timezone.now())
    offer = WaitlistOffer.objects.select_related("registration").get()
    waitlist.accept(row("first"), by=None)

    assert waitlist._expire(offer, now=timezone.now() + timedelta(days=2)) == 0
    assert row("first").status == "confirmed"


def test_a_long_queue_is_served_in_several_turns(event, work, monkeypatch):
    monkeypatch.setattr(waitlist, "BATCH", 1)
    prepare(event)

    waitlist.fill(event.pk, now=timezone.now())

    work()
    assert (row("first").status, row("second").status) == ("confirmed", "confirmed")

"""How places are given back."""

from datetime import timedelta

import pytest
import time_machine

from events.models import Event
from registrations import cancelling, places, waitlist
from registrations.models import MeetingRegistrant, Registration, Ticket
from tests.factories.events import STARTS_AT, EventFactory
from tests.factories.registrations import (
    MeetingRegistrantFactory,
    RegistrationFactory,
    TicketFactory,
    WaitlistOfferFactory,
)

pytestmark = pytest.mark.django_db

LIVE = ["confirmed", "waitlisted", "offered", "pending_approval"]
TRAITS = {"confirmed": {}, **{status: {status: True} for status in LIVE[1:]}}


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, capacity=5, waitlist_enabled=True)


@pytest.fixture
def registration(event, attendee):
    row = RegistrationFactory(event=event, user=attendee, email=attendee.email)
    places.recount(event)
    return row


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


def mine(row, rest=""):
    return f"/api/v1/users/me/registrations/{row.uuid}/{rest}"


def managed(row, rest=""):
    return f"/api/v1/events/{row.event.uuid}/registrations/{row.uuid}/{rest}"


@pytest.mark.parametrize("status", LIVE)
def test_every_live_registration_can_be_cancelled(event, organizer, status):
    row = RegistrationFactory(event=event, **TRAITS[status])

    cancelling.cancel(row, by=organizer, reason="The room is too small.")

    row.refresh_from_db()
    event.refresh_from_db()
    assert (row.status, row.cancelled_by, row.cancellation_reason) == (
        "cancelled",
        organizer,
        "The room is too small.",
    )
    assert (event.places_taken, event.waitlist_count) == (0, 0)


def test_with_the_place_go_ticket_offer_and_link(event, organizer, work):
    row = RegistrationFactory(event=event, offered=True)
    TicketFactory(registration=row)
    WaitlistOfferFactory(registration=row)
    link = MeetingRegistrantFactory(registration=row, status="wanted")

    cancelling.cancel(row, by=organizer)

    link.refresh_from_db()
    assert Ticket.objects.get().voided_at is not None
    assert row.offers.get().outcome == "withdrawn"
    assert link.status == MeetingRegistrant.Status.REMOVED


def test_a_registrant_gives_the_own_place_back(api_for, attendee, registration, mails, work):
    response = api_for(attendee).post(mine(registration, "cancel/"), {"reason": "Ill."})

    work()
    registration.event.refresh_from_db()
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert registration.event.places_taken == 0
    assert mails(attendee.email) == ["registration_cancelled"]


def test_nobody_cancels_after_the_start(api_for, attendee, registration):
    with time_machine.travel(STARTS_AT, tick=False):
        response = api_for(attendee).post(mine(registration, "cancel/"))

    assert refusal(response) == (409, "CANNOT_CANCEL")


def test_the_organizer_may_forbid_it(api_for, attendee, registration):
    Event.objects.update(allow_self_cancellation=False)

    response = api_for(attendee).post(mine(registration, "cancel/"))

    assert refusal(response) == (409, "CANNOT_CANCEL")


@pytest.mark.parametrize(
    ("trait", "code"), [("cancelled", "ALREADY_CANCELLED"), ("expired", "CANNOT_CANCEL")]
)
def test_what_is_over_cannot_be_cancelled(api_for, organizer, event, trait, code):
    row = RegistrationFactory(event=event, **{trait: True})

    assert refusal(api_for(organizer).post(managed(row, "cancel/"))) == (409, code)


@pytest.mark.parametrize("status", ["completed", "closed"])
def test_a_past_event_keeps_its_registrations(api_for, organizer, registration, status):
    dates = {"closed_at": STARTS_AT} if status == "closed" else {}
    Event.objects.update(status=status, **dates)

    assert refusal(api_for(organizer).post(managed(registration, "cancel/"))) == (
        *(409, "CANNOT_CANCEL"),
    )


class TestDeleting:
    def test_deleting_cancels_and_hides(self, api_for, organizer, registration):
        client = api_for(organizer)

        response = client.delete(managed(registration))

        row = Registration.all_objects.get()
        assert response.status_code == 204
        assert (row.status, row.is_deleted) == ("cancelled", True)
        assert client.get(managed(registration)).status_code == 404

    def test_restoring_gives_no_place(self, api_for, organizer, registration):
        client = api_for(organizer)
        client.delete(managed(registration))

        response = client.post(managed(registration, "restore/"))

        registration.event.refresh_from_db()
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
        assert registration.event.places_taken == 0

    def test_a_strangers_row_is_not_restored(self, api_for, stranger, organizer, registration):
        api_for(organizer).delete(managed(registration))

        response = api_for(stranger).post(managed(registration, "restore/"))

        assert response.status_code == 404

    def test_a_row_of_a_past_event_is_not_deleted(self, api_for, organizer, registration):
        Event.objects.update(status="completed")

        response = api_for(organizer).delete(managed(registration))

        assert refusal(response) == (409, "CANNOT_CANCEL")
        assert Registration.objects.count() == 1


class TestCancelledEvents:
    def test_everybody_is_cancelled_and_told_once(self, event, organizer, work, mails, monkeypatch):
        monkeypatch.setattr(cancelling, "BATCH", 2)
        rows = [RegistrationFactory(event=event, **TRAITS[status]) for status in LIVE]
        RegistrationFactory(event=event, cancelled=True, email="gone@example.org")
        pushed = MeetingRegistrantFactory(registration=rows[0], status="pushed")

        event.cancel(by=organizer, reason="The speaker is ill.")

        work()
        cancelling.cancel_event(event.pk)
        pushed.refresh_from_db()
        event.refresh_from_db()
        assert set(Registration.objects.values_list("status", flat=True)) == {"cancelled"}
        assert [mails(row.email) for row in rows] == [["event_cancelled"]] * 4
        assert mails("gone@example.org") == []
        assert (event.places_taken, event.waitlist_count, pushed.status) == (0, 0, "removed")

    def test_a_running_event_cancels_nobody(self, registration):
        assert cancelling.cancel_event(registration.event_id) == 0


def test_a_failing_step_leaves_nothing_behind(event, organizer, registration, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(places, "ask_to_fill", fail)

    with pytest.raises(RuntimeError):
        cancelling.cancel(registration, by=organizer)

    registration.refresh_from_db()
    event.refresh_from_db()
    assert (registration.status, event.places_taken) == ("confirmed", 1)


def test_who_declines_an_offer_gives_it_back(event, organizer):
    row = RegistrationFactory(event=event, offered=True)
    offer = WaitlistOfferFactory(registration=row)

    waitlist.decline(row, by=None)

    offer.refresh_from_db()
    assert (row.status, offer.outcome) == ("cancelled", "declined")


def test_a_rescheduled_event_is_told_to_everybody_once(event, registration, organizer, work, mails):
    from events import schedule

    schedule.reschedule(event, by=organizer, starts_at=STARTS_AT + timedelta(days=7))

    work()
    assert mails(registration.email) == ["event_rescheduled"]


def test_a_silent_move_is_told_to_nobody(event, registration, organizer, work, mails):
    from events import schedule

    schedule.reschedule(event, by=organizer, starts_at=STARTS_AT + timedelta(days=7), notify=False)

    work()
    assert mails(registration.email) == []

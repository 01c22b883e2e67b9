"""Signed links: what they open, and when they stop."""

from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from icalendar import Calendar

from events.models import Event, EventSession
from registrations import guest_links
from tests.factories.events import STARTS_AT, EventFactory
from tests.factories.registrations import (
    MeetingRegistrantFactory,
    RegistrationFactory,
    WaitlistOfferFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, capacity=2, format="online")


@pytest.fixture
def registration(event):
    return RegistrationFactory(event=event, full_name="Gus Guest", email="gus@example.org")


def url(row, rest=""):
    return f"/api/v1/public/registrations/{guest_links.token_for(row)}/{rest}"


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


def test_the_link_shows_ones_own_place_and_nobody_elses(anonymous, registration, event):
    RegistrationFactory(event=event)

    body = anonymous.get(url(registration)).json()

    assert (body["uuid"], body["full_name"], body["status"], body["can_cancel"]) == (
        str(registration.uuid),
        "Gus Guest",
        "confirmed",
        True,
    )
    assert body["event"]["title"] == event.title
    assert "notes" not in body


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "0123456789abcdef0123456789abcdef.signature",
        signing.Signer(salt="another purpose", sep=".").sign("0" * 32),
    ],
)
def test_a_token_that_we_did_not_make_is_not_found(anonymous, db, token):
    response = anonymous.get(f"/api/v1/public/registrations/{token}/")

    assert refusal(response) == (404, "NOT_FOUND")


def test_a_changed_token_is_not_found(anonymous, registration):
    token = guest_links.token_for(registration)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")

    assert anonymous.get(f"/api/v1/public/registrations/{changed}/").status_code == 404


def test_a_cancelled_place_ends_the_link(anonymous, registration):
    anonymous.post(url(registration, "cancel/"), {})

    assert refusal(anonymous.get(url(registration))) == (410, "LINK_EXPIRED")
    assert refusal(anonymous.post(url(registration, "cancel/"), {})) == (410, "LINK_EXPIRED")


@pytest.mark.parametrize(("days", "status"), [(89, 200), (91, 410)])
def test_the_link_lives_ninety_days_beyond_the_event(anonymous, registration, days, status):
    with time_machine.travel(STARTS_AT + timedelta(days=days)):
        assert anonymous.get(url(registration)).status_code == status


def test_a_deleted_row_ends_the_link(anonymous, registration, organizer):
    registration.soft_delete(by=organizer)

    assert refusal(anonymous.get(url(registration))) == (410, "LINK_EXPIRED")


class TestName:
    def test_the_name_can_be_corrected_until_the_start(self, anonymous, registration):
        response = anonymous.patch(
            url(registration), {"full_name": "Gustav Guest", "status": "cancelled"}
        )

        registration.refresh_from_db()
        assert response.json()["full_name"] == "Gustav Guest"
        assert (registration.full_name, registration.status) == ("Gustav Guest", "confirmed")

    def test_after_the_start_it_stands(self, anonymous, registration):
        with time_machine.travel(STARTS_AT):
            response = anonymous.patch(url(registration), {"full_name": "Gustav Guest"})

        assert refusal(response) == (400, "INVALID_STATUS")

    @pytest.mark.parametrize("body", [{}, {"full_name": "G"}, {"full_name": 7}])
    def test_a_bad_name_is_refused(self, anonymous, registration, body):
        assert refusal(anonymous.patch(url(registration), body)) == (400, "VALIDATION_ERROR")


class TestOffers:
    @pytest.fixture
    def offered(self, event):
        row = RegistrationFactory(event=event, offered=True)
        WaitlistOfferFactory(registration=row)
        return row

    def test_accepting(self, anonymous, offered):
        response = anonymous.post(url(offered, "accept-offer/"))

        assert (response.status_code, response.json()["status"]) == (200, "confirmed")
        assert refusal(anonymous.post(url(offered, "accept-offer/"))) == (409, "OFFER_EXPIRED")

    def test_declining(self, anonymous, offered):
        response = anonymous.post(url(offered, "decline-offer/"))

        assert (response.status_code, response.json()["status"]) == (200, "cancelled")


class TestTicketAndCalendar:
    def test_a_confirmed_place_has_a_ticket(self, anonymous, registration):
        body = anonymous.get(url(registration, "ticket/")).json()

        assert body["code"] == str(registration.ticket.code)
        assert (body["checked_in_at"], body["voided_at"]) == (None, None)

    def test_who_waits_has_none(self, anonymous, event):
        row = RegistrationFactory(event=event, waitlisted=True)

        assert refusal(anonymous.get(url(row, "ticket/"))) == (404, "NOT_FOUND")

    def test_the_calendar_file_names_the_session(self, anonymous, registration, event):
        response = anonymous.get(url(registration, "calendar/"))

        (entry,) = Calendar.from_ical(response.content).walk("VEVENT")
        session = event.sessions.get()
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert (str(entry["summary"]), entry.decoded("dtstart"), str(entry["uid"])) == (
            event.title,
            STARTS_AT,
            f"{session.uuid}@localhost",
        )
        assert str(entry["status"]) == "CONFIRMED"


class TestJoining:
    def test_the_own_link_comes_first(self, anonymous, registration):
        MeetingRegistrantFactory(
            registration=registration, status="pushed", join_url="https://zoom.example/w/1?tk=x"
        )
        Event.objects.update(online_url="https://meet.example/room")

        response = anonymous.get(url(registration, "join/"))

        assert (response.status_code, response.headers["Location"]) == (
            *(302, "https://zoom.example/w/1?tk=x"),
        )

    def test_else_it_is_the_events_own_address(self, anonymous, registration):
        Event.objects.update(online_url="https://meet.example/room")

        response = anonymous.get(url(registration, "join/"))

        assert response.headers["Location"] == "https://meet.example/room"

    def test_the_general_link_only_where_zoom_makes_no_personal_ones(self, anonymous, registration):
        EventSession.objects.update(zoom_join_url="https://zoom.example/j/1")
        link = MeetingRegistrantFactory(registration=registration, status="wanted")
        before = anonymous.get(url(registration, "join/"))
        link.status = "unsupported"
        link.save()

        after = anonymous.get(url(registration, "join/"))

        assert refusal(before) == (409, "MEETING_NOT_READY")
        assert after.headers["Location"] == "https://zoom.example/j/1"

    @pytest.mark.parametrize("hours", [2, 24])
    def test_after_the_session_there_is_no_way_in(self, anonymous, registration, hours):
        Event.objects.update(online_url="https://meet.example/room")

        with time_machine.travel(STARTS_AT + timedelta(hours=hours)):
            response = anonymous.get(url(registration, "join/"))

        assert refusal(response) == (409, "MEETING_NOT_READY")

    def test_who_waits_does_not_get_in(self, anonymous, event):
        Event.objects.update(online_url="https://meet.example/room")
        row = RegistrationFactory(event=event, waitlisted=True)

        assert refusal(anonymous.get(url(row, "join/"))) == (409, "MEETING_NOT_READY")


def test_eligibility_is_explained(anonymous, registration):
    body = anonymous.get(url(registration, "eligibility/")).json()

    assert (body["verdict"], body["override"]) == ("unmet", None)
    assert body["rules"][1] == {
        "code": "attendance_percent",
        "label": "Share of the scheduled time attended",
        "need": 80,
        "have": 0,
        "unit": "percent",
        "verdict": "unmet",
    }

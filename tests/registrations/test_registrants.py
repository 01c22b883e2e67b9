"""Everybody's own way into a meeting, made at Zoom's double through the real client."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from events.models import EventSession
from events.signals import meeting_ready
from integrations import doubles
from integrations.zoom import client, http
from integrations.zoom.failures import ZoomRateLimited, ZoomRejected, ZoomUnavailable
from registrations import cancelling, registrants
from registrations.models import MeetingRegistrant
from tests.factories.accounts import ZoomConnectionFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import MeetingRegistrantFactory, RegistrationFactory
from tests.integrations import zoom_bodies as bodies
from tests.registrations.meeting import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def zoom():
    """Zoom's double as it is after its start."""
    double = doubles.zoom_double()
    double.reset()
    http.circuit.succeeded()
    return double


@pytest.fixture
def session(organizer, zoom):
    """A published session whose meeting stands at the double."""
    connection = ZoomConnectionFactory(
        user=organizer, access_token=zoom.pair_for("host")["access_token"]
    )
    event = EventFactory(owner=organizer, published=True, zoom_enabled=True)
    meeting = client.create_meeting(
        client.NewMeeting("Ethics", event.starts_at, 60, "UTC", "", settings={"approval_type": 0}),
        token=connection.access_token,
    )
    row = event.sessions.get()
    row.zoom_connection, row.zoom_meeting_id = connection, meeting.id
    row.meeting_status = "ready"
    row.save()
    return row


@pytest.fixture
def person(session):
    return RegistrationFactory(event=session.event, email="gus@example.org")


@pytest.fixture
def refusing(monkeypatch):
    """Let Zoom answer with a failure."""

    def answer(failure):
        def add(*_, **__):
            raise failure

        monkeypatch.setattr(client, "add_registrant", add)

    return answer


def link():
    return MeetingRegistrant.objects.get()


def test_a_ready_meeting_gives_everybody_confirmed_a_link(session, person):
    RegistrationFactory(event=session.event, waitlisted=True)

    meeting_ready.send(sender=EventSession, session=session)

    work()
    assert (link().registration, link().status) == (person, "pushed")
    assert link().join_url.startswith("http")


def test_registering_gives_a_link_of_ones_own(session, anonymous):
    body = {"email": "ann@example.org", "full_name": "Ann Person"}

    anonymous.post(f"/api/v1/public/events/{session.event.uuid}/register/", body)

    work()
    assert (link().status, link().registration.email) == ("pushed", "ann@example.org")


def test_pushing_again_makes_nothing_new(session, person, zoom):
    registrants.want(person)
    work()
    before = link().zoom_registrant_id

    registrants.want(person)

    work()
    assert (MeetingRegistrant.objects.count(), link().zoom_registrant_id) == (1, before)


def test_cancelling_takes_the_link_away(session, person, zoom):
    registrants.want(person)
    work()

    cancelling.cancel(person, by=None)

    work()
    assert link().status == "removed"
    assert [facts["status"] for facts in zoom.registrants[session.zoom_meeting_id].values()] == [
        "cancelled"
    ]


def test_a_place_lost_while_zoom_was_asked_gives_the_link_back(session, person, monkeypatch):
    real = client.add_registrant

    def slow(*args, **kwargs):
        made = real(*args, **kwargs)
        type(person).objects.filter(pk=person.pk).update(
            status="cancelled", cancelled_at=timezone.now()
        )
        return made

    monkeypatch.setattr(client, "add_registrant", slow)
    registrants.want(person)

    work()

    assert link().status == "removed"


def test_a_meeting_without_registration_is_unsupported(session, person, refusing, mails):
    refusing(ZoomRejected(404, "Registration has not been enabled."))
    registrants.want(person)

    work()

    assert (link().status, link().next_attempt_at) == ("unsupported", None)
    assert mails(session.event.owner.email) == ["zoom_registration_unsupported"]
    assert registrants.want_all(session, retry=True) == 0


def test_one_refusal_speaks_for_everybody_and_is_told_once(session, person, refusing, mails):
    RegistrationFactory(event=session.event)
    refusing(ZoomRejected(404, "Registration has not been enabled."))

    registrants.want_all(session)

    work()
    assert set(MeetingRegistrant.objects.values_list("status", flat=True)) == {"unsupported"}
    assert mails(session.event.owner.email) == ["zoom_registration_unsupported"]


def test_a_meeting_made_anew_needs_new_links(session, person, zoom):
    registrants.want(person)
    work()
    before = link().join_url
    connection = session.zoom_connection
    made = client.create_meeting(
        client.NewMeeting(
            "Ethics", session.starts_at, 60, "UTC", "", settings={"approval_type": 0}
        ),
        token=connection.access_token,
    )
    session.zoom_meeting_id = made.id
    session.save()

    registrants.sweep(timezone.now())

    work()
    assert (link().status, link().zoom_meeting_id) == ("pushed", made.id)
    assert link().join_url != before


def test_a_failed_link_is_tried_again_when_the_meeting_is(session, person):
    MeetingRegistrantFactory(registration=person, session=session, status="failed")

    registrants.sweep(timezone.now())
    swept = link().status
    meeting_ready.send(sender=EventSession, session=session)

    work()
    assert (swept, link().status) == ("failed", "pushed")


def test_who_comes_back_keeps_the_link_zoom_gives_again(session, person, zoom):
    registrants.want(person)
    work()
    cancelling.cancel(person, by=None)
    again = RegistrationFactory(event=session.event, email=person.email)
    registrants.want(again)
    MeetingRegistrant.objects.filter(registration=again).update(
        status="pushed",
        zoom_registrant_id=person.meeting_registrants.get().zoom_registrant_id,
        zoom_meeting_id=session.zoom_meeting_id,
    )

    work()

    assert [facts["status"] for facts in zoom.registrants[session.zoom_meeting_id].values()] == [
        "approved"
    ]


def test_what_zoom_refuses_is_not_tried_again(session, person, refusing):
    refusing(ZoomRejected(300, "Bad address."))
    registrants.want(person)

    work()

    assert (link().status, link().error) == ("failed", "300: Bad address.")


def test_an_outage_is_waited_out(session, person, refusing):
    refusing(ZoomUnavailable("down"))
    registrants.want(person)

    work()

    wait = link().next_attempt_at - timezone.now()
    assert link().status == "wanted"
    assert timedelta() < wait <= timedelta(minutes=1)
    assert registrants.push(session.pk) == 0


def test_a_daily_limit_is_obeyed(session, person, refusing):
    until = timezone.now() + timedelta(hours=20)
    refusing(ZoomRateLimited(until))
    registrants.want(person)

    work()

    assert link().next_attempt_at == until


def test_an_address_is_tried_twice_a_day(session, person, refusing):
    refusing(ZoomUnavailable("down"))
    registrants.want(person)
    work()
    MeetingRegistrant.objects.update(next_attempt_at=None)

    registrants.push(session.pk)

    tomorrow = (timezone.now() + timedelta(days=1)).date()
    assert link().next_attempt_at.date() == tomorrow


def test_after_five_failures_it_is_given_up(session, person, refusing):
    refusing(ZoomUnavailable("down"))
    registrants.want(person)
    MeetingRegistrant.objects.update(attempts=5)

    work()

    assert link().status == "failed"


def test_without_a_connection_nothing_is_pushed(session, person):
    EventSession.objects.update(zoom_connection=None)
    registrants.want(person)

    assert registrants.push(session.pk) == 0


def test_a_session_that_is_gone_is_tolerated(db):
    assert registrants.push(0) == 0
    registrants.remove(0)


def test_the_sweep_finds_who_was_forgotten(session, person):
    assert registrants.sweep(timezone.now()) == 1

    work()
    assert link().status == "pushed"


def test_the_sweep_takes_up_links_that_wait_for_their_removal(session, person, zoom):
    registrants.want(person)
    work()
    MeetingRegistrant.objects.update(status="removing", attempts=0)
    zoom.calls.clear()

    registrants.sweep(timezone.now())

    work()
    assert link().status == "removed"


class TestMessages:
    """What Zoom tells about its registrants."""

    def send(self, message):
        bodies.post(APIClient(), message)
        work()

    def told(self, session, verb, number=1, email="gus@example.org"):
        return bodies.registration(verb, number, email, id=int(session.zoom_meeting_id))

    def test_a_link_made_at_zoom_is_taken_over(self, session, person):
        MeetingRegistrantFactory(registration=person, session=session, status="failed")

        self.send(self.told(session, "created"))

        assert (link().status, link().zoom_registrant_id) == ("pushed", bodies.registrant_id(1))

    def test_a_known_link_stays(self, session, person):
        MeetingRegistrantFactory(
            registration=person, session=session, status="pushed", zoom_registrant_id="known"
        )

        self.send(self.told(session, "approved"))

        assert link().zoom_registrant_id == "known"

    @pytest.mark.parametrize("verb", ["created", "cancelled"])
    def test_strangers_register_nowhere(self, session, verb):
        self.send(self.told(session, verb))

        assert MeetingRegistrant.objects.count() == 0

    def test_a_live_link_cancelled_at_zoom_is_made_again_once(self, session, person):
        MeetingRegistrantFactory(
            registration=person,
            session=session,
            status="pushed",
            zoom_registrant_id=bodies.registrant_id(1),
        )

        self.send(self.told(session, "cancelled"))

        assert link().status == "pushed"
        assert link().zoom_registrant_id != bodies.registrant_id(1)

    def test_a_link_cancelled_again_and_again_is_left(self, session, person):
        MeetingRegistrantFactory(
            registration=person,
            session=session,
            status="pushed",
            zoom_registrant_id=bodies.registrant_id(1),
            attempts_today=2,
        )

        self.send(self.told(session, "denied"))

        assert link().zoom_registrant_id == bodies.registrant_id(1)


def test_a_removal_that_fails_is_tried_again(session, person, monkeypatch):
    registrants.want(person)
    work()

    def down(*_, **__):
        raise ZoomUnavailable("down")

    monkeypatch.setattr(client, "cancel_registrant", down)

    cancelling.cancel(person, by=None)

    work()
    assert (link().status, link().error) == ("removing", "down")
    assert link().next_attempt_at is not None


def test_a_row_two_workers_want_goes_to_one(session, person):
    MeetingRegistrantFactory(registration=person, session=session)
    row = MeetingRegistrant.objects.get()

    first = registrants._claim(row.pk, "wanted")
    second = registrants._claim(row.pk, "wanted")

    assert (first, second) == (row, None)


def test_many_are_pushed_in_several_turns(session, monkeypatch):
    monkeypatch.setattr(registrants, "BATCH", 1)
    for _ in range(2):
        RegistrationFactory(event=session.event)

    registrants.want_all(session)

    work()
    assert set(MeetingRegistrant.objects.values_list("status", flat=True)) == {"pushed"}


def test_no_more_than_five_calls_a_second(monkeypatch):
    pauses = []
    monkeypatch.setattr(registrants.time, "sleep", pauses.append)
    pace = registrants._Pace()

    for _ in range(6):
        pace.wait()

    assert len(pauses) == 1

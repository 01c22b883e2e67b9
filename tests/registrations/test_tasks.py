"""Each task may run twice, and on rows that are gone."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from events.models import Event
from registrations import tasks
from registrations.models import Registration
from tests.factories.events import EventFactory
from tests.factories.registrations import (
    AttendanceIntervalFactory,
    RegistrationFactory,
    WaitlistOfferFactory,
)

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "call",
    [
        lambda: tasks.registration_effects(NOBODY, "confirmed"),
        lambda: tasks.tell_rescheduled(0),
        lambda: tasks.push_registrants(0),
        lambda: tasks.remove_registrant(0),
        lambda: tasks.recompute_attendance(0),
        lambda: tasks.fill_waitlist(0),
        lambda: tasks.cancel_registrations(0),
        lambda: tasks.compute_attendance(0),
        lambda: tasks.finalize_attendance(0),
    ],
)
def test_a_row_that_is_gone_is_no_failure(call):
    call()


def test_late_offers_are_taken_back_once(mails):
    event = EventFactory(published=True, capacity=1, waitlist_enabled=True)
    row = RegistrationFactory(event=event, offered=True)
    WaitlistOfferFactory(registration=row, expires_at=timezone.now() - timedelta(minutes=1))

    tasks.expire_offers()
    tasks.expire_offers()

    row.refresh_from_db()
    assert row.status == "waitlisted"
    assert mails(row.email) == ["offer_expired"]


def test_waiting_people_get_the_places_that_appeared():
    event = EventFactory(published=True, capacity=1, waitlist_enabled=True)
    row = RegistrationFactory(event=event, waitlisted=True)
    Event.objects.update(waitlist_count=1)

    tasks.sweep_waitlists()
    tasks.sweep_waitlists()

    row.refresh_from_db()
    assert row.status == "confirmed"


def test_open_stays_of_past_sessions_are_ended():
    event = EventFactory(live=True, starts_at=timezone.now() - timedelta(hours=3))
    stay = AttendanceIntervalFactory(
        registration=RegistrationFactory(event=event), ended_at=None, source="zoom_webhook"
    )

    tasks.close_stale_stays()
    tasks.close_stale_stays()

    stay.refresh_from_db()
    assert (stay.ended_at, stay.is_estimated) == (event.sessions.get().ends_at, True)


def test_missed_events_are_finalized():
    event = EventFactory(completed=True)

    tasks.sweep_attendance()
    tasks.sweep_attendance()

    event.refresh_from_db()
    assert event.attendance_finalized_at is not None


def test_forgotten_links_are_asked_for():
    tasks.sweep_registrants()

    assert Registration.objects.count() == 0


def test_every_sweep_is_on_the_schedule():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {
        "registrations.expire_offers",
        "registrations.sweep_waitlists",
        "registrations.sweep_registrants",
        "registrations.close_stale_stays",
        "registrations.sweep_attendance",
    } <= scheduled

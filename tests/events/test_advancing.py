from datetime import timedelta

import pytest

from accounts.models import Notification
from events import advancing
from events.models import Event
from events.signals import event_completed
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory

MINUTE = timedelta(minutes=1)


def statuses(event):
    event.refresh_from_db()
    return event.status, event.sessions.get().status


@pytest.mark.parametrize(
    ("meeting", "late", "status"),
    [
        ("none", -1, "published"),
        ("none", 0, "live"),
        ("failed", 0, "live"),
        ("ready", 14, "published"),
        ("ready", 15, "live"),
    ],
)
def test_session_starts_by_the_clock(organizer, meeting, late, status):
    event = EventFactory(owner=organizer, published=True)
    event.sessions.update(meeting_status=meeting)

    advancing.advance(STARTS_AT + late * MINUTE)

    assert statuses(event)[0] == status


def test_start_by_the_clock_is_the_planned_one(organizer):
    event = EventFactory(owner=organizer, published=True)

    advancing.advance(STARTS_AT + 5 * MINUTE)

    event.refresh_from_db()
    assert event.actual_started_at == STARTS_AT
    assert event.sessions.get().actual_started_at == STARTS_AT


@pytest.mark.parametrize(("late", "status"), [(29, "live"), (30, "completed"), (31, "completed")])
def test_live_event_completes_half_an_hour_after_its_end(organizer, late, status):
    event = EventFactory(owner=organizer, live=True)

    advancing.advance(event.ends_at + late * MINUTE)

    assert statuses(event)[0] == status


def test_overlooked_event_goes_all_the_way_at_once(organizer):
    event = EventFactory(owner=organizer, published=True)

    advancing.advance(event.ends_at + 31 * MINUTE)

    changes = event.status_history.order_by("id").values_list(
        "from_status", "to_status", "changed_by", "reason"
    )
    assert list(changes) == [
        ("published", "live", None, "automatic"),
        ("live", "completed", None, "automatic"),
    ]


def test_running_twice_changes_nothing_more(organizer):
    event = EventFactory(owner=organizer, published=True)
    advancing.advance(event.ends_at + 31 * MINUTE)
    before = Event.objects.values().get()

    looked_at = advancing.advance(event.ends_at + 32 * MINUTE)

    assert looked_at == 0
    assert Event.objects.values().get() == before


def test_event_with_a_session_to_come_stays_live(organizer):
    event = EventFactory(
        owner=organizer,
        published=True,
        is_multi_session=True,
        implicit_session=False,
        ends_at=STARTS_AT + timedelta(days=1, hours=1),
    )
    first = EventSessionFactory(event=event)
    EventSessionFactory(event=event, starts_at=STARTS_AT + timedelta(days=1))

    advancing.advance(first.ends_at + 31 * MINUTE)

    event.refresh_from_db()
    assert event.status == "live"
    assert [row.status for row in event.sessions.all()] == ["completed", "scheduled"]


@pytest.mark.parametrize("trait", ["completed", "closed", "cancelled"])
def test_what_is_over_stays_over(organizer, trait):
    EventFactory(owner=organizer, **{trait: True})

    assert advancing.advance(STARTS_AT + timedelta(days=9)) == 0


def test_drafts_do_not_start(organizer):
    EventFactory(owner=organizer)

    assert advancing.advance(STARTS_AT + MINUTE) == 0


def test_broken_event_does_not_hold_up_the_others(organizer):
    broken = EventFactory(owner=organizer, published=True)
    fine = EventFactory(owner=organizer, published=True)

    def fail(event, **_):
        if event.pk == broken.pk:
            raise LookupError("down")

    event_completed.connect(fail)
    try:
        with pytest.raises(ExceptionGroup):
            advancing.advance(fine.ends_at + 31 * MINUTE)
    finally:
        event_completed.disconnect(fail)

    assert statuses(fine) == ("completed", "completed")
    assert statuses(broken) == ("published", "scheduled")


def test_live_event_without_an_open_session_completes_too(organizer):
    event = EventFactory(owner=organizer, live=True)
    event.sessions.update(status="completed")

    advancing.advance(event.ends_at + 31 * MINUTE)

    assert statuses(event)[0] == "completed"


def test_owner_is_told_once_that_the_clock_ended_the_event(organizer):
    event = EventFactory(owner=organizer, live=True, title="Wound care")
    over = event.ends_at + timedelta(minutes=30)

    advancing.advance(over)
    advancing.advance(over)

    notice = Notification.objects.get(notification_type="event_completed_automatically")
    assert (notice.user, notice.title, notice.action_url, notice.event_uuid) == (
        organizer,
        "Wound care was completed automatically",
        f"/events/{event.uuid}",
        event.uuid,
    )


def test_who_ends_the_event_by_hand_is_told_nothing(organizer):
    event = EventFactory(owner=organizer, live=True)

    event.complete(by=organizer)
    advancing.advance(event.ends_at + timedelta(minutes=30))

    assert not Notification.objects.exists()

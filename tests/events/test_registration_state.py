from datetime import timedelta

import pytest

from events import registration_state
from tests.factories.events import STARTS_AT, EventFactory

NOW = STARTS_AT - timedelta(days=1)
HOUR = timedelta(hours=1)
FULL = {"capacity": 2, "places_taken": 2}
QUEUE = {**FULL, "waitlist_enabled": True}

STATES = {
    "draft": ({}, "not_published"),
    "cancelled": ({"status": "cancelled"}, "cancelled"),
    "completed": ({"status": "completed"}, "past"),
    "closed": ({"status": "closed"}, "past"),
    "over": ({"status": "published", "starts_at": NOW - 2 * HOUR}, "past"),
    "live": ({"status": "live"}, "live"),
    "live but late registration": ({"status": "live", "allow_late_registration": True}, "open"),
    "disabled": ({"status": "published", "registration_enabled": False}, "disabled"),
    "not open yet": (
        {"status": "published", "registration_opens_at": NOW + HOUR},
        "not_open_yet",
    ),
    "opens this moment": ({"status": "published", "registration_opens_at": NOW}, "open"),
    "closed by deadline": (
        {"status": "published", "registration_deadline": NOW - HOUR},
        "closed",
    ),
    "last moment": ({"status": "published", "registration_deadline": NOW}, "open"),
    "private": ({"status": "published", "visibility": "private"}, "invitation_only"),
    "unlisted": ({"status": "published", "visibility": "unlisted"}, "open"),
    "unlimited": ({"status": "published", "places_taken": 5000}, "open"),
    "one place left": ({"status": "published", "capacity": 3, "places_taken": 2}, "open"),
    "full": ({"status": "published", **FULL}, "full"),
    "waitlist": ({"status": "published", **QUEUE}, "waitlist"),
    "waitlist full": (
        {"status": "published", **QUEUE, "waitlist_max": 3, "waitlist_count": 3},
        "full",
    ),
    "the free place belongs to those who wait": (
        {"status": "published", **QUEUE, "places_taken": 1, "waitlist_count": 1},
        "waitlist",
    ),
    "closed beats full": (
        {"status": "published", **FULL, "registration_deadline": NOW - HOUR},
        "closed",
    ),
}


@pytest.mark.parametrize(("fields", "state"), STATES.values(), ids=STATES)
def test_first_reason_that_applies_is_told(fields, state):
    event = EventFactory.build(owner=None, **fields)

    assert registration_state.of(event, NOW) == state


def test_invitation_opens_a_private_event():
    event = EventFactory.build(owner=None, status="published", visibility="private")

    assert registration_state.of(event, NOW, invited=True) == "open"


def test_plan_is_the_capacity_of_an_event_without_one():
    event = EventFactory.build(owner=None, status="published", places_taken=100)

    assert registration_state.of(event, NOW, plan_capacity=100) == "full"


@pytest.mark.parametrize(
    ("capacity", "taken", "left"), [(50, 29, 21), (50, 30, 20), (10, 30, 0), (None, 30, None)]
)
def test_places_left_are_never_negative(capacity, taken, left):
    event = EventFactory.build(owner=None, capacity=capacity, places_taken=taken)

    assert event.spots_remaining == left

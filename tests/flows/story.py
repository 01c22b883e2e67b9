"""The steps that the stories share."""

import random
from datetime import UTC, datetime
from typing import Any

from tests.flows.people import Person
from tests.integrations import zoom_bodies as says

STARTS_AT = datetime(2027, 3, 10, 10, 0, tzinfo=UTC)  # the day of the documented messages
MINUTES = 60


def offer(organizer: Person, **facts: Any) -> dict[str, Any]:
    """Draft and publish an event of an hour worth 2.50 credits; return it with its meeting."""
    wanted = {
        "title": "Ethics update",
        "starts_at": STARTS_AT.isoformat(),
        "duration_minutes": MINUTES,
        "cpd_enabled": True,
        "cpd_credit_type": "CPD",
        "cpd_credit_value": "2.50",
        "auto_issue_certificates": True,
        **facts,
    }
    event = organizer.post("events/", wanted, status=201)
    organizer.post(f"events/{event['uuid']}/publish/")
    meeting = organizer.get(f"events/{event['uuid']}/meeting/")["results"][0]
    assert meeting["meeting_status"] == "ready"
    return {**event, "meeting": meeting["zoom_meeting_id"]}


def register(person: Person, event: dict[str, Any]) -> dict[str, Any]:
    """Register with an account, or as a guest; return the registration."""
    who = {"email": person.email, "full_name": person.full_name}
    answer = person.post(f"public/events/{event['uuid']}/register/", who, status=201)
    registration: dict[str, Any] = answer["registration"]
    return registration


def visit(event: dict[str, Any], person: Person, user_id: str, joined: str, left: str) -> list:
    """Return the two messages of one stay, as Zoom words them."""
    who = {"id": event["meeting"], "email": person.email, "user_name": person.full_name}
    return [says.joined(user_id, joined, **who), says.left(user_id, left, **who)]


def deliver(messages: list, *, seed: int | None = None) -> None:
    """Post signed messages; with a seed shuffled, each up to three times."""
    if seed is not None:
        shuffle = random.Random(seed)
        messages = [copy for message in messages for copy in [message] * shuffle.randint(1, 3)]
        shuffle.shuffle(messages)
    provider = Person("zoom@zoom.example", "Zoom").api
    for message in messages:
        answer = says.post(provider, message)
        assert (answer.status_code, answer.json()) == (200, {"status": "received"})


def row_of(organizer: Person, event: dict[str, Any], person: Person) -> dict[str, Any]:
    """Return a registration as its organizer sees it."""
    rows = organizer.get(f"events/{event['uuid']}/registrations/")["results"]
    return next(row for row in rows if row["email"] == person.email)

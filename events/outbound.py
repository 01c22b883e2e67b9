"""What events tells integrators: the types, and what their objects say."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from accounts.webhooks import Content, publish, thing
from events.models import Event, EventSession

SAMPLE: Final = "3d1c9a52-4b6e-4c0f-9f57-1a2b3c4d5e6f"
SAMPLE_SESSION: Final = "8f0e7d6c-5b4a-4938-8271-605f4e3d2c1b"
ROOT: Final = "https://api.example.org/api/v1"


def _example(status: str) -> Mapping[str, Any]:
    return {
        "object": "event",
        "uuid": SAMPLE,
        "url": f"{ROOT}/events/{SAMPLE}/",
        "status": status,
        "starts_at": "2027-03-10T09:00:00Z",
        "ends_at": "2027-03-10T10:30:00Z",
        "organization": None,
    }


TYPES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "event.published": ("An event was published.", _example("published")),
    "event.rescheduled": ("Time or place of an event changed.", _example("published")),
    "event.cancelled": ("An event was cancelled.", _example("cancelled")),
    "event.started": ("An event began.", _example("live")),
    "event.completed": ("An event is over.", _example("completed")),
    "session.completed": (
        "A session of an event is over.",
        {
            "object": "session",
            "uuid": SAMPLE_SESSION,
            "url": f"{ROOT}/events/{SAMPLE}/sessions/{SAMPLE_SESSION}/",
            "event": SAMPLE,
            "status": "completed",
            "actual_ended_at": "2027-03-10T10:32:00Z",
        },
    ),
}


def about_event(event: Event) -> Content:
    """Return what is said of an event."""
    return thing(
        "event",
        event,
        f"events/{event.uuid}/",
        status=event.status,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        organization=event.organization.uuid if event.organization else None,
    )


def about_session(session: EventSession) -> Content:
    """Return what is said of a session."""
    event = session.event.uuid
    return thing(
        "session",
        session,
        f"events/{event}/sessions/{session.uuid}/",
        event=event,
        status=session.status,
        actual_ended_at=session.actual_ended_at,
    )


def tell_of_event(event_type: str, *, event: Event, **_: Any) -> None:
    """Tell those who listen to the event's tenant."""
    tell(event_type, event, partial(about_event, event))


def tell_of_session(event_type: str, *, session: EventSession, **_: Any) -> None:
    """Tell those who listen to the tenant of the session's event."""
    tell(event_type, session.event, partial(about_session, session))


def tell(event_type: str, event: Event, content: Any) -> None:
    """Publish to the event's organization, or to its owner where it has none."""
    publish(event_type, owner=event.owner_id, organization=event.organization_id, object=content)

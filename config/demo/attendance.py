"""What happened at events that are over or running, as Zoom would have told it."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from common import audit
from config.demo import events
from config.demo.people import Cast
from config.demo.work import finish
from events.models import Event, EventSession
from integrations import webhooks
from integrations.models import InboundWebhook

# minutes after the start: joined, left
STAYS = {
    "jo@demo.example": ((-5, 40), (45, 95)),
    "sam@demo.example": ((0, 90),),
    "ana@demo.example": ((10, 50),),
    "huong@demo.example": ((2, 88),),
    "max@guest.example": ((0, 85),),
}
ACCOUNT = "AccDemo0001"


def hold(cast: Cast, programme: dict[str, Event]) -> None:
    """Let one event be over, one be running and one be settled, if they are not yet."""
    now = timezone.now()
    held, running, settled = (
        programme[title] for title in (events.HELD, events.RUNNING, events.SETTLED)
    )
    if held.status == Event.Status.PUBLISHED:
        _move(held, (now - timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0))
        _happen(held)
    if running.status == Event.Status.PUBLISHED:
        _move(running, now - timedelta(minutes=15))
        events.by_title(events.RUNNING).start(by=cast.ben)
    if settled.status == Event.Status.PUBLISHED:
        _move(settled, (now - timedelta(days=9)).replace(hour=9, minute=0, second=0, microsecond=0))
        _happen(settled)
        events.by_title(events.SETTLED).close(by=cast.ben)


def _move(event: Event, starts_at: datetime) -> None:
    """Put an event into the past, which no verb of the product does."""
    facts = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=90)}
    Event.objects.filter(pk=event.pk).update(**facts, published_at=starts_at - timedelta(days=20))
    sessions = EventSession.objects.filter(event=event)
    sessions.filter(zoom_meeting_id="").update(zoom_meeting_id=str(9_000_000_000 + event.pk))
    sessions.update(**facts)


def _happen(event: Event) -> None:
    """Send what Zoom sends about a meeting with these visitors."""
    session = event.sessions.get()
    for message in _messages(session):
        body = audit.canonical(message)
        webhooks.store(InboundWebhook.Provider.ZOOM, body, message, {})
    finish()


def _messages(session: EventSession) -> list[dict[str, Any]]:
    start, end = session.starts_at, session.ends_at
    told: list[tuple[datetime, str, dict[str, Any]]] = [
        (start - timedelta(minutes=6), "meeting.started", {"start_time": _at(start)})
    ]
    user_id = 16_778_240
    for email, stays in STAYS.items():
        for joined, left in stays:
            user_id += 1
            person = {"user_id": str(user_id), "user_name": email.split("@")[0], "email": email}
            for minute, word, field in (
                (joined, "joined", "join_time"),
                (left, "left", "leave_time"),
            ):
                moment = start + timedelta(minutes=minute)
                facts = {"participant": {**person, field: _at(moment)}}
                told.append((moment, f"meeting.participant_{word}", facts))
    told.append((end, "meeting.ended", {"end_time": _at(end + timedelta(minutes=6))}))
    told.sort(key=lambda entry: entry[0])
    return [_message(session, *entry) for entry in told]


def _message(
    session: EventSession, moment: datetime, event: str, facts: dict[str, Any]
) -> dict[str, Any]:
    meeting = {
        "id": session.zoom_meeting_id,
        "uuid": f"demo{session.uuid.hex[:16]}==",
        "host_id": "hostDemo",
        "topic": session.title,
        **facts,
    }
    return {
        "event": event,
        "event_ts": int(moment.timestamp() * 1000),
        "payload": {"account_id": ACCOUNT, "object": meeting},
    }


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

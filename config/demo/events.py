"""Events in every status."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Organization, User
from config.demo.people import Cast
from events import drafting
from events.models import Event
from registrations.models import Registration
from registrations.orders import Person
from registrations.registering import register

CREDITS = {
    "cpd_enabled": True,
    "cpd_credit_type": "CPD",
    "cpd_credit_value": Decimal("1.50"),
    "cpd_accreditation_note": "Accredited for 1.50 hours of verifiable CPD.",
    "certificates_enabled": True,
    "auto_issue_certificates": True,
}
HELD = "Wound care update"
RUNNING = "Medication safety rounds"
SETTLED = "Infection control basics"
GUESTS = (("max@guest.example", "Max Missing"), ("kim@guest.example", "Kim Lee"))


def announce(cast: Cast) -> dict[str, Event]:
    """Make the events that are not there yet, published where they are to be; return them."""
    now = timezone.now()
    academy = cast.academy
    _draft("Leadership for ward managers", cast.ben, academy, _in(now, 60))
    _open("Ethics in practice", cast.ada, None, _in(now, 14), capacity=50)
    full = _open(
        "Resuscitation skills lab",
        cast.ben,
        academy,
        _in(now, 21),
        format="in_person",
        location="Training Centre, 5 Harbour Street, Leeds",
        capacity=2,
        waitlist_enabled=True,
    )
    _open(
        "Diabetes care in three evenings",
        cast.ben,
        academy,
        _in(now, 30),
        is_multi_session=True,
        completion_type="minimum_sessions",
        minimum_sessions_required=2,
        sessions=_evenings(now),
    )
    _cancelled("Pain management forum", cast.ada, _in(now, 10))
    held = _open(HELD, cast.ada, None, _in(now, 3), timezone="Europe/London")
    running = _open(RUNNING, cast.ben, academy, _in(now, 4))
    settled = _open(SETTLED, cast.ben, academy, _in(now, 5))
    for event in (full, held, running, settled):
        _fill(event, cast)
    return {event.title: event for event in (held, running, settled)}


def by_title(title: str) -> Event:
    """Return an event of the demo."""
    return Event.objects.select_related("owner", "organization").get(
        title=title, owner__email__endswith="@demo.example"
    )


def _draft(
    title: str, owner: User, organization: Organization | None, starts_at: datetime, **facts: Any
) -> Event:
    known = Event.objects.filter(owner=owner, title=title).first()
    if known is not None:
        return known
    return drafting.create(
        by=owner,
        organization=organization,
        title=title,
        starts_at=starts_at,
        short_description=f"{title}: what changed, and what it means for daily work.",
        description="With cases, discussion and a summary to take home.",
        **{"duration_minutes": 90, **CREDITS, **facts},
    )


def _open(
    title: str, owner: User, organization: Organization | None, starts_at: datetime, **facts: Any
) -> Event:
    event = _draft(title, owner, organization, starts_at, **facts)
    if event.status == Event.Status.DRAFT:
        event.publish(by=owner)
    return event


def _cancelled(title: str, owner: User, starts_at: datetime) -> None:
    event = _open(title, owner, None, starts_at)
    if event.status == Event.Status.PUBLISHED:
        event.cancel(by=owner, reason="The speaker is ill. We are sorry.")


def _fill(event: Event, cast: Cast) -> None:
    """Register everybody once, accounts and guests."""
    if event.status != Event.Status.PUBLISHED:
        return
    known = set(Registration.objects.filter(event=event).values_list("email", flat=True))
    people = [Person(user.email, user.full_name, user=user) for user in cast.attendees]
    people += [Person(email, full_name) for email, full_name in GUESTS]
    for person in people:
        if person.email not in known:
            event.refresh_from_db()
            register(event, person)


def _in(now: datetime, days: int) -> datetime:
    return (now + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)


def _evenings(now: datetime) -> list[dict[str, Any]]:
    return [
        {"title": title, "starts_at": _in(now, days), "duration_minutes": 90}
        for title, days in (("Basics", 30), ("Insulin", 37), ("Living with diabetes", 44))
    ]

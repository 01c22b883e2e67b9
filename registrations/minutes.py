"""From stays to minutes: the union of what was observed, within the session's window."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from common import intervals
from events.models import Event, EventSession
from registrations.completion import percent
from registrations.models import AttendanceInterval

SECONDS_PER_MINUTE = 60
Range = tuple[datetime, datetime]


@dataclass(frozen=True)
class Tally:
    """How long one person was at one session."""

    first_join_at: datetime | None
    last_leave_at: datetime | None
    seconds: int
    minutes: int
    percent: int

    @property
    def was_there(self) -> bool:
        return self.seconds > 0


def tally(stays: Iterable[AttendanceInterval], session: EventSession, event: Event) -> Tally:
    """Return what the stays of one person come to; order and repetition change nothing."""
    observed = ended(stays)
    counted = intervals.clip(intervals.union(observed), *window(session, event))
    seconds = int(intervals.total_seconds(counted))
    minutes = seconds // SECONDS_PER_MINUTE
    return Tally(
        first_join_at=min((start for start, _ in observed), default=None),
        last_leave_at=max((end for _, end in observed), default=None),
        seconds=seconds,
        minutes=minutes,
        percent=percent(minutes, session.duration_minutes),
    )


def window(session: EventSession, event: Event) -> Range:
    """Return the time that counts: the session, widened by the event's grace."""
    early = timedelta(minutes=event.early_join_grace_minutes)
    late = timedelta(minutes=event.late_leave_grace_minutes)
    return session.starts_at - early, session.ends_at + late


def ended(stays: Iterable[AttendanceInterval]) -> list[Range]:
    """Return the stretches whose beginning and end are known.

    Without a user id, an arrival and a departure are two rows: each departure ends the latest
    unended arrival of the same participant before it.
    """
    found: list[Range] = []
    anonymous: dict[tuple[int | None, str], list[AttendanceInterval]] = defaultdict(list)
    for stay in stays:
        if _is_half(stay):
            anonymous[stay.instance_id, stay.identity["participant_uuid"]].append(stay)
        elif stay.started_at and stay.ended_at and stay.started_at < stay.ended_at:
            found.append((stay.started_at, stay.ended_at))
    for halves in anonymous.values():
        found.extend(_joined(halves))
    return found


def _is_half(stay: AttendanceInterval) -> bool:
    identity = stay.identity
    return bool(identity.get("participant_uuid")) and not identity.get("user_id")


def _joined(halves: Iterable[AttendanceInterval]) -> Iterable[Range]:
    rows = list(halves)
    departures = sorted(row.ended_at for row in rows if row.started_at is None and row.ended_at)
    unended = sorted(
        (row for row in rows if row.started_at and (row.ended_at is None or row.is_estimated)),
        key=lambda row: row.started_at,  # type: ignore[arg-type,return-value]  # kept only with one
    )
    yield from (
        (row.started_at, row.ended_at)
        for row in rows
        if row.started_at and row.ended_at and not row.is_estimated
    )
    for departed_at in departures:
        before = [row for row in unended if row.started_at and row.started_at < departed_at]
        if before:
            arrival = before[-1]
            unended.remove(arrival)
            assert arrival.started_at is not None
            yield arrival.started_at, departed_at
    yield from (
        (row.started_at, row.ended_at)
        for row in unended
        if row.started_at and row.ended_at and row.started_at < row.ended_at
    )

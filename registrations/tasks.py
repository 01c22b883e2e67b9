"""What runs in the background; each may run twice."""

from celery import shared_task
from django.utils import timezone

from registrations import (
    attendance,
    cancelling,
    effects,
    notices,
    registrants,
    stays,
    waitlist,
)


@shared_task(name="registrations.registration_effects")
def registration_effects(registration_uuid: str, status: str) -> None:
    effects.apply(registration_uuid, status)


@shared_task(name="registrations.fill_waitlist")
def fill_waitlist(event_id: int) -> None:
    waitlist.fill(event_id, now=timezone.now())


@shared_task(name="registrations.sweep_waitlists")
def sweep_waitlists() -> None:
    waitlist.sweep(timezone.now())


@shared_task(name="registrations.expire_offers")
def expire_offers() -> None:
    waitlist.expire_offers(timezone.now())


@shared_task(name="registrations.cancel_registrations")
def cancel_registrations(event_id: int) -> None:
    cancelling.cancel_event(event_id)


@shared_task(name="registrations.tell_rescheduled")
def tell_rescheduled(event_id: int) -> None:
    notices.tell_rescheduled(event_id)


@shared_task(name="registrations.push_registrants")
def push_registrants(session_id: int) -> None:
    registrants.push(session_id)


@shared_task(name="registrations.remove_registrant")
def remove_registrant(registrant_id: int) -> None:
    registrants.remove(registrant_id)


@shared_task(name="registrations.sweep_registrants")
def sweep_registrants() -> None:
    registrants.sweep(timezone.now())


@shared_task(name="registrations.close_stale_stays")
def close_stale_stays() -> None:
    stays.close_stale(timezone.now())


@shared_task(name="registrations.compute_attendance")
def compute_attendance(event_id: int) -> None:
    attendance.recompute_event(event_id, now=timezone.now())


@shared_task(name="registrations.recompute_attendance")
def recompute_attendance(registration_id: int) -> None:
    attendance.recompute(registration_id)


@shared_task(name="registrations.finalize_attendance")
def finalize_attendance(event_id: int) -> None:
    attendance.finalize(event_id, now=timezone.now())


@shared_task(name="registrations.sweep_attendance")
def sweep_attendance() -> None:
    attendance.sweep(timezone.now())

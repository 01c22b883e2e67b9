"""When something happens to an event, a place, a meeting or a person, then this."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.dispatch import receiver

from accounts import manifest, notifications, privacy
from accounts.models import User
from accounts.signals import email_verified
from accounts.webhooks import register_type
from common.outbox import after_commit
from events import figures as event_figures
from events import questions
from events.models import Event, EventSession
from events.signals import (
    event_cancelled,
    event_completed,
    event_rescheduled,
    meeting_ready,
    session_completed,
)
from integrations import webhooks
from integrations.models import InboundWebhook
from integrations.webhooks import Skip
from integrations.zoom import payloads
from registrations import (
    audience,
    claiming,
    emails,
    figures,
    inbox,
    outbound,
    personal_data,
    places,
    registrants,
    statistics,
    stays,
    tasks,
)
from registrations.models import Registration, WaitlistOffer
from registrations.signals import (
    attendance_changed,
    attendance_finalized,
    offer_made,
    registration_cancelled,
    registration_confirmed,
    registration_waitlisted,
)

questions.audience.answer(audience.of)
privacy.collects("registrations")(personal_data.collect)
privacy.erases("registrations")(personal_data.erase)
for _feature in ("register_for_events", "view_own_registrations"):
    manifest.feature(_feature, manifest.everybody)
for _name, _about in inbox.TYPES.items():
    notifications.register_type(_name, _about)
questions.has_registrations.answer(statistics.has_registrations)
questions.session_has_attendance.answer(statistics.has_attendance)
questions.answered_fields.answer(statistics.answered_fields)
questions.session_counts.answer(statistics.count_attending)
event_figures.figures.answer(figures.of)
event_figures.presence.answer(figures.presence)
for column in statistics.COUNTED:
    questions.counts[column].answer(partial(statistics.count, column))


@receiver(email_verified)
def claim_guest_registrations(user: User, **_: Any) -> None:
    claiming.claim(user)


@receiver(registration_confirmed)
def mail_confirmation(registration: Registration, **_: Any) -> None:
    emails.registration_confirmed(registration)
    emails.new_registration(registration)


@receiver(registration_waitlisted)
def mail_position(registration: Registration, **_: Any) -> None:
    emails.waitlist_joined(registration, position=places.position(registration))


@receiver(offer_made)
def mail_offer(offer: WaitlistOffer, **_: Any) -> None:
    emails.waitlist_offer(offer)


@receiver(attendance_changed)
def mail_correction(registration: Registration, **_: Any) -> None:
    emails.attendance_corrected(registration)


@receiver(event_cancelled)
def cancel_registrations(event: Event, **_: Any) -> None:
    after_commit(tasks.cancel_registrations, event.pk, key=f"cancel:{event.pk}")


@receiver(event_rescheduled)
def tell_and_compute_anew(event: Event, **_: Any) -> None:
    if event.notify_registrants:
        after_commit(tasks.tell_rescheduled, event.pk, key=f"rescheduled:{event.pk}")
    after_commit(tasks.compute_attendance, event.pk, key=f"minutes:{event.pk}")


@receiver(session_completed)
def compute_minutes(session: EventSession, **_: Any) -> None:
    after_commit(tasks.compute_attendance, session.event_id, key=f"minutes:{session.event_id}")


@receiver(event_completed)
def finalize_attendance(event: Event, **_: Any) -> None:
    after_commit(tasks.finalize_attendance, event.pk, key=f"finalize:{event.pk}")


@receiver(meeting_ready)
def want_links(session: EventSession, **_: Any) -> None:
    registrants.want_all(session, retry=True)


def _about_meetings(note: Callable[[payloads.MeetingMessage], str], *types: str) -> None:
    def handler(webhook: InboundWebhook) -> Skip | None:
        return _skipped(note(payloads.meeting(webhooks.payload_of(webhook))))

    _register(handler, note.__name__, types)


def _about_people(note: Callable[[payloads.ParticipantMessage], str], *types: str) -> None:
    def handler(webhook: InboundWebhook) -> Skip | None:
        return _skipped(note(payloads.participant(webhooks.payload_of(webhook))))

    _register(handler, note.__name__, types)


def _about_links(note: Callable[[payloads.RegistrantMessage], str], *types: str) -> None:
    def handler(webhook: InboundWebhook) -> Skip | None:
        return _skipped(note(payloads.registrant(webhooks.payload_of(webhook))))

    _register(handler, note.__name__, types)


def _register(
    handler: Callable[[InboundWebhook], Skip | None], name: str, types: tuple[str, ...]
) -> None:
    # The inbox remembers by this name who has finished.
    handler.__qualname__ = name
    for kind in ("meeting", "webinar"):
        for event_type in types:
            webhooks.handles("zoom", f"{kind}.{event_type}")(handler)


def _skipped(reason: str) -> Skip | None:
    return Skip(reason) if reason else None


_about_meetings(stays.note_start, "started")
_about_meetings(stays.note_end, "ended")
_about_people(stays.note_arrival, "participant_joined", "participant_joined_breakout_room")
_about_people(stays.note_departure, "participant_left", "participant_left_breakout_room")
_about_people(stays.note_binding, "participant_bind")
_about_links(registrants.adopt, "registration_created", "registration_approved")
_about_links(registrants.note_cancelled, "registration_cancelled", "registration_denied")


for _name, (_about, _example) in outbound.TYPES.items():
    register_type(_name, description=_about, example=_example)
registration_confirmed.connect(
    partial(outbound.tell_of_registration, "registration.confirmed"), weak=False
)
registration_cancelled.connect(
    partial(outbound.tell_of_registration, "registration.cancelled"), weak=False
)
registration_waitlisted.connect(
    partial(outbound.tell_of_registration, "registration.waitlisted"), weak=False
)
offer_made.connect(partial(outbound.tell_of_offer, "waitlist.offer_made"), weak=False)
attendance_changed.connect(partial(outbound.tell_of_attendance, "attendance.changed"), weak=False)
attendance_finalized.connect(
    partial(outbound.tell_of_judgement, "attendance.finalized"), weak=False
)

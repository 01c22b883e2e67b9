"""When something happens to an event, then this."""

from functools import partial
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts import blockers, manifest, notifications, privacy
from accounts.models import Membership, Organization, User
from accounts.signals import email_verified, membership_changed
from accounts.webhooks import register_type
from common import triggers
from common.models import OutgoingEmail
from common.outbox import after_commit
from common.signals import mail_reported
from events import (
    drafting,
    emails,
    invitations,
    meetings,
    outbound,
    personal_data,
    reminders,
    speakers,
    transfer,
)
from events.models import Event, EventInvitation, EventStatusHistory
from events.signals import (
    event_cancelled,
    event_completed,
    event_published,
    event_rescheduled,
    event_started,
    event_unpublished,
    meeting_affected,
    session_completed,
)
from integrations import webhooks
from integrations.models import InboundWebhook
from integrations.webhooks import Skip
from integrations.zoom import payloads

manifest.feature("browse_events", manifest.everybody)
manifest.feature("create_events", drafting.may_create)
notifications.register_type("meeting_failed", "A session of your event has no Zoom meeting.")
notifications.register_type("event_transferred", "An event changed hands.")
notifications.register_type(
    "event_completed_automatically", "Your event ended by the clock; nobody ended it by hand."
)

# A change of status is written once; it goes only with its event, and forgets only a person.
triggers.append_only(
    EventStatusHistory,
    changes={"changed_by_id": "NEW.changed_by_id IS NULL", "updated_at": triggers.ALWAYS},
    deletable=triggers.ALWAYS,
)


privacy.collects("events")(personal_data.collect)
privacy.erases("events")(personal_data.erase)


@blockers.blocks("events")
def active_events(
    *, user: User | None = None, organization: Organization | None = None
) -> blockers.Blocker | None:
    tenant = (
        {"organization": organization} if organization else {"owner": user, "organization": None}
    )
    # Under the rows' locks: who is just publishing one is waited for, and then counts.
    open_still = Event.objects.select_for_update(no_key=True).filter(
        **tenant, status__in=["draft", "published", "live"]
    )
    statuses = open_still.order_by("pk").values_list("status", flat=True)
    active = sum(status != "draft" for status in statuses)
    message = "Published and live events must be cancelled or completed first."
    return blockers.Blocker("EVENTS_ACTIVE", message, active) if active else None


@receiver(membership_changed)
def pass_on_events(membership: Membership, **_: Any) -> None:
    if not membership.may_manage_events:
        transfer.pass_on(membership.organization, leaver=membership.user)


@receiver(email_verified)
def recognise_speaker(user: User, **_: Any) -> None:
    speakers.link(user)


@receiver(event_published)
def offer_reminders(event: Event, **_: Any) -> None:
    reminders.arm(event, is_new=True)


@receiver(event_published)
def send_invitations(event: Event, **_: Any) -> None:
    invitations.queue_pending(event)


@receiver(mail_reported)
def follow_invitation(message: OutgoingEmail, **_: Any) -> None:
    if message.subject_type == EventInvitation._meta.label_lower:
        invitations.note_report(message)


@receiver([event_rescheduled, event_unpublished, event_cancelled, event_completed])
def move_reminders(event: Event, **_: Any) -> None:
    reminders.arm(event)


@receiver(event_completed)
def owe_summary(event: Event, **_: Any) -> None:
    after_commit(
        "events.send_event_summary", event.pk, key=f"summary:{event.pk}", delay=emails.SUMMARY_AFTER
    )


@receiver([event_published, event_unpublished, event_cancelled, event_completed])
def wish_for_meetings(event: Event, **_: Any) -> None:
    meetings.reconcile(event)


@receiver([event_rescheduled, meeting_affected])
def renew_meetings(event: Event, **_: Any) -> None:
    meetings.reconcile(event, renew=True)


@webhooks.handles("zoom", "meeting.started")
def note_start(webhook: InboundWebhook) -> Skip | None:
    message = payloads.meeting(webhooks.payload_of(webhook))
    at = message.start_time or message.sent_at or timezone.now()
    return _skipped(meetings.note_started(message.meeting_id, at))


@webhooks.handles("zoom", "meeting.ended")
def note_end(webhook: InboundWebhook) -> Skip | None:
    message = payloads.meeting(webhooks.payload_of(webhook))
    at = message.end_time or message.sent_at or timezone.now()
    return _skipped(meetings.note_ended(message.meeting_id, at))


@webhooks.handles("zoom", "meeting.deleted")
def note_deletion(webhook: InboundWebhook) -> Skip | None:
    message = payloads.meeting(webhooks.payload_of(webhook))
    return _skipped(meetings.note_deleted(message.meeting_id))


def _skipped(reason: str) -> Skip | None:
    return Skip(reason) if reason else None


for _name, (_about, _example) in outbound.TYPES.items():
    register_type(_name, description=_about, example=_example)
event_published.connect(partial(outbound.tell_of_event, "event.published"), weak=False)
event_rescheduled.connect(partial(outbound.tell_of_event, "event.rescheduled"), weak=False)
event_cancelled.connect(partial(outbound.tell_of_event, "event.cancelled"), weak=False)
event_started.connect(partial(outbound.tell_of_event, "event.started"), weak=False)
event_completed.connect(partial(outbound.tell_of_event, "event.completed"), weak=False)
session_completed.connect(partial(outbound.tell_of_session, "session.completed"), weak=False)

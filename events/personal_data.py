"""What events keep of a person: speakers, invitations, and the events somebody owns."""

from django.db import transaction
from django.db.models import F, ProtectedError, Q
from django.utils import timezone

from accounts import privacy
from accounts.models import Membership, User
from accounts.privacy import ERASED_NAME, Collected, Person, table
from common.personal_data import declare
from events import catalogue, transfer
from events.models import (
    Category,
    Event,
    EventCustomField,
    EventInvitation,
    EventSession,
    EventStatusHistory,
    Speaker,
    Tag,
)

declare(Category, impersonal="name slug description")
declare(Tag, impersonal="name slug")
declare(Speaker, erased="name title bio qualifications email linkedin_url")
declare(
    Event,
    # What was offered stays on record, also where its owner wrote of themselves.
    kept="title short_description description learning_objectives location online_url slug "
    "cpd_accreditation_note cancellation_reason search_text",
    impersonal="timezone refund_tiers currency zoom_settings cpd_credit_type public_code",
)
declare(EventCustomField, kept="label placeholder help_text default_value options")
declare(EventStatusHistory, kept="reason")
declare(EventInvitation, erased="email full_name token_hash message")
declare(
    EventSession,
    erased="zoom_passcode",
    kept="title description room cancellation_reason",
    impersonal="timezone zoom_meeting_id zoom_meeting_uuid zoom_join_url meeting_error",
)


def collect(person: Person) -> Collected:
    """Return what the person offers, where they speak and what they were invited to."""
    return Collected(
        {
            "events": table(
                Event.all_objects.filter(owner=person.user, owner__isnull=False),
                "uuid", "title", "short_description", "description", "location", "status",
                "starts_at", "duration_minutes", "created_at", "published_at", "deleted_at",
            ),
            "speaker_entries": table(
                Speaker.objects.filter(person.owns()),
                "uuid", "name", "title", "bio", "qualifications", "email", "linkedin_url",
                "created_at",
            ),
            "event_invitations": table(
                EventInvitation.objects.filter(person.is_at()),
                "uuid", "email", "full_name", "message", "status", "response", "created_at",
                "sent_at", "responded_at", event_title=F("event__title"),
            ),
        }
    )  # fmt: skip


def erase(person: Person) -> dict[str, int]:
    """Delete drafts, unname speakers and invitations, and pass on what an organization owns."""
    counts = {
        "events.Speaker": _unname_speakers(person),
        "events.EventInvitation": _unname_invitations(person),
    }
    if person.user is not None:
        _hand_over(person.user)
        counts["events.Event"] = _delete_drafts(person.user)
    return counts


def _unname_speakers(person: Person) -> int:
    rows = Speaker.objects.filter(person.owns())
    shown = list(Event.all_objects.filter(speakers__in=rows).distinct())
    count = rows.update(
        name=ERASED_NAME,
        title="",
        bio="",
        qualifications="",
        email="",
        linkedin_url="",
        photo=None,
        user=None,
        is_active=False,
        updated_at=timezone.now(),
    )
    for event in shown:
        catalogue.refresh_search_text(event)
    return count


def _unname_invitations(person: Person) -> int:
    rows = list(EventInvitation.objects.filter(person.is_at()))
    for row in rows:
        row.email, row.full_name, row.message = privacy.placeholder(row.uuid), "", ""
        # Without an address nothing is mailed any more.
        row.token_hash = row.queued_at = None
        row.save(update_fields=["email", "full_name", "message", "token_hash", "queued_at"])
        person.rows.add(row.uuid)
    return len(rows)


def _hand_over(user: User) -> None:
    """Give the organization's events and speakers to its owner; an empty one keeps the stub."""
    owners = Membership.objects.filter(role="owner", ended_at=None).exclude(user=user)
    mine = Q(owner=user, organization__isnull=False)
    tenants = Event.all_objects.filter(mine).values_list("organization", flat=True)
    libraries = Speaker.objects.filter(mine).values_list("organization", flat=True)
    heirs = owners.filter(organization__in={*tenants, *libraries})
    for heir in heirs.select_related("organization", "user").order_by("pk"):
        transfer.pass_on(heir.organization, leaver=user)
        Speaker.objects.filter(owner=user, organization=heir.organization).update(
            owner=heir.user, updated_at=timezone.now()
        )


def _delete_drafts(user: User) -> int:
    """Remove the user's own drafts; one that others' records hang on is only hidden.

    The lock makes a publication that is under way come first or not at all.
    """
    drafts = Event.all_objects.select_for_update(no_key=True).filter(
        owner=user, organization=None, status=Event.Status.DRAFT
    )
    count = 0
    for draft in drafts.order_by("pk"):
        try:
            with transaction.atomic():
                draft.hard_delete()
        except ProtectedError:
            draft.delete()
        count += 1
    return count

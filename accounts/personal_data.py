"""What accounts keeps of a person: the columns, the copy of them, and how they are erased."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from accounts import models, organizations, privacy, sessions, signals, zoom_connections
from accounts.models import User, UserSession
from accounts.privacy import Collected, Person, table
from common import audit, files
from common.models import StoredFile
from common.personal_data import declare

OWNER = models.Membership.Role.OWNER
CHUNK = 50

declare(
    User,
    erased=" ".join(["email", "password", "full_name", *User.PROFILE_FIELDS]),
)
declare(
    models.Organization,
    erased="contact_email contact_phone",
    kept="name slug description website logo_url tax_number",
    impersonal="primary_color secondary_color timezone",
)
declare(models.Membership, erased="title")
declare(models.MembershipInvitation, erased="email title", impersonal="digest")
declare(
    models.ApiToken,
    erased="name prefix digest previous_digest scopes last_used_ip",
)
declare(models.DataExport, erased="email reason", impersonal="error")
declare(
    models.Notification,
    erased="title message action_url metadata dedupe_key",
    impersonal="notification_type",
)
declare(models.AccountToken, erased="digest email")
declare(
    UserSession,
    erased="session_key_digest user_agent browser os ip_address location_city location_country",
)
declare(models.TotpDevice, erased="secret")
declare(models.RecoveryCode, erased="digest")
declare(models.Passkey, erased="name transports")
declare(models.SignInChallenge, erased="digest state")
declare(models.SocialAccount, erased="issuer subject email")
declare(
    models.WebhookEndpoint,
    erased="url description event_types secret previous_secret",
    impersonal="api_version",
)
# What integrators are sent are ids (thin objects); what they answer goes with the delivery.
declare(
    models.WebhookDelivery,
    impersonal="message_id type payload last_response last_error",
)
declare(models.WebhookAttempt, impersonal="error")
declare(
    models.OAuthFlow,
    erased="redirect_uri state_digest flow_token_digest nonce code_verifier",
)
declare(
    models.ZoomConnection,
    erased="access_token refresh_token scopes zoom_user_id zoom_email zoom_account_id last_error",
)
# Django's own tables: who edited what in the admin, and browsers' sessions, which hold ids only.
declare(LogEntry, erased="object_repr", impersonal="object_id change_message")
declare(Session, impersonal="session_key session_data")
declare(Permission, impersonal="name codename")
declare(Group, impersonal="name")
declare(ContentType, impersonal="app_label model")

SHOWN_OF_USER = (
    "uuid", "email", "full_name", *User.PROFILE_FIELDS, *User.NOTIFICATION_FIELDS,
    "account_type", "upgraded_to_organizer_at", "email_verified", "email_verified_at",
    "is_organizer_profile_public", "onboarding_completed_at", "last_login_at", "last_active_at",
    "created_at", "updated_at",
)  # fmt: skip
# Of what hangs on an account: the columns that go into the copy. No digest, no key, no secret.
SHOWN: Mapping[str, tuple[type[Any], tuple[str, ...]]] = {
    "sessions": (UserSession, (
        "uuid", "kind", "auth_method", "second_factor", "user_agent", "device_type", "browser",
        "os", "ip_address", "location_city", "location_country", "created_at",
        "last_activity_at", "expires_at", "ended_at", "end_reason",
    )),
    "mailed_proofs": (models.AccountToken, (
        "uuid", "purpose", "email", "created_at", "expires_at", "used_at",
    )),
    "api_tokens": (models.ApiToken, (
        "uuid", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at",
        "last_used_ip", "revoked_at",
    )),
    "two_factor": (models.TotpDevice, ("uuid", "created_at", "confirmed_at")),
    "passkeys": (models.Passkey, (
        "uuid", "name", "created_at", "last_used_at", "is_backed_up",
    )),
    "social_accounts": (models.SocialAccount, (
        "uuid", "provider", "email", "connected_at", "last_login_at",
    )),
    "webhook_endpoints": (models.WebhookEndpoint, (
        "uuid", "url", "description", "event_types", "is_active", "created_at",
    )),
    "zoom_connection": (models.ZoomConnection, (
        "uuid", "zoom_email", "zoom_user_id", "zoom_account_id", "scopes", "connected_at",
        "last_used_at", "disconnected_at",
    )),
    "notices": (models.Notification, (
        "uuid", "notification_type", "title", "message", "action_url", "created_at", "read_at",
    )),
    "data_exports": (models.DataExport, (
        "uuid", "status", "requested_at", "completed_at", "expires_at",
    )),
}  # fmt: skip
# What simply goes with the account; sessions and the Zoom connection end first.
GOING = (
    models.AccountToken, models.TotpDevice, models.RecoveryCode, models.Passkey,
    models.SignInChallenge, models.SocialAccount, models.OAuthFlow, models.ApiToken,
    models.Notification, UserSession,
)  # fmt: skip


def collect(person: Person) -> Collected:
    """Return the account with what hangs on it, and invitations to the address."""
    tables = {"organization_invitations": _invitations_of(person)}
    if person.user is None:
        return Collected(tables)
    tables["account"] = table(User.objects.filter(pk=person.user.pk), *SHOWN_OF_USER)
    for name, (model, fields) in SHOWN.items():
        rows: QuerySet[Any] = QuerySet(model).filter(user=person.user)
        # What platform staff asked for others is not about themselves.
        mine = rows.filter(email="") if model is models.DataExport else rows
        tables[name] = table(mine, *fields)
    tables["memberships"] = table(
        person.user.memberships.all(),
        "role", "title", "created_at", "ended_at", organization_name=F("organization__name"),
    )  # fmt: skip
    return Collected(tables)


def erase(person: Person) -> dict[str, int]:
    """Take apart what hangs on the account; the account's own row is emptied by its verb."""
    counts = {
        "accounts.MembershipInvitation": _erase_invitations(person),
        "accounts.DataExport": _drop_exports(person),
        "accounts.Notification": _drop_notices_about(person.rows),
        "admin.LogEntry": _blank_admin_log(person),
        "accounts.Organization": _forget_contacts(person),
    }
    if person.user is not None:
        counts |= _erase_account(person, person.user)
    return counts


def _erase_account(person: Person, user: User) -> dict[str, int]:
    counts = _leave_organizations(person, user)
    counts["accounts.WebhookEndpoint"] = _drop_endpoints(user)
    counts["accounts.ZoomConnection"] = _disconnect(user)
    sessions.end_all(user, UserSession.EndReason.ERASED)
    for model in GOING:
        rows: QuerySet[Any] = QuerySet(model).filter(user=user)
        label = model._meta.label
        counts[label] = counts.get(label, 0) + rows.delete()[1].get(label, 0)
    return counts


def _invitations_of(person: Person) -> list[dict[str, Any]]:
    rows = models.MembershipInvitation.objects.filter(person.is_at())
    return table(
        rows, "uuid", "email", "role", "title", "created_at", "expires_at", "accepted_at",
        "declined_at", "revoked_at", organization_name=F("organization__name"),
    )  # fmt: skip


def _erase_invitations(person: Person) -> int:
    """Blank invitations to the person, ending open ones; mails in their name are traces too."""
    now = timezone.now()
    rows = list(models.MembershipInvitation.objects.filter(person.is_at()))
    for row in rows:
        row.email, row.title = privacy.placeholder(row.uuid), ""
        if row.status_at(now) in {row.Status.OPEN, row.Status.EXPIRED}:
            row.revoked_at = now
        row.save(update_fields=["email", "title", "revoked_at"])
        person.rows.add(row.uuid)
    if person.user is not None:
        sent = models.MembershipInvitation.objects.filter(invited_by=person.user)
        person.rows.update(sent.values_list("uuid", flat=True))
    return len(rows)


def _drop_exports(person: Person) -> int:
    mine = Q(user=person.user) if person.user else Q(pk__in=[])
    rows = models.DataExport.objects.filter(mine | person.is_at())
    for stored in StoredFile.objects.filter(pk__in=rows.values("file")):
        files.discard(stored)
    return rows.delete()[0]


def _drop_notices_about(rows: set[UUID]) -> int:
    """Remove what others were told about rows of the person."""
    count = 0
    uuids = sorted(map(str, rows))
    for start in range(0, len(uuids), CHUNK):
        told = [
            Q(dedupe_key__contains=uuid) | Q(action_url__contains=uuid) | Q(facts__contains=uuid)
            for uuid in uuids[start : start + CHUNK]
        ]
        notices = models.Notification.objects.annotate(facts=Cast("metadata", TextField()))
        count += notices.filter(reduce(or_, told)).delete()[0]
    return count


def _blank_admin_log(person: Person) -> int:
    """Blank how the admin's history calls the person: by address, or by name where it stands."""
    called = Q(pk__in=[])
    if person.email:
        called |= Q(object_repr__icontains=person.email)
    for name in person.names:
        called |= Q(object_repr=name) | Q(object_repr__startswith=f"{name} (")
        called |= Q(object_repr__endswith=f" {name}")
    return LogEntry.objects.filter(called).update(object_repr="")


def _forget_contacts(person: Person) -> int:
    now = timezone.now()
    rows = models.Organization.all_objects.filter(person.is_at("contact_email"))
    return rows.update(contact_email="", contact_phone="", updated_at=now)


def _leave_organizations(person: Person, user: User) -> dict[str, int]:
    """End every membership; an organization of nobody else's is deleted along."""
    memberships = user.memberships.select_related("organization")
    current = list(memberships.filter(ended_at=None).order_by("organization_id"))
    deleted = 0
    for membership in current:
        organization = membership.organization
        if membership.role == OWNER and not organization.is_deleted:
            organizations.delete(organization, by=user)
            deleted += 1
        membership.ended_at = timezone.now()
        membership.save(update_fields=["ended_at"])
        audit.record(
            "organization.member_left", target=membership, by=user, organization=organization
        )
        signals.membership_changed.send(sender=models.Membership, membership=membership)
    person.rows.update(user.memberships.values_list("uuid", flat=True))
    user.memberships.update(title="")
    return {"accounts.Membership": len(current), "accounts.Organization": deleted}


def _drop_endpoints(user: User) -> int:
    """Remove personal endpoints; those of an organization pass to its owner."""
    endpoints = models.WebhookEndpoint.objects.filter(user=user)
    for endpoint in endpoints.filter(organization__isnull=False):
        owner = models.Membership.objects.filter(
            organization=endpoint.organization, role=OWNER, ended_at=None
        ).first()
        if owner is not None:
            endpoint.user = owner.user
            endpoint.save(update_fields=["user"])
    return endpoints.delete()[1].get("accounts.WebhookEndpoint", 0)


def _disconnect(user: User) -> int:
    """End the link to Zoom; the row lives on without a name until its token is revoked there."""
    zoom_connections.disconnect(user, by=user)
    rows = models.ZoomConnection.objects.filter(user=user)
    return rows.update(zoom_email="", last_error="", updated_at=timezone.now())

"""Founding, deleting and restoring organizations, and how the platform judges them."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import blockers, signals
from accounts.models import (
    ApiToken,
    Membership,
    Organization,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from common import audit, codes, context
from common.exceptions import Conflict
from common.models import AuditEntry

SLUG_LENGTH = 100
SLUG_ATTEMPTS = 5


@transaction.atomic
def found(*, by: User, name: str, slug: str = "", **fields: Any) -> Organization:
    """Create an organization with its founder as owner; without a slug its name makes one."""
    facts = {
        **fields,
        "name": name,
        "created_by": by,
        "seat_limit": settings.ORGANIZATION_DEFAULT_SEATS,
    }
    organization = _with_slug(slug, facts) if slug else _with_free_slug(name, facts)
    membership = Membership.objects.create(
        organization=organization, user=by, role=Membership.Role.OWNER
    )
    by.known_reach = None
    audit.record("organization.created", target=organization, by=by, organization=organization)
    signals.membership_changed.send(sender=Membership, membership=membership)
    return organization


@transaction.atomic
def delete(organization: Organization, *, by: User) -> None:
    """Hide the organization and stop its programs; people and content stay where they are.

    Raises ActiveContent while something is offered to others.
    """
    organization.lock()
    if organization.is_deleted:
        return
    if found_open := blockers.found(organization=organization):
        raise blockers.ActiveContent(details={"blockers": [asdict(each) for each in found_open]})
    organization.delete()
    _stop_programs(organization)
    by.known_reach = None
    audit.record("organization.deleted", target=organization, by=by, organization=organization)


@transaction.atomic
def restore(organization: Organization, *, by: User) -> None:
    """Bring a deleted organization back; its keys and endpoints stay stopped."""
    organization.lock()
    if not organization.is_deleted:
        return
    organization.deleted_at = None
    organization.save(update_fields=["deleted_at"])
    by.known_reach = None
    audit.record("organization.restored", target=organization, by=by, organization=organization)


@transaction.atomic
def judge(organization: Organization, *, by: User, reason: str, **verdict: Any) -> None:
    """Verify or deactivate the organization, or take that back; for people of the platform."""
    organization.lock()
    for name, value in verdict.items():
        setattr(organization, name, value)
    organization.save(update_fields=list(verdict))
    with context.acting(actor_type=AuditEntry.ActorType.STAFF):
        audit.record(
            "organization.judged",
            target=organization,
            by=by,
            organization=organization,
            reason=reason,
            **verdict,
        )


def _stop_programs(organization: Organization) -> None:
    """Revoke the organization's keys, disable its endpoints, drop what they were to be sent."""
    now = timezone.now()
    ApiToken.objects.filter(organization=organization, revoked_at=None).update(
        revoked_at=now, updated_at=now
    )
    endpoints = WebhookEndpoint.objects.filter(organization=organization)
    endpoints.filter(is_active=True).update(
        is_active=False,
        disabled_at=now,
        disabled_reason=WebhookEndpoint.DisabledReason.OWNER,
        updated_at=now,
    )
    pending = WebhookDelivery.Status.PENDING
    WebhookDelivery.objects.filter(endpoint__in=endpoints, status=pending).update(
        status=WebhookDelivery.Status.CANCELLED, next_attempt_at=None, updated_at=now
    )


def _with_free_slug(name: str, facts: dict[str, Any]) -> Organization:
    suffix = ""
    for _ in range(SLUG_ATTEMPTS):
        stem = codes.slug(name, limit=SLUG_LENGTH - len(codes.slug_suffix()))
        try:
            return _with_slug(stem + suffix, facts)
        except IntegrityError:
            suffix = codes.slug_suffix()
    raise Conflict


def _with_slug(slug: str, facts: dict[str, Any]) -> Organization:
    with transaction.atomic():
        return Organization.objects.create(slug=slug, **facts)

"""Founding organizations."""

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import signals
from accounts.models import Membership, Organization, User
from common import audit, codes
from common.exceptions import Conflict

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

"""Which designs and certificates may be reached, and in which state they are."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self, TypeAlias

from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.roles import Capability, reach
from common.querysets import SoftDeleteQuerySet
from events.access import condition

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import Organization, User
    from certificates.models import Certificate, CertificateTemplate

    Caller: TypeAlias = User | AnonymousUser

# A task has had its chance by then; the sweep takes over.
PENDING_TOO_LONG = timedelta(minutes=2)
RETRY_FAILED_AFTER = timedelta(hours=1)


class CertificateTemplateQuerySet(SoftDeleteQuerySet["CertificateTemplate"]):
    """Designs."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep built-in ones, one's own, and those shared where one may issue."""
        held = reach(user)
        shared = Q(
            is_shared=True,
            organization__in=held.organizations_with(Capability.CERTIFICATES_ISSUE),
        )
        own = Q(owner=held.user_id, organization=None) if held.personal else Q(pk__in=[])
        within = Q(owner=held.user_id, organization__in=held.organizations)
        return self.filter(Q(is_builtin=True) | own | within | shared)

    def managed_by(self, user: "Caller", capability: str = Capability.CERTIFICATES_DESIGN) -> Self:
        """Keep those the user may edit: own ones, and in an organization those of its heads."""
        held = reach(user)
        own = Q(owner=held.user_id)
        alone = Q(organization=None) if held.personal else Q(pk__in=[])
        heads = held.organizations_with(Capability.ORGANIZATION_EDIT)
        mine = own & (alone | Q(organization__in=held.organizations_with(capability)))
        return self.filter(is_builtin=False).filter(mine | Q(organization__in=heads))

    def usable_for(self, *, owner: "User", organization: "Organization | None") -> Self:
        """Keep those a tenant may print on: built-in, its owner's, and its organization's."""
        within = Q(is_builtin=True) | Q(owner=owner, organization=None)
        if organization is not None:
            within |= Q(organization=organization) & (Q(is_shared=True) | Q(owner=owner))
        return self.filter(within)

    def active(self) -> Self:
        """Leave out those that are no longer offered."""
        return self.filter(is_active=True)

    def latest_versions(self) -> Self:
        """Keep the newest version of each design."""
        return self.filter(is_latest_version=True)


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Certificates."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those of events whose certificates the user may see."""
        return self.managed_by(user, Capability.CERTIFICATES_VIEW)

    def managed_by(self, user: "Caller", capability: str = Capability.CERTIFICATES_ISSUE) -> Self:
        """Keep those of events for which the user may issue, or what else the capability says."""
        return self.filter(condition(user, capability, path="registration__event__"))

    def held_by(self, user: "Caller") -> Self:
        """Keep the user's own."""
        return self.filter(registration__user=user.pk) if user.pk else self.none()

    def active(self) -> Self:
        """Keep those in force; expiry is asked apart."""
        return self.filter(status="active")

    def of_event(self, event_id: int) -> Self:
        """Keep those of one event."""
        return self.filter(registration__event=event_id)

    def awaiting_pdf(self, now: datetime) -> Self:
        """Keep those whose PDF is late, and failed ones worth another try."""
        late = Q(pdf_status="pending", created_at__lt=now - PENDING_TOO_LONG)
        failed = Q(pdf_status="failed", updated_at__lt=now - RETRY_FAILED_AFTER)
        return self.filter(late | failed)

    def with_facts(self) -> Self:
        """Make what the snapshot says available to filters, search and ordering."""
        return self.annotate(
            attendee_name=F("holder_name"),
            event_title=_printed("event_title"),
            event_date=_printed("event_date"),
            cpd_type=_printed("cpd_type"),
            printed_number=_printed("certificate_number"),
        )

    def with_relations(self) -> Self:
        """Load with each certificate what its answers name."""
        return self.select_related(
            "registration__event__owner",
            "registration__event__organization",
            "registration__user",
            "template",
            "issued_by",
            "supersedes",
            "superseded_by",
        )


def _printed(key: str) -> Cast:
    # Without the cast a comparison would take its right side for JSON.
    return Cast(KT(f"certificate_data__{key}"), models.TextField())

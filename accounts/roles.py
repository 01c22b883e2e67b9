"""Who may do what: capabilities, the table of roles, and how far somebody reaches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from django.conf import settings
from django.db.models import Q

from common import oversight

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import ApiToken, User

    Caller: TypeAlias = User | AnonymousUser


class Capability(StrEnum):
    """One thing a role may do."""

    ORGANIZATION_VIEW = "organization.view"
    ORGANIZATION_EDIT = "organization.edit"
    ORGANIZATION_TRANSFER = "organization.transfer"
    ORGANIZATION_DELETE = "organization.delete"
    BILLING_MANAGE = "billing.manage"
    MEMBERS_VIEW = "members.view"
    MEMBERS_INVITE = "members.invite"
    MEMBERS_MANAGE = "members.manage"
    DEVELOPER_MANAGE = "developer.manage"
    AUDIT_VIEW = "audit.view"
    EVENTS_VIEW = "events.view"
    EVENTS_CREATE = "events.create"
    EVENTS_MANAGE = "events.manage"
    REGISTRATIONS_VIEW = "registrations.view"
    REGISTRATIONS_MANAGE = "registrations.manage"
    ATTENDANCE_CHECK_IN = "attendance.check_in"
    ATTENDANCE_MANAGE = "attendance.manage"
    CERTIFICATES_VIEW = "certificates.view"
    CERTIFICATES_ISSUE = "certificates.issue"
    CERTIFICATES_DESIGN = "certificates.design"
    COURSES_MANAGE = "courses.manage"
    CREDITS_DESIGNATE = "credits.designate"
    CONTENT_EDIT = "content.edit"
    GRADING = "grading"
    RECORDINGS_VIEW = "recordings.view"
    RECORDINGS_MANAGE = "recordings.manage"
    CONTACTS_MANAGE = "contacts.manage"
    CAMPAIGNS_SEND = "campaigns.send"
    STATISTICS_VIEW = "statistics.view"
    EXPORTS_MAKE = "exports.make"


C = Capability
EVERYTHING = frozenset(Capability)
STAFF_ROLE = frozenset(
    {
        C.ORGANIZATION_VIEW,
        C.MEMBERS_VIEW,
        C.EVENTS_VIEW,
        C.RECORDINGS_VIEW,
        C.CERTIFICATES_VIEW,
        C.REGISTRATIONS_VIEW,
        C.ATTENDANCE_CHECK_IN,
    }
)
INSTRUCTOR_ROLE = STAFF_ROLE - {C.ATTENDANCE_CHECK_IN} | {C.CONTENT_EDIT, C.GRADING}
OFFICE = frozenset(
    {
        C.ORGANIZATION_EDIT,
        C.BILLING_MANAGE,
        C.MEMBERS_INVITE,
        C.MEMBERS_MANAGE,
        C.DEVELOPER_MANAGE,
        C.AUDIT_VIEW,
    }
)
OWNERSHIP = frozenset({C.ORGANIZATION_TRANSFER, C.ORGANIZATION_DELETE})
CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    "owner": EVERYTHING,
    "admin": EVERYTHING - OWNERSHIP,
    "organizer": EVERYTHING - OWNERSHIP - OFFICE,
    "instructor": INSTRUCTOR_ROLE,
    "staff": STAFF_ROLE,
}
READING = frozenset(
    capability
    for capability in Capability
    if capability.endswith(".view") or capability is C.EXPORTS_MAKE
)
PLATFORM_STAFF = READING


@dataclass(frozen=True)
class Reach:
    """What one caller may do with personal rows, in which organizations, and everywhere.

    `offers` is false for attendees: what they own from a time as organizer they may only read.
    """

    user_id: int | None = None
    personal: bool = False
    offers: bool = True
    organizations: Mapping[int, frozenset[Capability]] = field(default_factory=dict)
    everywhere: frozenset[Capability] = frozenset()

    def organizations_with(self, capability: str) -> frozenset[int]:
        """Return the ids of the organizations in which the caller has the capability."""
        return frozenset(pk for pk, held in self.organizations.items() if capability in held)

    def sees_everything(self, capability: str) -> bool:
        """Tell whether the caller has the capability in every tenant: people of the platform.

        That it was used goes on record.
        """
        if capability not in self.everywhere:
            return False
        oversight.note(capability)
        return True

    def scope(
        self, capability: str, *, owner: str = "owner", organization: str = "organization"
    ) -> Q:
        """Return the condition that keeps rows in reach; name the paths to their tenant.

        A row with an organization is the organization's; only one without is its owner's.
        """
        if self.sees_everything(capability):
            return Q()
        within = Q(**{f"{organization}__in": self.organizations_with(capability)})
        if self._owns(capability) and self.user_id is not None:
            within |= Q(**{owner: self.user_id, f"{organization}__isnull": True})
        return within

    def may(
        self, capability: str, *, owner_id: int | None = None, organization_id: int | None = None
    ) -> bool:
        """Tell the same about one loaded row."""
        if self.sees_everything(capability):
            return True
        if organization_id is not None:
            return capability in self.organizations.get(organization_id, frozenset())
        return self._owns(capability) and owner_id is not None and owner_id == self.user_id

    def _owns(self, capability: str) -> bool:
        return self.personal and (self.offers or capability in READING)


NOBODY = Reach()


def reach(user: "Caller") -> Reach:
    """Return how far the user reaches; asked of the database once per user object."""
    if not user.is_authenticated:
        return NOBODY
    if user.known_reach is None:
        user.known_reach = _reach(user)
    return user.known_reach


def know(user: "User", held: Iterable[tuple[int, str]]) -> None:
    """Keep how far the user reaches, whose organizations and roles came along with the session."""
    user.known_reach = _reach_of_person(user, held)


def is_platform_staff(user: "Caller") -> bool:
    """Tell whether a person of the platform is at work: signed in, well enough proven."""
    return bool(user.is_authenticated and user.is_staff and _is_proven(user))


def _reach(user: "User") -> Reach:
    if user.api_token is not None:
        return _reach_of_program(user.api_token)
    held = user.memberships.current().values_list("organization_id", "role")
    return _reach_of_person(user, held)


def _reach_of_person(user: "User", held: Iterable[tuple[int, str]]) -> Reach:
    return Reach(
        user_id=user.pk,
        personal=True,
        offers=user.is_organizer,
        organizations={organization: CAPABILITIES[role] for organization, role in held},
        everywhere=_everywhere(user),
    )


def _reach_of_program(token: "ApiToken") -> Reach:
    """Return what a token leaves of its creator's reach: their own, or one organization's.

    There it is the lesser of their role and organizer; of people of the platform nothing remains.
    """
    if token.organization_id is None:
        return Reach(user_id=token.user_id, personal=True, offers=token.user.is_organizer)
    held = CAPABILITIES.get(token.creator_role, frozenset()) & CAPABILITIES["organizer"]
    return Reach(user_id=token.user_id, organizations={token.organization_id: held})


def _everywhere(user: "User") -> frozenset[Capability]:
    if not _is_proven(user):
        return frozenset()
    if user.is_superuser:
        return EVERYTHING
    return PLATFORM_STAFF if user.is_staff else frozenset()


def _is_proven(user: "User") -> bool:
    session = user.session
    return session is not None and (session.second_factor or not settings.STAFF_REQUIRE_OTP)

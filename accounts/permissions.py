"""Questions about the kind of caller; whose rows they are, the querysets know."""

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from accounts import roles
from accounts.exceptions import EmailNotVerified
from accounts.models import User
from common.exceptions import NotAllowed

if TYPE_CHECKING:
    from rest_framework.views import APIView


class OrganizerRequired(NotAllowed):
    message = "Organizer account required."


class IsOrganizer(IsAuthenticated):
    """An organizer account."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        if not _person(request).is_organizer:
            raise OrganizerRequired
        return True


class IsOrganizerOrMember(IsAuthenticated):
    """An organizer account, or anybody with a role in an organization.

    Who was an organizer once may still read.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        user = _person(request)
        reach = roles.reach(user)
        reads = request.method in SAFE_METHODS and user.upgraded_to_organizer_at is not None
        if not (user.is_organizer or reach.organizations or reach.everywhere or reads):
            raise OrganizerRequired
        return True


class IsVerified(IsAuthenticated):
    """Somebody whose address is proven."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        if not _person(request).email_verified:
            raise EmailNotVerified
        return True


def _person(request: Request) -> User:
    """Return the caller; only asked of signed-in ones."""
    return cast("User", request.user)

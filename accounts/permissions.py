"""Questions about the kind of caller; whose rows they are, the querysets know."""

from typing import TYPE_CHECKING, cast

from django.conf import settings
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request

from accounts import roles
from accounts.exceptions import EmailNotVerified
from accounts.models import User
from common.exceptions import NotAllowed

if TYPE_CHECKING:
    from rest_framework.views import APIView


class OrganizerRequired(NotAllowed):
    message = "Organizer account required."


class SecondFactorRequired(NotAllowed):
    code = "SECOND_FACTOR_REQUIRED"
    message = "Please sign in with your second factor."


class IsOrganizer(IsAuthenticated):
    """An organizer account."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        if not _person(request).is_organizer:
            raise OrganizerRequired
        return True


class IsOrganizerOrMember(IsAuthenticated):
    """An organizer account, or anybody with a role in an organization."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        user = _person(request)
        reach = roles.reach(user)
        if not (user.is_organizer or reach.organizations or reach.everywhere):
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


class IsPlatformStaff(BasePermission):
    """People who run the product, signed in with their second factor where that is required."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not (user and user.is_authenticated and user.is_staff):
            return False
        if settings.STAFF_REQUIRE_OTP and not roles.is_platform_staff(user):
            raise SecondFactorRequired
        return True


def _person(request: Request) -> User:
    """Return the caller; only asked of signed-in ones."""
    return cast("User", request.user)

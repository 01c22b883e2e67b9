"""Who runs the platform; every other kind of caller is told apart by the apps above."""

from django.conf import settings
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.views import APIView

from common.exceptions import NotAllowed


class SecondFactorRequired(NotAllowed):
    """The address and the password alone do not open the platform's own tools."""

    code = "SECOND_FACTOR_REQUIRED"
    message = "Please sign in with your second factor."


class IsPlatformStaff(IsAdminUser):
    """People who run the product, signed in with their second factor where that is required.

    What a caller signed in with is the session behind the request, ``request.auth``.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if settings.STAFF_REQUIRE_OTP and not getattr(request.auth, "second_factor", False):
            raise SecondFactorRequired
        return True

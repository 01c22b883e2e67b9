"""The signed-in person's second factor."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import passwords, second_factor
from accounts.models import TotpDevice
from accounts.requests import AuthenticatedRequest
from accounts.serializers import second_factor as shapes
from accounts.serializers.zoom import FreshProofOfIdentitySerializer
from common.viewsets import BaseViewSet


class TwoFactorViewSet(BaseViewSet[TotpDevice]):
    """The codes that signing in asks for besides the password."""

    scoped_by = "the caller's own second factor"
    request: AuthenticatedRequest
    schema_tag = "users"
    idempotent = False
    serializer_class = shapes.ConditionSerializer
    action_serializers = {
        "start": FreshProofOfIdentitySerializer,
        "confirm": shapes.ProofByCodeSerializer,
        "disable": shapes.ProofByCodeSerializer,
        "recovery_codes": shapes.ProofByCodeSerializer,
    }

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]  # it depends on the method
        return "" if self.request.method in SAFE_METHODS else "auth"

    def retrieve(self, request: Request) -> Response:
        """Show whether codes are asked for."""
        found = second_factor.condition(self.request.user)
        return Response(shapes.ConditionSerializer(asdict(found)).data)

    @extend_schema(responses={200: shapes.EnrolmentSerializer})
    def start(self, request: Request) -> Response:
        """Make a secret for an authenticator app; nothing is asked for before it is confirmed."""
        self._freshly(FreshProofOfIdentitySerializer)
        return Response(asdict(second_factor.start(self.request.user)))

    @extend_schema(responses={200: shapes.RecoveryCodesSerializer})
    def confirm(self, request: Request) -> Response:
        """Switch the second factor on by a code of the app; the answer shows recovery codes."""
        otp = self._freshly(shapes.ProofByCodeSerializer)["otp"]
        made = second_factor.confirm(self.request.user, otp, now=timezone.now())
        return Response({"recovery_codes": made})

    @extend_schema(responses={204: None})
    def disable(self, request: Request) -> Response:
        """Switch the second factor off by a code."""
        otp = self._freshly(shapes.ProofByCodeSerializer)["otp"]
        second_factor.disable(self.request.user, otp, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={200: shapes.RecoveryCodesSerializer})
    def recovery_codes(self, request: Request) -> Response:
        """Replace the recovery codes, by a code."""
        otp = self._freshly(shapes.ProofByCodeSerializer)["otp"]
        made = second_factor.renew_codes(self.request.user, otp, now=timezone.now())
        return Response({"recovery_codes": made})

    def _freshly(self, body: type[FreshProofOfIdentitySerializer]) -> dict[str, Any]:
        given = self.validated(body)
        now = timezone.now()
        passwords.require_fresh(self.request.user, password=given["password"], now=now)
        return given

"""Accounts of people, for those who run the platform."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import supervision
from accounts.filters import StaffUserFilter
from accounts.models import Membership, User
from accounts.requests import AuthenticatedRequest
from accounts.serializers import staff_users as shapes
from common import oversight
from common.permissions import IsPlatformStaff
from common.viewsets import BaseViewSet, ListMixin, RetrieveMixin

CURRENT = Membership.objects.current().select_related("organization").order_by("pk")


class StaffUserViewSet(ListMixin[User], RetrieveMixin[User], BaseViewSet[User]):
    """All accounts, for the people who run the platform; each answers for what they do here."""

    request: AuthenticatedRequest
    scoped_by = "platform staff"
    schema_tag = "staff"
    permission_classes = [IsPlatformStaff]
    queryset = User.objects.all()
    serializer_class = shapes.StaffUserSerializer
    action_serializers = {
        "deactivate": shapes.ReasonSerializer,
        "reactivate": shapes.ReasonSerializer,
        "terminate_sessions": shapes.ReasonSerializer,
        "disable_two_factor": shapes.ReasonSerializer,
        "send_password_reset": shapes.OptionalReasonSerializer,
    }
    filterset_class = StaffUserFilter
    search_fields = ("email", "full_name")

    def get_queryset(self) -> QuerySet[User]:
        oversight.note("users.view")
        memberships = Prefetch("memberships", queryset=CURRENT.all(), to_attr="affiliations")
        rows = User.objects.get_queryset().for_staff(timezone.now())
        return rows.prefetch_related(memberships)

    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, **kwargs: Any) -> Response:
        """Let nobody sign in to the account; sessions end and API tokens stop."""
        return self.carry_out(supervision.deactivate, **self.validated(shapes.ReasonSerializer))

    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, **kwargs: Any) -> Response:
        """Let the user sign in again."""
        return self.carry_out(supervision.reactivate, **self.validated(shapes.ReasonSerializer))

    @action(detail=True, methods=["post"], url_path="terminate-sessions")
    def terminate_sessions(self, request: Request, **kwargs: Any) -> Response:
        """Sign the user out everywhere."""
        reason = self.validated(shapes.ReasonSerializer)
        return self.carry_out(supervision.terminate_sessions, **reason)

    @action(detail=True, methods=["post"], url_path="send-password-reset")
    def send_password_reset(self, request: Request, **kwargs: Any) -> Response:
        """Mail the user a link that sets a new password."""
        reason = self.validated(shapes.OptionalReasonSerializer)
        return self.carry_out(supervision.send_password_reset, now=timezone.now(), **reason)

    @action(detail=True, methods=["post"], url_path="disable-two-factor")
    def disable_two_factor(self, request: Request, **kwargs: Any) -> Response:
        """Switch the second factor off for somebody who lost phone and recovery codes."""
        reason = self.validated(shapes.ReasonSerializer)
        return self.carry_out(supervision.disable_two_factor, **reason)

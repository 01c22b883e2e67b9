"""Invitations into organizations: sending them, and answering them."""

from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts import invitations
from accounts.filters import MembershipInvitationFilter
from accounts.models import Membership, MembershipInvitation
from accounts.permissions import IsVerified
from accounts.requests import AuthenticatedRequest
from accounts.roles import Capability
from accounts.scoping import OrganizationScopedMixin
from accounts.serializers import invitations as shapes
from accounts.serializers.organizations import OwnMembershipSerializer
from common.viewsets import (
    BaseViewSet,
    CreateMixin,
    DestroyMixin,
    ListMixin,
    PublicViewSet,
    RetrieveMixin,
)

SENDING = frozenset({"create", "resend"})


class MembershipInvitationViewSet(
    OrganizationScopedMixin[MembershipInvitation],
    ListMixin[MembershipInvitation],
    CreateMixin[MembershipInvitation],
    RetrieveMixin[MembershipInvitation],
    DestroyMixin[MembershipInvitation],
):
    """Whom one organization has asked in."""

    organization_capability = Capability.MEMBERS_INVITE
    queryset = MembershipInvitation.objects.select_related("organization", "invited_by")
    serializer_class = shapes.InvitationSerializer
    action_serializers = {
        "create": shapes.InviteSerializer,
        "retrieve": shapes.InvitationSerializer,
    }
    filterset_class = MembershipInvitationFilter
    search_fields = ("email",)
    further_refusals = {"create": (402,), "resend": (402,)}

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]  # it depends on the action
        return "bulk" if self.action in SENDING else ""

    def get_permissions(self) -> list[BasePermission]:
        return [IsVerified() if self.action in SENDING else IsAuthenticated()]

    def get_queryset(self) -> QuerySet[MembershipInvitation]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(organization=self.organization)

    def perform_create(
        self, serializer: BaseSerializer[MembershipInvitation]
    ) -> MembershipInvitation:
        wanted = serializer.validated_data
        return invitations.invite(self.organization, by=self.request.user, **wanted)

    def perform_destroy(self, row: MembershipInvitation) -> None:
        invitations.revoke(row, by=self.request.user)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, **kwargs: Any) -> Response:
        """Send the invitation again with a new secret; the old one is void."""
        return self.carry_out(invitations.resend)


class MyInvitationViewSet(ListMixin[MembershipInvitation], BaseViewSet[MembershipInvitation]):
    """The invitations to the caller's verified address."""

    scoped_by = "the caller's own address"
    request: AuthenticatedRequest
    schema_tag = "users"
    queryset = MembershipInvitation.objects.select_related("organization", "invited_by")
    serializer_class = shapes.OwnInvitationSerializer
    further_refusals = {"accept": (402,)}

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated() if self.action == "list" else IsVerified()]

    def get_queryset(self) -> QuerySet[MembershipInvitation]:
        rows = cast("Any", super().get_queryset())
        if getattr(self, "swagger_fake_view", False):
            return cast("QuerySet[MembershipInvitation]", rows.none())
        rows = rows.addressed_to(self.request.user)
        if self.action == "list":
            rows = rows.open_at(timezone.now())
        return cast("QuerySet[MembershipInvitation]", rows)

    @extend_schema(request=None, responses={200: OwnMembershipSerializer})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, **kwargs: Any) -> Response:
        """Accept the invitation and become a member."""
        membership = invitations.accept(self.get_object(), by=self.request.user)
        return Response(OwnMembershipSerializer(membership).data)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, **kwargs: Any) -> Response:
        """Turn the invitation down."""
        invitations.decline(self.get_object(), by=self.request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationPreviewViewSet(PublicViewSet[MembershipInvitation]):
    """What a mailed invitation is about, before anybody signs in."""

    schema_tag = "organizations"
    throttle_scope = "auth"
    queryset = MembershipInvitation.objects.none()
    serializer_class = shapes.InvitationPreviewSerializer
    action_serializers = {"preview": shapes.InvitationSecretSerializer}

    @extend_schema(responses={200: shapes.InvitationPreviewSerializer})
    def preview(self, request: Request) -> Response:
        """Show who invites whom, as what."""
        body = self.validated(shapes.InvitationSecretSerializer)
        invitation = invitations.by_secret(body["token"], now=timezone.now())
        return Response(shapes.InvitationPreviewSerializer(invitation).data)


class InvitationAcceptViewSet(BaseViewSet[Membership]):
    """Accepting by the mailed secret."""

    scoped_by = "the secret, which is for the caller's address"
    request: AuthenticatedRequest
    schema_tag = "organizations"
    throttle_scope = "auth"
    permission_classes = [IsAuthenticated]
    queryset = Membership.objects.none()
    serializer_class = OwnMembershipSerializer
    action_serializers = {"accept": shapes.InvitationSecretSerializer}
    further_refusals = {"accept": (402,)}

    @extend_schema(responses={200: OwnMembershipSerializer})
    def accept(self, request: Request) -> Response:
        """Accept the invitation and become a member."""
        body = self.validated(shapes.InvitationSecretSerializer)
        membership = invitations.accept_by_secret(body["token"], by=self.request.user)
        return Response(OwnMembershipSerializer(membership).data)

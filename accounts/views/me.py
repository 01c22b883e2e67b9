"""The signed-in person: profile, preferences, sessions; organizers as strangers see them."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts import downgrading, sessions
from accounts.models import User, UserSession
from accounts.permissions import IsOrganizer, IsVerified
from accounts.querysets import UserQuerySet
from accounts.requests import AuthenticatedRequest
from accounts.serializers import me as shapes
from accounts.serializers.access import MessageSerializer
from common.viewsets import (
    DestroyMixin,
    ListMixin,
    PublicViewSet,
    RetrieveMixin,
    ScopedViewSet,
    UpdateMixin,
)


class OwnAccountViewSet(UpdateMixin[User], RetrieveMixin[User]):
    """The row of the caller, and no other."""

    request: AuthenticatedRequest
    schema_tag = "users"
    queryset = User.objects.all()

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.filter(pk=self.request.user.pk)

    def get_object(self) -> User:
        user = self.get_queryset().first()
        if user is None:
            raise Http404
        return user


class MeViewSet(OwnAccountViewSet):
    """The signed-in person's account."""

    resource = "profile"
    personal = True
    serializer_class = shapes.UserSerializer


class OrganizerProfileViewSet(OwnAccountViewSet):
    """What the organizer shows of themselves."""

    resource = "profile"
    personal = True
    permission_classes = [IsOrganizer]
    serializer_class = shapes.OrganizerProfileSerializer


class NotificationsViewSet(OwnAccountViewSet):
    """Which messages the person wants."""

    resource = "profile"
    personal = True
    serializer_class = shapes.NotificationsSerializer

    def perform_update(self, serializer: BaseSerializer[User]) -> None:
        user = cast("User", serializer.instance)
        user.choose_notifications(by=self.request.user, **serializer.validated_data)


class UpgradeViewSet(OwnAccountViewSet):
    """Becoming an organizer."""

    permission_classes = [IsVerified]
    serializer_class = shapes.UserMessageSerializer

    def upgrade(self, request: Request) -> Response:
        """Become an organizer; the trial starts at once."""
        user = self.get_object()
        user.upgrade(by=self.request.user)
        answer = {"message": "Successfully upgraded to organizer.", "user": user}
        return Response(shapes.UserMessageSerializer(answer).data)


class DowngradeViewSet(OwnAccountViewSet):
    """Becoming an attendee again."""

    serializer_class = shapes.UserMessageSerializer

    @extend_schema(request=None)
    def downgrade(self, request: Request) -> Response:
        """Become an attendee; what was made stays, to be read only."""
        user = self.get_object()
        downgrading.downgrade(user, by=self.request.user)
        answer = {"message": "You are an attendee now.", "user": user}
        return Response(shapes.UserMessageSerializer(answer).data)


class OnboardingViewSet(OwnAccountViewSet):
    """The first steps of a new account."""

    serializer_class = shapes.OnboardingSerializer

    def complete(self, request: Request) -> Response:
        """Note that the first steps are done; repeating changes nothing."""
        user = self.get_object()
        user.complete_onboarding(by=self.request.user)
        answer = {
            "onboarding_completed": True,
            "onboarding_completed_at": user.onboarding_completed_at,
        }
        return Response(shapes.OnboardingSerializer(answer).data)


class SessionViewSet(
    ListMixin[UserSession],
    RetrieveMixin[UserSession],
    DestroyMixin[UserSession],
    ScopedViewSet[UserSession],
):
    """The devices one is signed in on."""

    request: AuthenticatedRequest
    schema_tag = "users"
    permission_classes = [IsAuthenticated]
    queryset = UserSession.objects.all()
    serializer_class = shapes.UserSessionSerializer
    ordering = ("-last_activity_at",)

    def perform_destroy(self, row: UserSession) -> None:
        sessions.end(row, sessions.EndReason.TERMINATED, by=self.request.user)

    @extend_schema(responses={200: MessageSerializer})
    def terminate_all(self, request: Request, **kwargs: Any) -> Response:
        """Sign out everywhere else."""
        user = self.request.user
        sessions.end_all(user, sessions.EndReason.TERMINATED, by=user, keep=user.session)
        return Response({"message": "All other sessions terminated."})


class PublicOrganizerViewSet(RetrieveMixin[User], PublicViewSet[User]):
    """Organizers who show their profile to everybody."""

    schema_tag = "public"
    queryset = UserQuerySet(User).public_organizers()
    serializer_class = shapes.PublicOrganizerSerializer

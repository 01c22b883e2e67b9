"""Inviting to an event, and answering an invitation."""

from base64 import b64decode
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from common.dispatch import PublicView
from common.viewsets import DestroyMixin, ListMixin, PublicViewSet, RetrieveMixin, UpdateMixin
from events import access, admission, invitations
from events.filters import EventInvitationFilter
from events.models import EventInvitation
from events.scoping import EventScopedMixin
from events.serializers import invitations as shapes

SENDING: Final = frozenset({"create", "send_all", "resend"})
# The smallest transparent image there is.
DOT: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@extend_schema(tags=["events"])
class EventInvitationViewSet(
    EventScopedMixin[EventInvitation],
    ListMixin[EventInvitation],
    RetrieveMixin[EventInvitation],
    UpdateMixin[EventInvitation],
    DestroyMixin[EventInvitation],
):
    """Whom the organizers have asked to come."""

    resource = "events"
    event_action = access.Action.MANAGE
    queryset = EventInvitation.objects.select_related("event__owner", "event__organization")
    serializer_class = shapes.EventInvitationSerializer
    action_serializers = {
        "create": shapes.InviteToEventSerializer,
        "retrieve": shapes.EventInvitationSerializer,
    }
    filterset_class = EventInvitationFilter
    search_fields = ("email", "full_name")
    ordering = ("-created_at", "email", "id")
    ordering_fields = ("created_at", "email")
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    further_refusals = {"create": (402,)}

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]  # it depends on the action
        return "bulk" if self.action in SENDING else ""

    @extend_schema(
        request=shapes.InviteToEventSerializer, responses={201: shapes.InvitedSerializer}
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Invite up to 500 addresses, or the people of a contact list."""
        wanted = self.validated(shapes.InviteToEventSerializer)
        emails = wanted.pop("emails", ())
        outcome = invitations.invite(
            self.event, emails, by=self.request.user, mailing=invitations.Mailing(**wanted)
        )
        return Response(shapes.InvitedSerializer(outcome).data, status=status.HTTP_201_CREATED)

    def perform_update(self, serializer: BaseSerializer[EventInvitation]) -> None:
        invitation: Any = serializer.instance
        invitations.change(invitation, by=self.request.user, **serializer.validated_data)

    def perform_destroy(self, row: EventInvitation) -> None:
        invitations.remove(row, by=self.request.user)

    @extend_schema(request=None, responses=shapes.QueuedInvitationsSerializer)
    @action(detail=False, methods=["post"], url_path="send-all")
    def send_all(self, request: Request, **kwargs: Any) -> Response:
        """Mail the invitations that were kept back."""
        return Response({"queued": invitations.send_all(self.event, by=self.request.user)})

    @extend_schema(request=None, responses={202: shapes.EventInvitationSerializer})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, **kwargs: Any) -> Response:
        """Send an invitation again, a day later at the earliest; its old link opens nothing."""
        return self.carry_out(invitations.resend, status.HTTP_202_ACCEPTED)


@extend_schema(tags=["catalogue"])
class ReceivedInvitationViewSet(PublicViewSet[EventInvitation]):
    """An invitation, for whoever holds its link."""

    throttle_scope = "token"
    queryset = EventInvitation.objects.none()
    serializer_class = shapes.ReceivedInvitationSerializer
    action_serializers = {"respond": shapes.RespondSerializer}

    def show(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Show to what the link invites; it counts as opened."""
        invitation = admission.invitation_of(token, now=timezone.now())
        invitations.note_opening(token, now=timezone.now())
        return Response(self.represent(invitation))

    @extend_schema(request=shapes.RespondSerializer, responses=shapes.ReceivedInvitationSerializer)
    def respond(self, request: Request, token: str, **kwargs: Any) -> Response:
        """Say whether one comes; it reserves nothing."""
        answer = self.validated(shapes.RespondSerializer)
        invitation = admission.invitation_of(token, now=timezone.now())
        invitations.respond(invitation, now=timezone.now(), **answer)
        return Response(self.represent(invitation))


@extend_schema(tags=["catalogue"])
class OpenedImageView(PublicView):
    """The image in the mail, by which its opening is noticed."""

    throttle_scope = "token"

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Serve mail programs, which ask for images and nothing else."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="public_invitations_open_image",
        responses={(200, "image/gif"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, token: str, **kwargs: Any) -> HttpResponse:
        """Load the image; an unknown link gets it too."""
        invitations.note_opening(token, now=timezone.now())
        return HttpResponse(DOT, content_type="image/gif")

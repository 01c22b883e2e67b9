"""One's own registrations, by account or by signed link."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsVerified
from accounts.requests import AuthenticatedRequest
from common.viewsets import BaseViewSet, ListMixin, PublicViewSet, RetrieveMixin, ScopedViewSet
from registrations import (
    calendars,
    cancelling,
    claiming,
    completion,
    editing,
    guest_links,
    joining,
    tickets,
    waitlist,
)
from registrations.filters import MyRegistrationFilter
from registrations.models import Registration
from registrations.serializers.own import (
    ClaimableSerializer,
    LinkedSerializer,
    MyRegistrationSerializer,
    NameSerializer,
)
from registrations.serializers.parts import (
    ExplanationSerializer,
    ReasonSerializer,
    TicketSerializer,
)

CALENDAR_FILE = {(200, "text/calendar"): OpenApiTypes.STR}
REDIRECT = {302: OpenApiResponse(description="To the way into the running session.")}


class RegistrantVerbs(BaseViewSet[Registration]):
    """What a registrant may do, however they prove who they are."""

    serializer_class = MyRegistrationSerializer
    action_serializers = {
        "cancel": ReasonSerializer,
        "retrieve": MyRegistrationSerializer,
        "partial_update": NameSerializer,
    }

    @property
    def caller(self) -> User | None:
        """The account that acts; None for the holder of a signed link."""
        return None

    def conduct(self, verb: Any, **kwargs: Any) -> Response:
        """Call the verb for the registration of the path and answer with it."""
        row = self.get_object()
        verb(row, by=self.caller, **kwargs)
        return self.answer(self.reload(row))

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Give the place back."""
        return self.conduct(cancelling.cancel_own, **self.validated(ReasonSerializer))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="accept-offer")
    def accept_offer(self, request: Request, **kwargs: Any) -> Response:
        """Take the place that is offered."""
        return self.conduct(waitlist.accept)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="decline-offer")
    def decline_offer(self, request: Request, **kwargs: Any) -> Response:
        """Leave the place that is offered to the next in line."""
        return self.conduct(waitlist.decline)


class RegistrantPapers(BaseViewSet[Registration]):
    """What a registrant takes along."""

    @extend_schema(responses=TicketSerializer)
    @action(detail=True, methods=["get"])
    def ticket(self, request: Request, **kwargs: Any) -> Response:
        """Show the ticket of a confirmed place."""
        return Response(TicketSerializer(tickets.of(self.get_object())).data)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, methods=["get"])
    def eligibility(self, request: Request, **kwargs: Any) -> Response:
        """Show each condition with what it needs and what there is."""
        return Response(ExplanationSerializer(completion.explain(self.get_object())).data)

    @extend_schema(responses=CALENDAR_FILE)
    @action(detail=True, methods=["get"])
    def calendar(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        """Download the sessions as a calendar file."""
        written = calendars.file_for(self.get_object())
        disposition = {"Content-Disposition": 'attachment; filename="event.ics"'}
        return HttpResponse(
            written, content_type="text/calendar; charset=utf-8", headers=disposition
        )

    @extend_schema(responses=REDIRECT)
    @action(detail=True, methods=["get"])
    def join(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        """Go to one's own way into the running session."""
        return HttpResponseRedirect(joining.address(self.get_object(), now=timezone.now()))


@extend_schema(tags=["my registrations"])
class MyRegistrationViewSet(
    RegistrantVerbs,
    RegistrantPapers,
    ListMixin[Registration],
    RetrieveMixin[Registration],
    ScopedViewSet[Registration],
):
    """The registrations of the caller."""

    request: AuthenticatedRequest
    resource = "registrations"
    personal = True
    queryset = Registration.objects.all()
    filterset_class = MyRegistrationFilter
    search_fields = ("event__title",)
    ordering = ("-created_at", "-id")
    ordering_fields = ("created_at",)

    @property
    def caller(self) -> User | None:
        return self.request.user

    def get_queryset(self) -> QuerySet[Registration]:
        if getattr(self, "swagger_fake_view", False):
            return Registration.objects.none()
        return Registration.objects.held_by(self.request.user).for_registrants()


@extend_schema(tags=["guest links"])
class GuestRegistrationViewSet(
    RegistrantVerbs, RegistrantPapers, RetrieveMixin[Registration], PublicViewSet[Registration]
):
    """The registration a signed link stands for; the link is the only proof."""

    throttle_scope = "token"
    queryset = Registration.objects.all()
    lookup_field = "token"
    lookup_value_converter = "str"

    def get_object(self) -> Registration:
        return guest_links.registration_for(self.kwargs["token"], now=timezone.now())

    def reload(self, row: Registration) -> Registration:
        return Registration.objects.for_registrants().get(pk=row.pk)

    @extend_schema(request=NameSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Correct the name that will stand on the certificate, until the event starts."""
        return self.conduct(editing.rename, **self.validated(NameSerializer))


@extend_schema(tags=["my registrations"])
class LinkRegistrationsViewSet(ListMixin[Registration]):
    """Guest registrations that wait under the caller's proven address."""

    request: AuthenticatedRequest
    permission_classes = [IsVerified]
    scoped_by = "guest rows under the caller's proven address"
    queryset = Registration.objects.all()
    serializer_class = ClaimableSerializer
    ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Registration]:
        if getattr(self, "swagger_fake_view", False):
            return Registration.objects.none()
        rows = claiming.candidates(self.request.user)
        return rows.select_related("event")

    @extend_schema(request=None, responses={200: LinkedSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Take them over into the account."""
        count = claiming.claim(self.request.user)
        message = f"Registrations linked to your account: {count}."
        return Response(LinkedSerializer({"linked_count": count, "message": message}).data)

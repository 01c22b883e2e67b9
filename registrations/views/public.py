"""Registering for an event."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from common import idempotency, throttling
from common.dispatch import PublicView
from events.models import Event
from registrations import guest_links, intake, orders, registering
from registrations.serializers.public import BookingSerializer, RegisterSerializer


@extend_schema(tags=["registrations"])
class RegisterView(PublicView):
    """Places for the sender and up to nine further people, or for nobody."""

    throttle_scope = "register"
    # The order keeps the idempotency key; places are the last lock before the commit.
    external = True

    @extend_schema(request=RegisterSerializer, responses={201: BookingSerializer})
    def post(self, request: Request, event_uuid: UUID, **kwargs: Any) -> Response:
        """Register for an event."""
        event = get_object_or_404(
            Event.objects.select_related("owner", "organization"), uuid=event_uuid
        )
        user = request.user if isinstance(request.user, User) else None
        # The token is in the body: whether it admits is asked once that makes sense.
        registering.require_open(event, user=user, origin=orders.INVITED)
        serializer = RegisterSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        body = serializer.validated_data
        origin = registering.origin_of(
            event, token=body["invitation"], emails=intake.addresses(body, user=user)
        )
        people = intake.people(event, body, user=user)
        for person in people:
            if person.user is None:
                throttling.spend("register_address", person.email)
        booking = registering.register_all(orders.Request(event, people, origin, key=_key(request)))
        return Response(_answer(booking), status=status.HTTP_201_CREATED)


def _key(request: Request) -> orders.Key | None:
    claim = idempotency.claim_of(request)
    if claim is None:
        return None
    return orders.Key(claim.principal, claim.key, idempotency.fingerprint(request))


def _answer(booking: orders.Booking) -> dict[str, Any]:
    first = booking.registrations[0]
    answer = BookingSerializer(
        {
            "registration": first,
            "registrations": booking.registrations,
            "order": booking.order,
            "manage_url": guest_links.manage_url(first) if first.is_guest else "",
        }
    )
    return dict(answer.data)

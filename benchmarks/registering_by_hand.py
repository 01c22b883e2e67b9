"""One free registration as it is usually written: lock the event, count, insert."""

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from events.models import Event
from registrations.models import Order, Registration


@transaction.atomic
def register(request: HttpRequest, uuid: str) -> JsonResponse:
    """Take a place under a lock on the event's row."""
    body: dict[str, Any] = json.loads(request.body)
    event = Event.objects.select_for_update().get(uuid=uuid)
    taken = Registration.objects.filter(event=event, status="confirmed").count()
    if event.capacity is not None and taken >= event.capacity:
        return JsonResponse({"error": "full"}, status=409)
    if Registration.objects.filter(event=event, email=body["email"]).exists():
        return JsonResponse({"error": "twice"}, status=409)
    order = Order.objects.create(
        event=event, buyer_email=body["email"], buyer_name=body["full_name"], currency="USD"
    )
    registration = Registration.objects.create(
        event=event,
        order=order,
        email=body["email"],
        full_name=body["full_name"],
        status="confirmed",
        confirmed_at=timezone.now(),
        currency="USD",
    )
    event.registration_count = taken + 1
    event.save(update_fields=["registration_count"])
    return JsonResponse({"registration": {"uuid": str(registration.uuid)}}, status=201)

"""The questions of an event's registration form."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.requests import AuthenticatedRequest
from common.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, UpdateMixin
from events import access, registration_form
from events.models import EventCustomField
from events.scoping import EventScopedMixin
from events.serializers.parts import CustomFieldSerializer
from events.serializers.writing import (
    CustomFieldChangeSerializer,
    CustomFieldWriteSerializer,
    OrderSerializer,
)


@extend_schema(tags=["events"])
class EventCustomFieldViewSet(
    EventScopedMixin[EventCustomField],
    ListMixin[EventCustomField],
    CreateMixin[EventCustomField],
    RetrieveMixin[EventCustomField],
    UpdateMixin[EventCustomField],
    DestroyMixin[EventCustomField],
):
    """What registrants of one event are asked."""

    request: AuthenticatedRequest
    resource = "events"
    queryset = EventCustomField.objects.select_related("event")
    serializer_class = CustomFieldSerializer
    action_serializers = {
        "create": CustomFieldWriteSerializer,
        "partial_update": CustomFieldChangeSerializer,
        "reorder": OrderSerializer,
        "retrieve": CustomFieldSerializer,
    }
    search_fields = ("label",)
    ordering = ("order", "id")
    ordering_fields = ("order",)
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: BaseSerializer[EventCustomField]) -> EventCustomField:
        self.require(access.Action.MANAGE)
        entry = {name: value for name, value in serializer.validated_data.items() if name != "uuid"}
        return registration_form.add(self.event, by=self.request.user, **entry)

    def perform_update(self, serializer: BaseSerializer[EventCustomField]) -> None:
        field: Any = serializer.instance
        registration_form.change(field, by=self.request.user, entry=serializer.validated_data)

    def perform_destroy(self, row: EventCustomField) -> None:
        registration_form.remove(row, by=self.request.user)

    @extend_schema(responses=CustomFieldSerializer(many=True))
    @action(detail=False, methods=["post"])
    def reorder(self, request: Request, **kwargs: Any) -> Response:
        """Ask in the order named."""
        self.require(access.Action.MANAGE)
        registration_form.reorder(
            self.event, by=self.request.user, **self.validated(OrderSerializer)
        )
        self.action = "list"
        return self.list(request)

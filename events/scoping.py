"""Nested resources have their event once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property

from accounts.requests import AuthenticatedRequest
from common.exceptions import NotAllowed
from common.viewsets import BaseViewSet
from events import access
from events.models import Event

M = TypeVar("M", bound=Model)


class EventScopedMixin(BaseViewSet[M]):
    """Confine a nested viewset to one event the caller may see.

    `event_action` is what the caller must be allowed to do with it, also for reading.
    """

    request: AuthenticatedRequest
    scoped_by = "the event, which the caller sees"
    event_action: str = access.Action.SEE

    @cached_property
    def event(self) -> Event:
        seen = Event.objects.visible_to(self.request.user).select_related("owner", "organization")
        event = get_object_or_404(seen, uuid=self.kwargs["event_uuid"])
        if not access.can(self.request.user, event, self.event_action):
            raise NotAllowed
        return event

    def require(self, action: str) -> None:
        """Refuse whoever sees the event but may not do this with it."""
        if not access.can(self.request.user, self.event, action):
            raise NotAllowed

    @contextmanager
    def locked(self, row: M) -> Iterator[M]:
        """Lock the event before what hangs on it, as every verb does."""
        with transaction.atomic():
            self.event.lock()
            with super().locked(row) as current:
                yield current

    def get_queryset(self) -> QuerySet[M]:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()  # type: ignore[no-any-return]  # Any from the base
        return rows.filter(event=self.event)  # type: ignore[no-any-return]  # the same

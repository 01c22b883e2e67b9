"""Nested resources have their event once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiParameter

from accounts.requests import AuthenticatedRequest
from common.exceptions import NotAllowed
from common.viewsets import BaseViewSet, PublicViewSet, shared
from events import access, admission
from events.models import Event
from events.querysets import EventQuerySet

M = TypeVar("M", bound=Model)
R = TypeVar("R", bound=HttpResponseBase)
INVITATION = OpenApiParameter(
    "invitation", str, description="The token of an invitation; it opens the private event."
)


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
        return self.of_event(rows)  # type: ignore[no-any-return]  # the same

    def of_event(self, rows: Any) -> Any:
        """Keep what hangs on the event."""
        return rows.filter(event=self.event)


class ReachableMixin(PublicViewSet[Event]):
    """Events for everybody with the link, and private ones for whoever shows an invitation."""

    @property
    def invitation(self) -> str:
        """The token that came with the request, if any."""
        return self.request.query_params.get("invitation", "") if self.request else ""

    def reachable(self) -> EventQuerySet:
        """Return the events that this caller may open."""
        return admission.reachable(self.invitation).for_details()

    def shared(self, response: R) -> R:
        """Let caches keep what a stranger without a token was shown."""
        return response if self.invitation else shared(self.request, response)

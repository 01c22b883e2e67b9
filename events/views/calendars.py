"""Calendar files of events."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request

from common import etags
from common.viewsets import ScopedViewSet
from events import calendars
from events.models import Event
from events.scoping import INVITATION, ReachableMixin
from events.serializers.parts import may_join

CALENDAR_FILE = {(200, "text/calendar"): OpenApiTypes.STR}


@extend_schema(tags=["events"])
class EventCalendarViewSet(ScopedViewSet[Event]):
    """An event in the calendars of the people behind it."""

    resource = "events"
    queryset = Event.objects.for_details()

    @extend_schema(operation_id="events_calendar_file", responses=CALENDAR_FILE)
    def calendar(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        """Download the sessions, with the way into each for those who work at the door."""
        event = self.get_object()
        way = calendars.manager_way if may_join({"request": request}, event) else None
        return _answer(request, calendars.file_for(event, join_url=way))


@extend_schema(tags=["catalogue"])
class PublicEventCalendarViewSet(ReachableMixin):
    """An event in everybody's calendar; nothing in it leads into the meeting."""

    queryset = Event.objects.all()

    def get_queryset(self) -> QuerySet[Event]:
        return self.reachable()

    @extend_schema(
        operation_id="public_events_calendar_file",
        parameters=[INVITATION],
        responses=CALENDAR_FILE,
    )
    def calendar(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        """Download the sessions of an event that everybody may see, or that one is invited to."""
        return self.shared(_answer(request, calendars.file_for(self.get_object())))


def _answer(request: Request, written: bytes) -> HttpResponseBase:
    tag = etags.weak_tag(written)
    headers = {"ETag": tag, "Content-Disposition": 'attachment; filename="event.ics"'}
    if etags.is_known(request, tag):
        return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
    return HttpResponse(written, content_type="text/calendar; charset=utf-8", headers=headers)

"""The same answers as a careful Django developer would write them without any framework of ours."""

import json
from collections import defaultdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import User
from events.models import Event, EventCustomField, EventSession, Speaker, Tag
from events.serializers.reading import INTERNAL, OPEN, SUMMARY

PAGE_SIZE = 20
COMPUTED = {
    "owner", "organization", "cover_image_url", "meeting_status", "can_edit", "can_register",
    "is_past", "is_free", "public_url", "is_deleted", "category", "tags", "speakers", "price_from",
    "registration_state", "spots_remaining", "required_sessions", "duplicated_from",
    "zoom_join_url", "zoom_meeting_id", "custom_fields", "sessions",
}  # fmt: skip
OWNER = ("owner__uuid", "owner__full_name", "owner__email")
BEHIND = ("id", "public_code", "deleted_at", "places_taken", "highest_price_amount")
IN_LISTS = tuple(name for name in SUMMARY if name not in COMPUTED)
IN_DETAIL = tuple(name for name in (*SUMMARY, *OPEN, *INTERNAL) if name not in COMPUTED)
OF_SPEAKERS = ("uuid", "name", "title", "qualifications", "linkedin_url")
OF_SESSIONS = tuple(
    field.attname for field in EventSession._meta.concrete_fields if field.name != "zoom_passcode"
)


def list_events(request: HttpRequest) -> HttpResponse:
    """Answer one page of the caller's events as the product does."""
    user = _user(request)
    rows = Event.objects.filter(owner=user, organization=None)
    count = rows.count()
    size = int(request.GET.get("page_size", PAGE_SIZE))
    page = list(rows.order_by("-starts_at", "-id").values(*{*IN_LISTS, *OWNER, *BEHIND})[:size])
    states = defaultdict(list)
    found = EventSession.objects.filter(event__in=[row["id"] for row in page])
    for event_id, state in found.values_list("event_id", "meeting_status"):
        states[event_id].append(state)
    results = [_summary(row, states[row["id"]]) for row in page]
    return _answer({"count": count, "results": results})


def show_event(request: HttpRequest, uuid: str) -> HttpResponse:
    """Answer one event in full, with its sessions and questions."""
    user = _user(request)
    row = (
        Event.objects.filter(uuid=uuid, owner=user, organization=None)
        .values(*{*IN_DETAIL, *OWNER, *BEHIND, "category__name", "lowest_price_amount"})
        .get()
    )
    sessions_of = EventSession.objects.filter(event=row["id"]).order_by("session_number")
    found = list(sessions_of.values(*OF_SESSIONS))
    fields = list(EventCustomField.objects.filter(event=row["id"]).order_by("order").values())
    facts = _summary(row, [session["meeting_status"] for session in found])
    facts |= {name: row[name] for name in IN_DETAIL}
    tags = list(
        Tag.objects.filter(events=row["id"]).order_by("name").values_list("name", flat=True)
    )
    speakers = list(
        Speaker.objects.filter(events=row["id"]).order_by("name", "id").values(*OF_SPEAKERS)
    )
    for session in found:
        session["speakers"] = []
    by_id = {session["id"]: session for session in found}
    spoken = Speaker.objects.filter(sessions__in=by_id).order_by("name", "id")
    for speaker in spoken.values("sessions", *OF_SPEAKERS):
        by_id[speaker.pop("sessions")]["speakers"].append(speaker)
    children = {"sessions": found, "custom_fields": fields, "tags": tags, "speakers": speakers}
    return _answer(facts | children)


def _summary(row: dict[str, Any], states: list[str]) -> dict[str, Any]:
    now = timezone.now()
    open_now = row["status"] == "published" and row["ends_at"] > now
    return {name: row[name] for name in IN_LISTS} | {
        "owner": {
            "uuid": row["owner__uuid"],
            "full_name": row["owner__full_name"],
            "email": row["owner__email"],
        },
        "organization": None,
        "cover_image_url": None,
        "meeting_status": next((s for s in ("failed", "pending", "ready") if s in states), "none"),
        "can_edit": row["status"] in {"draft", "published"},
        "can_register": open_now,
        "is_past": row["ends_at"] < now,
        "is_free": row["highest_price_amount"] == 0,
        "public_url": f"http://localhost:3000/events/{row['slug']}-{row['public_code']}",
        "is_deleted": row["deleted_at"] is not None,
    }


def _user(request: HttpRequest) -> User:
    """Recognise the caller by the token, as the product has to: one query."""
    raw = request.headers["Authorization"].split()[1].encode()
    claims = tokens.read(raw, tokens.Kind.ACCESS)
    session = sessions.by_access_token(claims, now=timezone.now())
    if session is None:
        raise PermissionError
    return session.user


def _answer(facts: dict[str, Any]) -> HttpResponse:
    return HttpResponse(json.dumps(facts, cls=DjangoJSONEncoder), content_type="application/json")

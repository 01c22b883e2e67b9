"""What a certificate can say: the keys of a design and their words out of the snapshot."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

Snapshot = Mapping[str, Any]
SEPARATOR = " · "
DAY = "j F Y"
ALIASES = {"issue_date": "issued_date", "certificate_code": "certificate_id"}


def values(snapshot: Snapshot, language: str) -> dict[str, str]:
    """Return the words for every key, empty where the snapshot has nothing to say."""
    with translation.override(language):
        found = _person(snapshot) | _activity(snapshot) | _credit(snapshot)
        found |= _issuer(snapshot) | _document(snapshot)
    return found | {alias: found[key] for alias, key in ALIASES.items()}


def filled(pattern: str, words: Mapping[str, str]) -> str:
    """Fill ``{keys}``; parts between middle dots whose keys are all empty are left out."""
    parts = (_part(part, words) for part in pattern.split(SEPARATOR))
    return SEPARATOR.join(part for part in parts if part)


def spaced(short_code: str) -> str:
    """Return the short code as it is printed: XXXX-XXXX."""
    return f"{short_code[:4]}-{short_code[4:]}"


def _part(part: str, words: Mapping[str, str]) -> str:
    keys = re.findall(r"\{(\w+)\}", part)
    if keys and not any(words.get(key) for key in keys):
        return ""
    return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), part).strip()


def _text(snapshot: Snapshot, *keys: str) -> dict[str, str]:
    return {key: str(snapshot.get(key) or "") for key in keys}


def _person(snapshot: Snapshot) -> dict[str, str]:
    name = str(snapshot.get("attendee_name") or "")
    words = name.split()
    licences = snapshot.get("licences") or []
    return _text(
        snapshot, "attendee_name", "attendee_title", "attendee_credentials", "attendee_organization"
    ) | {
        "first_name": words[0] if words else "",
        "last_name": words[-1] if len(words) > 1 else "",
        "licence_number": ", ".join(licence["number"] for licence in licences),
    }


def _activity(snapshot: Snapshot) -> dict[str, str]:
    return {
        "event_title": str(snapshot.get("event_title") or snapshot.get("course_title") or ""),
        "event_date": period(snapshot.get("event_date"), snapshot.get("event_end_date")),
        "event_datetime": _moment(snapshot),
        "event_location": str(snapshot.get("event_location") or ""),
        "event_duration": _duration(snapshot.get("event_duration_minutes")),
        "session_list": "\n".join(part["title"] for part in snapshot.get("sessions") or []),
        "learning_objectives": "\n".join(snapshot.get("learning_objectives") or []),
        "custom_fields": "\n".join(
            f"{answer['label']}: {answer['value']}"
            for answer in snapshot.get("custom_fields") or []
        ),
    }


def _credit(snapshot: Snapshot) -> dict[str, str]:
    lines = snapshot.get("credits") or []
    statements = dict.fromkeys(line["statement"] for line in lines if line["statement"])
    minutes = snapshot.get("attendance_minutes")
    return {
        "credits": "\n".join(_credit_line(line) for line in lines),
        "cpd_type": str(snapshot.get("cpd_type") or ""),
        "cpd_credits": str(snapshot.get("cpd_credits") or ""),
        "cpd_hours": f"{minutes / 60:.2f}" if minutes else "",
        "credit_statements": " ".join(statements),
        "activity_number": _joined(lines, "activity_number"),
        "delivery_method": _joined(lines, "delivery_method"),
        "accreditation_note": " ".join(statements),
    }


def _issuer(snapshot: Snapshot) -> dict[str, str]:
    named = _text(
        snapshot,
        "organizer_name",
        "organizer_email",
        "provider_name",
        "provider_address",
        "provider_number",
    )
    named["provider_name"] = named["provider_name"] or named["organizer_name"]
    return named


def _document(snapshot: Snapshot) -> dict[str, str]:
    url = str(snapshot.get("verification_url") or "")
    return _text(snapshot, "certificate_number", "verification_url") | {
        "issued_date": _day(snapshot.get("issued_date")),
        "expires_date": _day(snapshot.get("expires_on")),
        "certificate_id": spaced(str(snapshot.get("short_code") or "")),
        "verification_host": urlsplit(url).netloc,
        "qr_code": url,
    }


def _credit_line(line: Mapping[str, Any]) -> str:
    split = ", ".join(f"{part['amount']} {part['name']}" for part in line["categories"])
    total = f"{line['amount']} {line['unit']}"
    return f"{total} ({split})" if split else total


def _joined(lines: list[Mapping[str, Any]], key: str) -> str:
    return ", ".join(dict.fromkeys(line[key] for line in lines if line[key]))


def _day(iso: str | None) -> str:
    return date_format(date.fromisoformat(iso), DAY) if iso else ""


def period(first: str | None, last: str | None) -> str:
    """Return the days of an activity in words."""
    if not first or not last or first == last:
        return _day(first)
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if (begin.year, begin.month) == (end.year, end.month):
        return f"{begin.day}–{_day(last)}"  # noqa: RUF001 -- a range takes the longer dash
    return f"{_day(first)} – {_day(last)}"  # noqa: RUF001 -- a range takes the longer dash


def _moment(snapshot: Snapshot) -> str:
    if not snapshot.get("event_datetime"):
        return ""
    zone = ZoneInfo(str(snapshot["event_timezone"]))
    local = datetime.fromisoformat(str(snapshot["event_datetime"])).astimezone(zone)
    return f"{date_format(local, f'{DAY}, H:i')} {local.tzname()}"


def _duration(minutes: int | None) -> str:
    if not minutes:
        return ""
    hours, rest = divmod(int(timedelta(minutes=minutes).total_seconds()) // 60, 60)
    parts = [
        _("%(hours)d h") % {"hours": hours} if hours else "",
        _("%(minutes)d min") % {"minutes": rest} if rest else "",
    ]
    return " ".join(filter(None, parts))

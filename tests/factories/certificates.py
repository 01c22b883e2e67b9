"""Designs and snapshots to draw, without a database."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import certificates

DESIGNS = Path(certificates.__file__).parent / "designs"


def built_in(name: str = "classic-1", **changes: Any) -> SimpleNamespace:
    """Return a built-in design as the renderer reads it."""
    facts = {
        "default_font": "sans",
        "default_font_size": 16,
        "default_color": "#111827",
        "language": "en",
        "signatory_name": "",
        "signatory_title": "",
        "signatory_2_name": "",
        "signatory_2_title": "",
    }
    design = json.loads((DESIGNS / f"{name}.json").read_text())
    return SimpleNamespace(**{**facts, **design, **changes})


def snapshot(**changes: Any) -> dict[str, Any]:
    """Return the facts of an ordinary certificate."""
    facts: dict[str, Any] = {
        "type": "event",
        "attendee_name": "Ada Lovelace",
        "attendee_title": "Consultant",
        "attendee_organization": "St Mary's Hospital",
        "event_title": "Advances in Anaesthesia",
        "event_date": "2027-03-03",
        "event_end_date": "2027-03-05",
        "event_datetime": "2027-03-03T09:00:00+00:00",
        "event_timezone": "Europe/Berlin",
        "event_location": "Online",
        "event_duration_minutes": 150,
        "attendance_minutes": 150,
        "credits": [credit()],
        "cpd_type": "CPD",
        "cpd_credits": "2.75",
        "organizer_name": "Acme Learning",
        "issued_date": "2027-03-06",
        "expires_on": None,
        "certificate_number": "CPD-2027-ABCDEFGH",
        "short_code": "ABCDEFGH",
        "verification_code": "0123456789abcdefABCDEF",
        "verification_url": "https://cpd.example.org/verify/0123456789abcdefABCDEF/",
    }
    return {**facts, **changes}


def credit(**changes: Any) -> dict[str, Any]:
    """Return one credit line of a snapshot."""
    facts: dict[str, Any] = {
        "award": "00000000-0000-4000-8000-000000000000",
        "scheme": "SIMPLE",
        "name": "Simple",
        "unit": "CPD points",
        "amount": "2.75",
        "categories": [],
        "activity_number": "",
        "provider_number": "",
        "delivery_method": "group_internet",
        "statement": "Designated for 2.75 points by the board.",
        "scheme_version": 1,
    }
    return {**facts, **changes}

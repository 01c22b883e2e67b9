"""What accounts tells integrators: the types, and what their objects say."""

from collections.abc import Mapping
from typing import Any, Final

from accounts.models import Membership
from accounts.webhooks import Content, thing

SAMPLE: Final = "5a1c0b52-6a55-4f6e-9a3e-0f6f3f0f7d11"
SAMPLE_ORGANIZATION: Final = "7b1f0d3e-2c64-4f0e-8b51-6d1a9f2c3e40"
ROOT: Final = "https://api.example.org/api/v1"
TYPES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "member.changed": (
        "Somebody joined an organization, got another role, or left.",
        {
            "object": "membership",
            "uuid": SAMPLE,
            "url": f"{ROOT}/organizations/{SAMPLE_ORGANIZATION}/members/{SAMPLE}/",
            "organization": SAMPLE_ORGANIZATION,
            "role": "instructor",
            "ended_at": None,
        },
    ),
    "ping": (
        "A test that you asked for; it means nothing.",
        {
            "object": "webhook_endpoint",
            "uuid": SAMPLE,
            "url": f"{ROOT}/webhook-endpoints/{SAMPLE}/",
            "endpoint": SAMPLE,
        },
    ),
}


def membership(row: Membership) -> Content:
    """Return what is said of somebody's place in an organization: never who it is."""
    organization = row.organization.uuid
    return thing(
        "membership",
        row,
        f"organizations/{organization}/members/{row.uuid}/",
        organization=organization,
        role=row.role,
        ended_at=row.ended_at,
    )

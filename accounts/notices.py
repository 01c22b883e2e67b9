"""The notices that accounts gives; each stands beside a mail of the same name."""

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "membership_changed": "Your role in an organization was given, changed or ended.",
    "organization_invitation": "An organization invites you.",
    "zoom_disconnected": "Zoom no longer works for your account.",
    "webhook_endpoint_disabled": "We stopped sending to one of your webhook endpoints.",
    "data_export_ready": "The copy of your data can be downloaded.",
    "session_reuse": "A sign-in was ended because its token was used twice.",
    "system": "A message from the people who run the platform.",
}

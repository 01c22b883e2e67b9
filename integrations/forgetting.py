"""How the inbox forgets people whom providers named."""

from collections.abc import Collection

from common.personal_data import declare
from integrations.models import InboundWebhook

FORGOTTEN = "{}"

declare(
    InboundWebhook,
    erased="body note",
    impersonal="event_type dedupe_key account_ref subject_ref headers done error",
)


def forget(subjects: Collection[str], texts: Collection[str]) -> int:
    """Empty handled messages about these subjects that hold one of the texts; return how many."""
    count = 0
    settled = InboundWebhook.objects.filter(
        subject_ref__in=subjects, status__in=["processed", "skipped", "failed"]
    )
    wanted = [text.lower() for text in texts if text]
    for webhook in settled.iterator(500):
        said = webhook.body.lower()
        if any(text in said for text in wanted):
            webhook.body, webhook.note = FORGOTTEN, ""
            webhook.save(update_fields=["body", "note"])
            count += 1
    return count

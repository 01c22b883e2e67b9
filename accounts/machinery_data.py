"""What the machinery and the inbox below accounts keep of a person."""

from typing import Any

from django.db.models import QuerySet

from accounts.privacy import Collected, Person, table
from common import forgetting
from common.forgetting import Traces
from common.models import StoredFile
from integrations import forgetting as inbox


def collect(person: Person) -> Collected:
    """Return the messages to the person, what they did and asked for, and the files they brought.

    What audit entries say beside that is often about others, so only where it came from is shown.
    """
    traces = _traces(person)
    uploads = traces.uploads()
    tables = {
        "emails": table(
            traces.mails(), "uuid", "kind", "category", "to_email", "to_name", "subject",
            "status", "created_at", "sent_at",
        ),
        "actions": table(
            traces.audit_entries(), "uuid", "at", "action", "target_type", "target_uuid",
            "payload__ip_address", "payload__user_agent",
        ),
        "jobs": table(traces.jobs(), "uuid", "kind", "status", "created_at", "finished_at"),
        "files": table(uploads, "uuid", "filename", "content_type", "size", "created_at"),
    }  # fmt: skip
    return Collected(tables, _by_name(uploads))


def erase(person: Person) -> dict[str, int]:
    """Empty the mail log, the audit entries, jobs, files and kept answers of the person."""
    return dict(forgetting.forget(_traces(person)))


def erase_messages(person: Person) -> dict[str, int]:
    """Empty what providers told about the person's meetings."""
    texts = {person.email, *person.names}
    return {"integrations.InboundWebhook": inbox.forget(person.meetings, texts)}


def _traces(person: Person) -> Traces:
    return Traces(person.user_uuid, person.email, frozenset(person.rows))


def _by_name(rows: QuerySet[Any]) -> dict[str, StoredFile]:
    return {f"{stored.uuid}-{stored.filename}": stored for stored in rows}

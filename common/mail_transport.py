"""The development transport: every message goes to the console and, as a file, to `MAIL_DIR`."""

import json
import sys
import threading
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

_console = threading.Lock()


class DevelopmentBackend(BaseEmailBackend):
    """Keep messages where `/dev/mail/` finds them; a worker of its own may write them too."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            facts = _facts(message)
            self._keep(facts)
            self._print(facts)
        return len(email_messages)

    def _keep(self, facts: dict[str, str]) -> None:
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        target = settings.MAIL_DIR / f"{facts['uuid']}.json"
        unfinished = target.with_suffix(".part")
        unfinished.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
        unfinished.replace(target)

    def _print(self, facts: dict[str, str]) -> None:
        lines = (
            f"--- mail to {facts['to_email']} ({facts['kind']}): {facts['subject']}",
            facts["text"],
            "---",
        )
        with _console:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()


def _facts(message: EmailMessage) -> dict[str, str]:
    """Return what the development mailbox shows, under the names of `/dev/mail.json`."""
    identity = str(message.extra_headers.get("Message-ID", "")).strip("<>").partition("@")[0]
    tags: list[str] = getattr(message, "tags", [])
    alternatives: list[Any] = getattr(message, "alternatives", None) or []
    return {
        "uuid": identity or str(uuid4()),
        "kind": tags[0] if tags else "",
        "to_email": parseaddr(message.to[0])[1],
        "subject": str(message.subject),
        "text": str(message.body),
        "html": next((str(part[0]) for part in alternatives if part[1] == "text/html"), ""),
        "created_at": timezone.now().isoformat().replace("+00:00", "Z"),
    }

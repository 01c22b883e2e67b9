"""How the connections to the outside world are doing, asked of the apps that own them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from integrations import webhooks
from integrations.models import InboundWebhook


@dataclass(frozen=True)
class Condition:
    """Whether a connection is set up, whether it works, and a sentence about it."""

    configured: bool
    healthy: bool
    detail: str


# user, organization uuid -> what that caller may know
Question = Callable[[Any, UUID | None], Condition]
_questions: dict[str, Question] = {}


def register(name: str, question: Question) -> None:
    """Let an app answer for one connection; it shows only what the caller may see."""
    _questions[name] = question


def of_all(user: Any, organization: UUID | None) -> dict[str, dict[str, Any]]:
    """Return every connection's condition for this caller."""
    return {name: asdict(question(user, organization)) for name, question in _questions.items()}


def inbox(_user: Any, _organization: UUID | None) -> Condition:
    """Tell whether messages of the providers come in and are handled."""
    configured = bool(webhooks.secrets_of("zoom") or webhooks.secrets_of("stripe"))
    failed = InboundWebhook.objects.filter(status=InboundWebhook.Status.FAILED).exists()
    detail = "Some messages could not be handled." if failed else "Messages are handled."
    return Condition(configured=configured, healthy=not failed, detail=detail)


def mail(_user: Any, _organization: UUID | None) -> Condition:
    """Tell how messages leave."""
    local = "smtp" not in settings.EMAIL_BACKEND
    detail = "Messages go to the development inbox." if local else "Messages leave by SMTP."
    return Condition(configured=True, healthy=True, detail=detail)

"""Run what the verbs asked for, as the worker would."""

from django.utils import timezone

from common import outbox

MOST_ROUNDS = 50


def finish() -> None:
    """Run everything due, and what that asks for in turn; delayed work is the worker's."""
    for _ in range(MOST_ROUNDS):
        if not outbox.run_due(timezone.now()):
            return

"""Everything asked for is carried out, and the mails it led to."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from common import outbox
from common.models import OutboxTask, OutgoingEmail


@pytest.fixture
def work(db) -> Callable[[], None]:
    """Run what was asked for, as the worker would; a task that fails makes the test fail."""

    def run() -> None:
        while outbox.run_due(timezone.now()):  # what a task asks for is due after it
            continue
        failed = OutboxTask.objects.exclude(last_error="").values_list("name", "last_error")
        assert list(failed) == []

    return run


@pytest.fixture
def mails(db) -> Callable[..., list[str]]:
    """Return the kinds of the messages queued for an address, in order."""

    def kinds(email: str) -> list[str]:
        rows = OutgoingEmail.objects.filter(to_email=email).order_by("pk")
        return list(rows.values_list("kind", flat=True))

    return kinds

"""Walk the audit chain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common import audit_chain


class Command(BaseCommand):
    """Exit with 1 and name the row when an entry was edited, removed, inserted or moved."""

    help = "Walk the audit chain; exit with 1 when it is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = audit_chain.verify(now=timezone.now())
        if not verdict.ok:
            raise CommandError(verdict.broken, returncode=1)
        self.stdout.write(f"{verdict.entries} entries, last hash {verdict.last_hash}.")
        if verdict.unsealed_too_long:
            self.stderr.write(f"{verdict.unsealed_too_long} entries have waited to be sealed.")

"""Run everything that is due, in this process."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common import audit_chain, delivery, outbox


class Command(BaseCommand):
    """Do what worker and beat would do: deliver, run due tasks, seal the audit log."""

    help = "Run everything that is due, in this process, and return."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Return when nothing is due.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["once"]:
            raise CommandError("Workers that stay are `celery -A config worker -B`; use --once.")
        count = 0
        while done := outbox.run_due(timezone.now()) + delivery.sweep(timezone.now()):
            count += done
        sealed = audit_chain.seal()
        self.stdout.write(f"{count} tasks run, {sealed} audit entries sealed.")

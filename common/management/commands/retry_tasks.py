"""Put failed tasks back to pending."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from common import outbox
from common.exceptions import DomainError
from common.models import OutboxTask
from common.progress import shown


class Command(BaseCommand):
    """What staff do one by one in the admin, for many rows."""

    help = "Put failed tasks back to pending, with all their attempts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="", help="Only tasks of this name.")
        parser.add_argument("--queue", default="", help="Only tasks of this queue.")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = OutboxTask.objects.filter(status=OutboxTask.Status.FAILED).order_by("pk")
        for option in ("name", "queue"):
            if options[option]:
                failed = failed.filter(**{option: options[option]})
        rows = shown(failed.iterator(500), total=failed.count(), label="Retrying", out=self.stdout)
        for row in rows:
            try:
                outbox.retry(row)
            except DomainError as refusal:
                self.stderr.write(f"{row.uuid}: {refusal.text}")

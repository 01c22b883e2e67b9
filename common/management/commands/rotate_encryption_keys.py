"""Re-encrypt every encrypted column under the newest key."""

from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand

from common import rotation
from common.progress import shown


class Command(BaseCommand):
    """Afterwards, when nothing is left under older keys, they may be removed."""

    help = "Re-encrypt every encrypted column under the newest key. May be stopped and repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        columns = rotation.columns()
        for column in columns:
            total = rotation.pending(column)
            values = chain.from_iterable(range(size) for size in rotation.rotate(column))
            for _ in shown(values, total=total, label=column.name, out=self.stdout):
                continue
        left = sum(rotation.pending(column) for column in columns)
        self.stdout.write(f"{left} values are still under older keys.")

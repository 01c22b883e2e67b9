"""Erase again whom a restored backup brought back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import reapplying


class Command(BaseCommand):
    """Read the log of the application and repeat the erasures it tells of."""

    help = "Repeat the erasures of a log file (JSON lines); exit with 1 when one is blocked."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("log", type=Path, help="A log file with one JSON object per line.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["log"]
        if not path.is_file():
            raise CommandError(f"{path} is no file.", returncode=2)
        with path.open(encoding="utf-8", errors="replace") as lines:
            outcome = reapplying.reapply(lines)
        self.stdout.write(f"{outcome.erased} erased again.")
        for uuid, code in outcome.blocked.items():
            self.stderr.write(f"{uuid}: {code}")
        if outcome.blocked:
            raise CommandError("Some could not be erased again; settle that first.", returncode=1)

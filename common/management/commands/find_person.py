"""Find what is left of a person."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import searching


class Command(BaseCommand):
    """Print every table and column that holds the text, and how often; never the text around it."""

    help = "Search all tables, file names and caches; exit with 1 for a hit where none may be."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help="A name or an address, three characters or more.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = options["text"].strip()
        if len(text) < searching.SHORTEST:
            raise CommandError("Please give three characters or more.", returncode=2)
        hits = list(searching.find(text))
        for hit in hits:
            note = "  (kept)" if hit.allowed else ""
            self.stdout.write(f"{hit.table}  {hit.column}  {hit.count}{note}")
        left = sum(not hit.allowed for hit in hits)
        if left:
            raise CommandError(f"Found in {left} places where nothing may be left.", returncode=1)
        self.stdout.write("Nothing is left but what is kept." if hits else "Nothing is left.")

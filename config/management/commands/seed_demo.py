"""Fill the database with a small world to look at."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import demo
from integrations import doubles


class Command(BaseCommand):
    """Running it again changes nothing."""

    help = "Fill in demo data: people, events in every status, attendance, credits, certificates."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or settings.TESTING):
            raise CommandError("Demo data is for development only.")
        doubles.start()
        with quiet():
            logins = demo.fill()
        for who, email, password in logins:
            self.stdout.write(f"  {who:<34}{email:<24}{password}")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the mails of the demo off the console; they are in the development inbox."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)

"""Start the product on one machine, alone: migrate, demo data, doubles, worker, beat, server."""

import signal
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from config import env
from integrations import doubles

PAGES = {
    "API": "/api/v1/",
    "API documentation": "/api/docs/",
    "Browsable API (sign in)": "/api-auth/login/?next=/api/v1/",
    "Admin": "/admin/",
    "Development inbox": "/dev/mail/",
    "Health": "/readyz",
}


class Command(BaseCommand):
    """Everything in this process; the worker and the beat start with the server (config.wsgi)."""

    help = "Migrate and serve, with worker and beat in this process; --demo adds demo data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="Fill the database with demo data.")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        self._address(options["port"])
        self._step("Migrating the database")
        call_command("migrate", verbosity=0, interactive=False)
        for name, address in doubles.start().items():
            self._step(f"{name.capitalize()} is played on {address}")
        if options["demo"]:
            self._step("Filling in the demo data")
            call_command("seed_demo")
        self._step("Serving; stop with Ctrl-C")
        for page, path in PAGES.items():
            self.stdout.write(f"  {page:<26}{settings.PUBLIC_BASE_URL}{path}")
        self.stdout.flush()
        call_command(
            "runserver",
            f"{options['host']}:{options['port']}",
            use_reloader=False,
            skip_checks=True,
        )

    def _address(self, port: int) -> None:
        """Let links name this port, unless the environment names the address."""
        if not env.text("PUBLIC_BASE_URL"):
            settings.PUBLIC_BASE_URL = f"http://localhost:{port}"

    def _step(self, what: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"> {what}"))
        self.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt

"""Compare the schema of the code with `openapi.yaml`, and name what would break clients."""

import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from common.openapi import comparison

COMMITTED = "openapi.yaml"


class Command(BaseCommand):
    help = "Check openapi.yaml; breaking changes must be named in CHANGELOG.md."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="Write openapi.yaml anew.")

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(settings.BASE_DIR) / COMMITTED
        fresh = target.with_name(".schema.yaml")
        call_command("spectacular", "--validate", "--fail-on-warn", file=str(fresh))
        generated = fresh.read_text()
        fresh.unlink()
        self._name_breaking(generated)
        if options["write"]:
            target.write_text(generated)
            self.stdout.write(f"{COMMITTED} is written.")
        elif not target.exists() or target.read_text() != generated:
            raise CommandError(f"{COMMITTED} is out of date: run `make schema-write`, then commit.")

    def _name_breaking(self, generated: str) -> None:
        committed = _committed()
        if not committed:
            return
        changes = comparison.breaking(yaml.safe_load(committed), yaml.safe_load(generated))
        told = (Path(settings.BASE_DIR) / "CHANGELOG.md").read_text()
        for change in changes:
            self.stdout.write(f"breaking: {change}")
        untold = sorted({change.operation for change in changes if change.operation not in told})
        if untold:
            raise CommandError(f"CHANGELOG.md does not name {', '.join(untold)}.")


def _committed() -> str:
    """Return the committed schema, or nothing outside a repository."""
    command = ["git", "show", f"HEAD:{COMMITTED}"]
    shown = subprocess.run(  # noqa: S603 -- fixed arguments
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    return shown.stdout if shown.returncode == 0 else ""

"""Erasures once more, after a backup brought people back."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from accounts import erasure
from accounts.models import User
from common import personal_data
from common.exceptions import Conflict
from common.fields import LowercaseEmailField


@dataclass
class Outcome:
    """How many people were erased again, and who could not be, with the reason."""

    erased: int = 0
    blocked: dict[str, str] = field(default_factory=dict)


def reapply(lines: Iterable[str]) -> Outcome:
    """Repeat every erasure that the log tells of. Running it again changes nothing."""
    outcome = Outcome()
    accounts, addresses = _told(lines)
    for user in User.objects.filter(uuid__in=accounts).order_by("pk"):
        try:
            erasure.delete_account(user, tell=False)
        except Conflict as refusal:
            outcome.blocked[str(user.uuid)] = refusal.code
        else:
            outcome.erased += 1
    for email in _known(addresses):
        erasure.erase_address(email, by=None, reason="Erased before; a backup brought it back.")
        outcome.erased += 1
    return outcome


def _told(lines: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the uuids of accounts and the digests of addresses that were erased."""
    accounts, addresses = set(), set()
    for line in lines:
        entry = _parsed(line)
        if entry.get("message") == "account.erased":
            accounts.add(str(entry.get("user")))
        elif entry.get("message") == "person.erased":
            addresses.add(str(entry.get("person")))
    return accounts, addresses


def _parsed(line: str) -> dict[str, Any]:
    """Return a JSON line, also behind a prefix such as a container's name; {} for any other."""
    try:
        entry = json.loads(line[line.index("{") :])
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _known(digests: set[str]) -> Iterator[str]:
    """Yield the addresses without an account that are in some table again."""
    if not digests:
        return
    holders = set(User.objects.values_list("email", flat=True))
    for email in sorted(_addresses() - holders):
        if erasure.digest_of(email) in digests:
            yield email


def _addresses() -> set[str]:
    found: set[str] = set()
    for column in personal_data.every_column():
        if isinstance(column, LowercaseEmailField):
            rows: models.QuerySet[Any] = column.model._base_manager.all()  # noqa: SLF001 -- Django's documented attribute
            found.update(rows.values_list(column.name, flat=True).distinct())
    return found - {""}

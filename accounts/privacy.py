"""Whose data it is, and who holds some: apps register what they collect and what they erase.

A person is an account, an address, or both. An address counts only once it is proven: nobody gets
or erases what belongs to an address that merely stands in their profile.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from common.exceptions import Conflict
from common.models import StoredFile

NOBODY = "anonymized.invalid"
ERASED_NAME = "Deleted User"


class AddressHasAccount(Conflict):
    code = "ADDRESS_HAS_ACCOUNT"
    message = "An account has this address; its owner asks for export and deletion themselves."


@dataclass(frozen=True)
class Person:
    """Somebody whose data is collected or erased; the traces grow as erasers find rows."""

    user: User | None
    email: str = ""
    # Of erased rows, and the meetings they were about: what mails and messages refer to.
    rows: set[UUID] = field(default_factory=set)
    meetings: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def owns(self, user: str = "user", email: str = "email") -> Q:
        """Return the condition of the person's rows: by account, or by address without one."""
        mine = Q(**{user: self.user}) if self.user else Q(pk__in=[])
        if self.email:
            mine |= Q(**{user: None, email: self.email})
        return mine

    def is_at(self, email: str = "email") -> Q:
        """Return the condition of rows that know no account but the address."""
        return Q(**{email: self.email}) if self.email else Q(pk__in=[])

    @property
    def user_uuid(self) -> UUID | None:
        return self.user.uuid if self.user else None


def of(user: User) -> Person:
    """Return the account with everything under its proven address."""
    names = {name for name in (user.full_name, user.organizer_display_name) if name}
    return Person(user, user.email if user.email_verified else "", names=names)


def at(email: str) -> Person:
    """Return the one behind an address without an account."""
    return Person(None, email.lower())


def refuse_account(email: str) -> None:
    """Refuse an address that belongs to an account."""
    if User.objects.filter(email=email).exists():
        raise AddressHasAccount


def placeholder(uuid: UUID) -> str:
    """Return the address of an erased row: unique where that is asked for, and nobody's."""
    return f"deleted-{uuid}@{NOBODY}"


@dataclass(frozen=True)
class Collected:
    """What an app knows of somebody: rows by table, and files by the name they are given."""

    tables: Mapping[str, list[dict[str, Any]]]
    files: Mapping[str, StoredFile] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """Rows that an erasure leaves, because somebody must be able to rely on them."""

    kept: str
    count: int
    until: date | None = None


Collector = Callable[[Person], Collected]
Eraser = Callable[[Person], Mapping[str, int]]
Keeper = Callable[[Person], Kept]
_collectors: dict[str, Collector] = {}
_erasers: dict[str, Eraser] = {}
_keepers: dict[str, Keeper] = {}


def collects(name: str) -> Callable[[Collector], Collector]:
    """Register what an app puts into the copy of somebody's data."""

    def register(collector: Collector) -> Collector:
        _collectors[name] = collector
        return collector

    return register


def erases(name: str) -> Callable[[Eraser], Eraser]:
    """Register how an app erases somebody; it returns how many rows of each table it touched.

    Higher apps register later and erase earlier, while the rows below still say whose they are.
    """

    def register(eraser: Eraser) -> Eraser:
        _erasers[name] = eraser
        return eraser

    return register


def keeps(name: str) -> Callable[[Keeper], Keeper]:
    """Register what an app keeps of somebody for the time that others may rely on it."""

    def register(keeper: Keeper) -> Keeper:
        _keepers[name] = keeper
        return keeper

    return register


def collect(person: Person) -> Collected:
    """Ask every app, lowest first."""
    tables: dict[str, list[dict[str, Any]]] = {}
    found: dict[str, StoredFile] = {}
    for collector in _collectors.values():
        part = collector(person)
        tables |= part.tables
        found |= part.files
    return Collected(tables, found)


def erase(person: Person) -> dict[str, int]:
    """Let every app erase, highest first; return the rows touched. The caller's transaction."""
    counts: dict[str, int] = {}
    for eraser in reversed(_erasers.values()):
        for table, count in eraser(person).items():
            if count:
                counts[table] = counts.get(table, 0) + count
    return counts


def kept(person: Person) -> list[Kept]:
    """Return what stays of the person, where something does."""
    answers: Iterable[Kept] = (ask(person) for ask in _keepers.values())
    return [answer for answer in answers if answer.count]


def erasers() -> frozenset[str]:
    """Return the names of the apps that erase."""
    return frozenset(_erasers)


def table(rows: QuerySet[Any], *fields: str, **renamed: Any) -> list[dict[str, Any]]:
    """Return the rows with exactly these columns, oldest first."""
    return list(rows.order_by("pk").values(*fields, **renamed))

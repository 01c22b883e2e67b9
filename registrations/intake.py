"""From what a form says to people with answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import User
from events.models import Event, EventCustomField
from registrations import answers
from registrations.orders import Person

PROFILE = ("professional_title", "organization_name", "allow_public_verification")


def people(event: Event, body: Mapping[str, Any], *, user: User | None) -> Sequence[Person]:
    """Return everybody a form names, the sender first, with their answers checked.

    Who is signed in registers under the account's own address; the others are guests.
    """
    fields = list(event.custom_fields.all())
    own = {"email": user.email, "full_name": user.full_name} if user else {}
    sender = _person(fields, {**body, **own}, user=user, complete=True)
    return [sender, *(_further(fields, row, at) for at, row in enumerate(body["attendees"]))]


def addresses(body: Mapping[str, Any], *, user: User | None) -> Sequence[str]:
    """Return the addresses of everybody a form names, the sender's first."""
    return [user.email if user else body["email"], *(row["email"] for row in body["attendees"])]


def _further(fields: Sequence[EventCustomField], row: Mapping[str, Any], at: int) -> Person:
    try:
        return _person(fields, row, user=None, complete=False)
    except answers.InvalidAnswers as refusal:
        raise answers.InvalidAnswers(details={"attendees": {str(at): refusal.details}}) from None


def _person(
    fields: Sequence[EventCustomField],
    row: Mapping[str, Any],
    *,
    user: User | None,
    complete: bool,
) -> Person:
    given = row.get("custom_field_responses", {})
    return Person(
        email=row["email"],
        full_name=row["full_name"],
        user=user,
        answers=answers.accept(fields, given, complete=complete),
        **{name: row[name] for name in PROFILE if name in row},
    )

"""What contacts keep of a person."""

from accounts.privacy import Collected, Person, table
from common.personal_data import declare
from contacts import suppressions
from contacts.models import Suppression
from contacts.querysets import SuppressionQuerySet

declare(Suppression, erased="email", kept="email_hash lift_reason")


def collect(person: Person) -> Collected:
    """Return what the person does not want to hear."""
    rows = _of(person)
    return Collected(
        {"suppressions": table(rows, "uuid", "scope", "reason", "source", "created_at")}
    )


def erase(person: Person) -> dict[str, int]:
    """Forget the address; its hash stays, so that nobody mails the person again."""
    return {"contacts.Suppression": _of(person).exclude(email="").update(email="")}


def _of(person: Person) -> SuppressionQuerySet:
    return Suppression.objects.known_as(
        [suppressions.hash_of(person.email)] if person.email else []
    )

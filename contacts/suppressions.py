"""Who does not want what from whom, and the link by which they say so (RFC 8058)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.crypto import salted_hmac

from common import audit
from common.exceptions import NotFound
from common.mail import Category
from common.models import OutgoingEmail
from contacts.models import Suppression

Scope = Suppression.Scope
SUPPRESSED = "suppressed"
PURPOSE = "contacts.unsubscribe"
SCOPES: Mapping[str, str] = {
    Category.MARKETING: Scope.MARKETING,
    Category.INVITATION: Scope.INVITATIONS,
}
_signer = signing.Signer(salt=PURPOSE, sep=".")


@dataclass(frozen=True)
class Wish:
    """What a link lets its holder say: nothing more of this kind from this sender."""

    sender: str
    email_hash: str
    scope: str
    shown: str


def hash_of(email: str) -> str:
    """Return the keyed hash that stands for an address, also after the person was erased."""
    made = salted_hmac("contacts.suppressions", email.strip().lower(), algorithm="sha256")
    return made.hexdigest()


def link_for(message: OutgoingEmail) -> str:
    """Return the one-click address that a message carries; it never ends and opens no account."""
    sender = message.organization_uuid or message.owner_uuid
    wish = Wish(
        sender=sender.hex if sender else "",
        email_hash=hash_of(message.to_email),
        scope=SCOPES[message.category],
        shown=_masked(message.to_email),
    )
    return f"{settings.PUBLIC_BASE_URL}/unsubscribe/{_signer.sign_object(asdict(wish))}/"


def read(token: str) -> Wish:
    """Return what a link says; a changed one is not found."""
    try:
        return Wish(**_signer.unsign_object(token))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound from error


@transaction.atomic
def unsubscribe(wish: Wish, *, source: str) -> bool:
    """Note that the holder of the link wants no more of it; False when that was known."""
    row = Suppression(
        sender_uuid=UUID(hex=wish.sender) if wish.sender else None,
        email_hash=wish.email_hash,
        scope=wish.scope,
        reason=Suppression.Reason.UNSUBSCRIBED,
        source=source,
    )
    Suppression.objects.bulk_create([row], ignore_conflicts=True)
    is_new = Suppression.objects.filter(uuid=row.uuid).exists()
    if is_new:
        audit.record("suppression.added", target=row, scope=row.scope, source=source)
    return is_new


def screen(messages: Sequence[OutgoingEmail]) -> Mapping[UUID, str]:
    """Return the reasons not to send, by message; one query, however many there are.

    What everybody must hear (security) passes; kinds that are no promotion heed `all` only.
    """
    hashes = {message.uuid: hash_of(message.to_email) for message in messages}
    rows = Suppression.objects.live().known_as(set(hashes.values()))
    found = set(rows.values_list("email_hash", "sender_uuid", "scope"))
    return {
        message.uuid: SUPPRESSED
        for message in messages
        if message.category != Category.SECURITY and _stops(found, message, hashes[message.uuid])
    }


def _stops(
    found: set[tuple[str, UUID | None, str]], message: OutgoingEmail, email_hash: str
) -> bool:
    senders = {None, message.organization_uuid or message.owner_uuid}
    scopes = {Scope.ALL.value, SCOPES.get(message.category, Scope.ALL.value)}
    return any((email_hash, sender, scope) in found for sender in senders for scope in scopes)


def _masked(email: str) -> str:
    name, _, domain = email.partition("@")
    return f"{name[:1]}***{name[-1:]}@{domain}"

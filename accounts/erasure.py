"""The end of an account, or of all that is known about an address. It cannot be undone."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import attempts, blockers, privacy, privacy_emails, sessions
from accounts.blockers import Blocker
from accounts.exceptions import AuthenticationFailed, ReauthenticationRequired
from accounts.models import Membership, Organization, User
from accounts.privacy import Kept, Person
from accounts.signals import account_erased
from common import audit, context
from common.exceptions import Conflict
from common.models import AuditEntry
from common.transactions import retrying

log = structlog.get_logger(__name__)
SALT = "accounts.erasure"


class AccountDeletionBlocked(Conflict):
    code = "ACCOUNT_DELETION_BLOCKED"
    message = "Something of yours must be settled before the account can be deleted."


def require_proof(user: User, *, password: str, now: datetime) -> None:
    """Refuse without the password; who has none proves identity by a fresh session."""
    if not user.has_usable_password():
        if not sessions.is_fresh(user.session, now=now):
            raise ReauthenticationRequired
    elif not password or not attempts.is_password(user, password, now=now):
        raise ValidationError({"password": ["This password is not correct."]})


def found_blockers(user: User) -> list[Blocker]:
    """Return what stands in the way: what apps say, and organizations others depend on."""
    found = blockers.found(user=user)
    needed = sum(map(_is_needed, _owned(user)))
    if needed:
        message = "Organizations with other members or active content need another owner first."
        found.append(Blocker("OWNS_ORGANIZATION", message, needed))
    return found


@retrying
def delete_account(user: User, *, reason: str = "", tell: bool = True) -> list[Kept]:
    """Erase the account with everything of its owner; return what others may still rely on.

    Locks the account; of two deletions at once one finds nothing left. Raises
    AccountDeletionBlocked, also for what was published in the meantime.
    """
    _refuse_blocked(user)
    current = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if current is None:
        raise AuthenticationFailed
    email, name = current.email, current.full_name
    remains = privacy.kept(privacy.of(current))
    erase(current, by=current, action="account.erased", reason=reason)
    # Drafts are locked and gone by now: what was published while we waited shows here.
    _refuse_blocked(current)
    if tell:
        privacy_emails.account_deleted(email, name)
    return remains


def erase(user: User, *, by: User | None, action: str, reason: str = "") -> Mapping[str, int]:
    """Erase without asking what stands in the way; the caller's transaction and lock."""
    person = privacy.of(user)
    reason = _anonymous(reason, person)
    # The entries written meanwhile shall not remember what is being forgotten.
    with context.acting(ip_address="", user_agent=""):
        counts = privacy.erase(person)
        user.erase()
        audit.record(action, target=user, by=by, owner=user, erased=counts, reason=reason)
        account_erased.send(sender=User, user=user)
    uuid = str(user.uuid)
    transaction.on_commit(lambda: log.info("account.erased", user=uuid))
    return counts


def erase_for_address(*, email: str, reason: str, by: User, now: datetime) -> Mapping[str, int]:
    """Erase an address without an account, as platform staff, who checked the request by hand."""
    if not sessions.is_fresh(by.session, now=now):
        raise ReauthenticationRequired
    privacy.refuse_account(email)
    return erase_address(email, by=by, reason=reason)


@retrying
def erase_address(email: str, *, by: User | None, reason: str) -> Mapping[str, int]:
    """Erase what is known about an address without an account."""
    person = privacy.at(email)
    digest = digest_of(person.email)
    counts = privacy.erase(person)
    reason = _anonymous(reason, person)
    with context.acting(actor_type=AuditEntry.ActorType.STAFF):
        audit.record("person.erased", by=by, erased=counts, reason=reason, person=digest)
    transaction.on_commit(lambda: log.info("person.erased", person=digest))
    return counts


def digest_of(email: str) -> str:
    """Return by what an erased address is known again after a backup was restored."""
    return salted_hmac(SALT, email.lower(), algorithm="sha256").hexdigest()


def _anonymous(text: str, person: Person) -> str:
    """Return the text without the person's address and names."""
    told = [re.escape(each) for each in (person.email, *person.names) if each]
    return re.sub("|".join(told), "…", text, flags=re.IGNORECASE) if told else text


def _refuse_blocked(user: User) -> None:
    found = found_blockers(user)
    if found:
        raise AccountDeletionBlocked(details={"blockers": [asdict(each) for each in found]})


def _owned(user: User) -> list[Organization]:
    rows = user.memberships.filter(
        role=Membership.Role.OWNER, ended_at=None, organization__deleted_at=None
    )
    return [row.organization for row in rows.select_related("organization")]


def _is_needed(organization: Organization) -> bool:
    members = organization.memberships.filter(ended_at=None).count()
    return members > 1 or bool(blockers.found(organization=organization))

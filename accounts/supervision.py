"""What the people of the platform do with accounts of others; always with a reason, on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import passwords, proofs, second_factor, sessions
from accounts.models import User, UserSession
from common import audit, context
from common.exceptions import Conflict, NotAllowed
from common.models import AuditEntry

EndReason = UserSession.EndReason


class NotOnOneself(NotAllowed):
    message = "Your own account is for a colleague to look after."


class NotOnSuperuser(NotAllowed):
    message = "The account of a superuser cannot be changed here."


class AlreadyDeactivated(Conflict):
    code = "ALREADY_DEACTIVATED"
    message = "This account is deactivated already."


class NotDeactivated(Conflict):
    code = "NOT_DEACTIVATED"
    message = "This account is not deactivated."


class NoSessions(Conflict):
    code = "NO_ACTIVE_SESSIONS"
    message = "Nobody is signed in to this account."


def deactivate(user: User, *, by: User, reason: str) -> None:
    """Let nobody sign in; sessions end, API tokens stop, mailed secrets are worthless."""
    with _supervising(user, by) as current:
        if not current.is_active:
            raise AlreadyDeactivated
        _set_active(user, to=False)
        sessions.end_all(user, EndReason.DEACTIVATED, by=by)
        proofs.void_all(user)
        audit.record("user.deactivated", target=user, by=by, owner=user, reason=reason)


def reactivate(user: User, *, by: User, reason: str) -> None:
    """Let the user sign in again; nothing that ended comes back."""
    with _supervising(user, by) as current:
        if current.is_active:
            raise NotDeactivated
        _set_active(user, to=True)
        audit.record("user.reactivated", target=user, by=by, owner=user, reason=reason)


def terminate_sessions(user: User, *, by: User, reason: str) -> None:
    """Sign the user out everywhere."""
    with _supervising(user, by):
        open_ones = UserSession.objects.active(timezone.now()).filter(user=user)
        if not open_ones.exists():
            raise NoSessions
        sessions.end_all(user, EndReason.STAFF, by=by)
        audit.record("user.sessions_terminated", target=user, by=by, owner=user, reason=reason)


def disable_two_factor(user: User, *, by: User, reason: str) -> None:
    """Switch the second factor off for somebody who lost phone and recovery codes."""
    with _supervising(user, by):
        second_factor.remove(user, by=by, reason=reason)


def send_password_reset(user: User, *, by: User, now: datetime, reason: str = "") -> None:
    """Mail the user a link that sets a new password."""
    with _supervising(user, by) as current:
        if not current.is_active:
            raise AlreadyDeactivated
        passwords.ask_reset(user, now=now)
        audit.record("user.password_reset_sent", target=user, by=by, owner=user, reason=reason)


@contextmanager
def _supervising(user: User, by: User) -> Iterator[User]:
    """Give the account under its lock, unless it is the colleague's own or a superuser's."""
    if user.pk == by.pk:
        raise NotOnOneself
    if user.is_superuser:
        raise NotOnSuperuser
    with context.acting(actor_type=AuditEntry.ActorType.STAFF), transaction.atomic():
        yield User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _set_active(user: User, *, to: bool) -> None:
    user.is_active = to
    user.save(update_fields=["is_active"])

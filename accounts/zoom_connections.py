"""Somebody's link to Zoom: made, kept alive, ended. Tokens rotate, so they are renewed one by one.

https://developers.zoom.us/docs/integrations/oauth/
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import emails, notices
from accounts.models import User, ZoomConnection
from common import audit
from common.outbox import after_commit
from integrations.zoom import oauth
from integrations.zoom.failures import ZoomAuthFailed, ZoomFailure, ZoomUnavailable
from integrations.zoom.payloads import Deauthorization

LEASE = timedelta(seconds=30)
# After a first refusal nobody asks for so long: Zoom may still be writing the last rotation.
REFUSED_PAUSE = timedelta(seconds=60)
POLL_SECONDS = 0.2
POLLS = 50  # ten seconds together
USE_NOTED_EVERY = timedelta(minutes=10)
KEPT_ALIVE_FOR = timedelta(days=30)
# The task's back-off ends after about 16 to 25 hours; then the grant is left to expire by itself.
REVOKE_GIVEN_UP_AFTER = timedelta(hours=16)
REFUSED = "Zoom refused to renew the connection."


@dataclass(frozen=True)
class Condition:
    """How a connection is doing, as its owner sees it; without one everything says so."""

    connected: bool = False
    zoom_email: str | None = None
    is_healthy: bool = False
    needs_reconnect: bool = True
    can_register_attendees: bool = False
    missing_scopes: tuple[str, ...] = ()
    last_error_at: datetime | None = None


def condition(user: User) -> Condition:
    """Return how the user's connection is doing; an expiring token is no reason to worry."""
    connection = ZoomConnection.objects.connected().filter(user=user).first()
    if connection is None:
        return Condition()
    return Condition(
        connected=True,
        zoom_email=connection.zoom_email,
        is_healthy=connection.is_healthy,
        needs_reconnect=not connection.is_healthy,
        can_register_attendees=connection.is_licensed,
        missing_scopes=tuple(oauth.missing_scopes(connection.scopes)),
        last_error_at=connection.last_error_at,
    )


def token_for(connection: ZoomConnection) -> str:
    """Return an access token that is good for minutes; of many callers one renews it.

    Never call it inside a transaction: it may wait for another caller, and it asks Zoom.
    """
    now = timezone.now()
    if not connection.needs_new_token(now):
        _note_use(connection, now)
        return connection.access_token
    for _ in range(POLLS):
        row, is_ours = _lease(connection)
        if not row.needs_new_token(timezone.now()):
            return row.access_token
        if is_ours:
            return _renew(row)
        time.sleep(POLL_SECONDS)
    raise ZoomUnavailable("The connection is still being renewed.")


def note_success(connection: ZoomConnection) -> None:
    """Forget earlier errors: a call went through."""
    ZoomConnection.objects.filter(pk=connection.pk, consecutive_errors__gt=0).update(
        consecutive_errors=0, last_error="", updated_at=timezone.now()
    )


def note_failure(connection: ZoomConnection, reason: str) -> None:
    """Count an error of the connection itself; outages are none. The fifth switches it off."""
    now = timezone.now()
    with transaction.atomic():
        ZoomConnection.objects.filter(pk=connection.pk).update(
            consecutive_errors=F("consecutive_errors") + 1,
            last_error=reason[:1000],
            last_error_at=now,
            updated_at=now,
        )
        row = ZoomConnection.objects.select_related("user").filter(pk=connection.pk).first()
        if row is not None and row.consecutive_errors >= ZoomConnection.INACTIVE_AFTER:
            _switch_off(row)


@transaction.atomic
def disconnect(user: User, *, by: User) -> None:
    """End the connection at once, at Zoom a little later; nothing to do when there is none."""
    connection = ZoomConnection.objects.connected().filter(user=user).first()
    if connection is None:
        return
    connection.disconnected_at = timezone.now()
    connection.save(update_fields=["disconnected_at"])
    audit.record("zoom.disconnected", target=connection, by=by, owner=user)
    after_commit("accounts.revoke_zoom_token", connection.pk, key=f"zoom-revoke:{connection.pk}")


def revoke(connection: ZoomConnection, *, now: datetime) -> None:
    """End the grant at Zoom and forget the tokens; a connection made anew meanwhile stays."""
    if connection.disconnected_at is None:
        return
    try:
        oauth.revoke(connection.access_token)
    except ZoomFailure:
        if now - connection.disconnected_at < REVOKE_GIVEN_UP_AFTER:
            raise
    ZoomConnection.objects.filter(pk=connection.pk, disconnected_at__isnull=False).delete()


@transaction.atomic
def drop(message: Deauthorization) -> bool:
    """Forget a connection that its owner removed at Zoom; False when we know none."""
    if message.client_id != oauth.client_id():
        return False
    connection = (
        ZoomConnection.objects.select_related("user")
        .filter(zoom_user_id=message.user_id, zoom_account_id=message.account_id)
        .first()
    )
    if connection is None:
        return False
    audit.record("zoom.deauthorized", target=connection, owner=connection.user)
    if connection.disconnected_at is None:
        emails.zoom_disconnected(connection.user, at=connection.connected_at)
        notices.zoom_disconnected(connection)
    connection.delete()
    return True


def keep_alive(now: datetime) -> None:
    """Ask for new tokens where they run out and the connection is in use."""
    used = ZoomConnection.objects.connected().filter(
        is_active=True, token_expires_at__lt=now, last_used_at__gt=now - KEPT_ALIVE_FOR
    )
    for pk in used.values_list("pk", flat=True):
        after_commit("accounts.refresh_zoom_connection", pk, key=f"zoom-refresh:{pk}")


@transaction.atomic
def _lease(connection: ZoomConnection) -> tuple[ZoomConnection, bool]:
    """Return the row as it is now, and whether it is ours to renew it."""
    now = timezone.now()
    row = ZoomConnection.objects.select_for_update(no_key=True).filter(pk=connection.pk).first()
    if row is None or not row.is_active or row.disconnected_at is not None:
        raise ZoomAuthFailed("The connection to Zoom must be made anew.")
    is_free = row.refresh_lease_until is None or row.refresh_lease_until <= now
    if not is_free or not row.needs_new_token(now):
        return row, False
    row.refresh_lease_until = now + LEASE
    row.save(update_fields=["refresh_lease_until"])
    return row, True


def _renew(row: ZoomConnection) -> str:
    try:
        pair = oauth.refresh(row.refresh_token)
    except oauth.ZoomGrantRefused:
        return _refused(row)
    except ZoomFailure:
        _release(row, until=None)
        raise
    return _keep(row, pair)


@transaction.atomic
def _keep(row: ZoomConnection, pair: oauth.TokenPair) -> str:
    current = ZoomConnection.objects.select_for_update(no_key=True).filter(pk=row.pk).first()
    if current is None:
        raise ZoomAuthFailed("The connection to Zoom was ended.")
    if current.token_version != row.token_version:
        return current.access_token
    current.take(pair.access_token, pair.refresh_token, expires_at=pair.expires_at)
    current.last_refresh_at = current.last_used_at = timezone.now()
    current.save()
    return pair.access_token


def _refused(row: ZoomConnection) -> str:
    """Answer a refused renewal: somebody else's new token, else count it; twice is the end."""
    is_over = False
    with transaction.atomic():
        current = (
            ZoomConnection.objects.select_for_update(no_key=True, of=("self",))
            .select_related("user")
            .filter(pk=row.pk)
            .first()
        )
        if current is not None and current.token_version != row.token_version:
            return current.access_token
        if current is not None:
            is_over = current.last_error == REFUSED
            note_failure(current, REFUSED)
            _release(current, until=timezone.now() + REFUSED_PAUSE)
            if is_over:
                _switch_off(current)
    if current is None or is_over:
        raise ZoomAuthFailed(REFUSED)
    raise ZoomUnavailable(REFUSED)


def _release(row: ZoomConnection, *, until: datetime | None) -> None:
    ZoomConnection.objects.filter(pk=row.pk, token_version=row.token_version).update(
        refresh_lease_until=until, updated_at=timezone.now()
    )


def _switch_off(connection: ZoomConnection) -> None:
    """Stop using the connection and tell its owner; once."""
    changed = ZoomConnection.objects.filter(pk=connection.pk, is_active=True).update(
        is_active=False, updated_at=timezone.now()
    )
    if changed:
        audit.record("zoom.failed", target=connection, owner=connection.user)
        emails.zoom_disconnected(connection.user, at=connection.connected_at)
        notices.zoom_disconnected(connection)


def _note_use(connection: ZoomConnection, now: datetime) -> None:
    if connection.last_used_at is None or now - connection.last_used_at >= USE_NOTED_EVERY:
        ZoomConnection.objects.filter(pk=connection.pk).update(last_used_at=now)
        connection.last_used_at = now

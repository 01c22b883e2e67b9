"""Connecting Zoom accounts and keeping their tokens fresh, one refresh at a time."""

import secrets
import time
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import emails
from accounts.models import OAuthFlow, User, UserSession, ZoomConnection
from common import audit, codes
from common.exceptions import Conflict, InvalidRequest, Unavailable
from common.outbox import after_commit
from integrations.zoom import client, oauth
from integrations.zoom.failures import ZoomAuthFailed, ZoomFailure, ZoomUnavailable

FLOW_LIFETIME: Final = timedelta(minutes=10)
MOST_OPEN_FLOWS: Final = 5
LEASE: Final = timedelta(seconds=30)
POLL_SECONDS: Final = 0.2
POLL_FOR_SECONDS: Final = 10
# A refusal may be the echo of a rotation whose answer was lost; the second one is believed.
SECOND_REFUSAL_AFTER: Final = timedelta(seconds=60)
USE_NOTED_EVERY: Final = timedelta(minutes=10)


class ZoomNotConfigured(Unavailable):
    code = "ZOOM_NOT_CONFIGURED"
    message = "Zoom is not set up on this platform."


class ZoomIsUnavailable(Unavailable):
    code = "ZOOM_UNAVAILABLE"
    message = "Zoom cannot be reached at the moment. Please try again."


class InvalidState(InvalidRequest):
    code = "INVALID_STATE"
    message = "This connection attempt is not valid any more. Please start again."


class OAuthFailed(InvalidRequest):
    code = "OAUTH_FAILED"
    message = "Zoom did not grant the connection. Please try again."


class ZoomAccountInUse(Conflict):
    code = "ZOOM_ACCOUNT_IN_USE"
    message = "This Zoom account is connected to another user."


@transaction.atomic
def start(user: User, session: UserSession, *, now: datetime) -> str:
    """Begin a connection for this person in this session; return where Zoom asks them."""
    if not oauth.is_configured():
        raise ZoomNotConfigured
    state, verifier = codes.token(), secrets.token_urlsafe(32)
    url = oauth.authorization_url(state=state, code_verifier=verifier)
    OAuthFlow.objects.create(
        provider=OAuthFlow.Provider.ZOOM,
        intent=OAuthFlow.Intent.CONNECT,
        user=user,
        session=session,
        redirect_uri=oauth.redirect_uri(),
        state_digest=codes.digest(state),
        code_verifier=verifier,
        expires_at=now + FLOW_LIFETIME,
    )
    open_flows = OAuthFlow.objects.filter(
        user=user, provider=OAuthFlow.Provider.ZOOM, used_at=None, expires_at__gt=now
    )
    surplus = open_flows.order_by("-id").values_list("pk", flat=True)[MOST_OPEN_FLOWS:]
    OAuthFlow.objects.filter(pk__in=list(surplus)).delete()
    return url


def finish(user: User, session: UserSession, *, code: str, state: str) -> ZoomConnection:
    """Turn Zoom's answer into a connection. Speaks to Zoom, so it holds no transaction."""
    flow = _use_up(user, session, state, now=timezone.now())
    try:
        pair = oauth.exchange(
            code=code, code_verifier=flow.code_verifier, redirect_uri=flow.redirect_uri
        )
        missing = oauth.missing_scopes(pair.scopes)
        if missing:
            raise OAuthFailed(details={"missing_scopes": missing})
        owner = client.me(token=pair.access_token)
    except ZoomUnavailable as error:
        raise ZoomIsUnavailable from error
    except ZoomFailure as error:
        raise OAuthFailed from error
    return _keep(user, pair, owner)


def token_for(connection: ZoomConnection) -> str:
    """Return an access token good for five minutes and more; of many callers one refreshes.

    Raises ZoomAuthFailed when the connection has to be made anew, ZoomUnavailable for outages.
    """
    deadline = time.monotonic() + POLL_FOR_SECONDS
    while True:
        row, ours = _look(connection)
        if row is None or not row.is_active:
            raise ZoomAuthFailed("The connection is not active.")
        if not row.needs_new_token(timezone.now()):
            return str(row.access_token)
        if ours:
            return _refresh(row)
        if time.monotonic() > deadline:
            raise ZoomUnavailable("Another refresh is still running.")
        time.sleep(POLL_SECONDS)


def note_failure(connection: ZoomConnection, error: str) -> None:
    """Count a failure that is the connection's fault; the fifth switches it off and is mailed."""
    now = timezone.now()
    with transaction.atomic():
        row = _locked(connection)
        if row is None:
            return
        row.consecutive_errors += 1
        row.last_error, row.last_error_at = error[:1000], now
        if row.is_active and row.consecutive_errors >= ZoomConnection.INACTIVE_AFTER:
            _switch_off(row, now=now)
        row.save(update_fields=["consecutive_errors", "last_error", "last_error_at", "is_active"])


def note_success(connection: ZoomConnection) -> None:
    """Forget earlier failures; writes at most every ten minutes."""
    now = timezone.now()
    recent = connection.last_used_at and now - connection.last_used_at < USE_NOTED_EVERY
    if connection.consecutive_errors or not recent:
        ZoomConnection.objects.filter(pk=connection.pk).update(
            consecutive_errors=0, last_used_at=now
        )


@transaction.atomic
def disconnect(user: User) -> None:
    """Hide the connection at once and revoke it at Zoom later; without one nothing happens."""
    connection = ZoomConnection.objects.connected().filter(user=user).first()
    if connection is None:
        return
    connection.disconnected_at = timezone.now()
    connection.save(update_fields=["disconnected_at"])
    audit.record("zoom.disconnected", target=connection, by=user, owner=user)
    after_commit("accounts.revoke_zoom_token", connection.pk, key=f"zoom-revoke:{connection.pk}")


def revoke(connection_id: int) -> None:
    """End the grant at Zoom and delete the row; a connection made anew meanwhile stays."""
    row = ZoomConnection.objects.filter(pk=connection_id, disconnected_at__isnull=False).first()
    if row is None:
        return
    oauth.revoke(row.access_token)
    ZoomConnection.objects.filter(pk=connection_id, disconnected_at__isnull=False).delete()


@transaction.atomic
def forget(zoom_user_id: str) -> bool:
    """Drop a connection that was ended at Zoom; return whether there was one."""
    connection = (
        ZoomConnection.objects.select_related("user").filter(zoom_user_id=zoom_user_id).first()
    )
    if connection is None:
        return False
    emails.zoom_disconnected(connection.user, at=timezone.now())
    audit.record("zoom.deauthorized", target=connection, owner=connection.user)
    connection.delete()
    return True


def _use_up(user: User, session: UserSession, state: str, *, now: datetime) -> OAuthFlow:
    flow = OAuthFlow.objects.filter(
        state_digest=codes.digest(state), provider=OAuthFlow.Provider.ZOOM
    ).first()
    if flow is None:
        raise InvalidState
    # The first look uses it up, whoever brings it.
    won = OAuthFlow.objects.filter(pk=flow.pk, used_at=None).update(used_at=now)
    same = (flow.user_id, flow.session_id) == (user.pk, session.pk)
    if not won or not same or flow.expires_at <= now:
        raise InvalidState
    return flow


def _keep(user: User, pair: oauth.TokenPair, owner: client.ZoomUser) -> ZoomConnection:
    facts = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_expires_at": pair.expires_at,
        "scopes": list(pair.scopes),
        "zoom_user_id": owner.id,
        "zoom_user_type": owner.type,
        "zoom_email": owner.email,
        "zoom_account_id": owner.account_id,
        "is_active": True,
        "consecutive_errors": 0,
        "last_error": "",
        "last_error_at": None,
        "disconnected_at": None,
        "refresh_lease_until": None,
        "connected_at": timezone.now(),
    }
    try:
        with transaction.atomic():
            connection, _ = ZoomConnection.objects.update_or_create(user=user, defaults=facts)
            ZoomConnection.objects.filter(pk=connection.pk).update(
                token_version=F("token_version") + 1
            )
            audit.record("zoom.connected", target=connection, by=user, owner=user)
            emails.zoom_connected(connection)
    except IntegrityError as error:
        raise ZoomAccountInUse from error
    return connection


def _look(connection: ZoomConnection) -> tuple[ZoomConnection | None, bool]:
    """Return the row as it is now, and whether this caller is the one to refresh it."""
    now = timezone.now()
    with transaction.atomic():
        row = _locked(connection)
        if row is None or not row.is_active or not row.needs_new_token(now):
            return row, False
        if row.refresh_lease_until and row.refresh_lease_until > now:
            return row, False
        row.refresh_lease_until = now + LEASE
        row.save(update_fields=["refresh_lease_until"])
        return row, True


def _refresh(row: ZoomConnection) -> str:
    try:
        pair = oauth.refresh(row.refresh_token)
    except oauth.ZoomGrantRefused as error:
        return _after_refusal(row, error)
    except ZoomUnavailable:
        ZoomConnection.objects.filter(pk=row.pk).update(refresh_lease_until=None)
        raise
    with transaction.atomic():
        current = _locked(row)
        if current is None:
            raise ZoomAuthFailed("The connection was removed.")
        current.access_token = pair.access_token
        current.refresh_token = pair.refresh_token
        current.token_expires_at = pair.expires_at
        current.token_version += 1
        current.refresh_lease_until = None
        current.last_refresh_at = timezone.now()
        current.consecutive_errors = 0
        current.save()
    return pair.access_token


def _after_refusal(row: ZoomConnection, error: ZoomFailure) -> str:
    """Use what another process stored meanwhile; else count, and believe the second refusal."""
    now = timezone.now()
    with transaction.atomic():
        current = _locked(row)
        if current is None:
            raise ZoomAuthFailed("The connection was removed.")
        if current.token_version != row.token_version:
            return str(current.access_token)
        refused_before = current.consecutive_errors > 0
        current.consecutive_errors += 1
        current.last_error, current.last_error_at = str(error)[:1000], now
        current.refresh_lease_until = now + SECOND_REFUSAL_AFTER
        if refused_before:
            _switch_off(current, now=now)
        current.save()
    raise ZoomAuthFailed("Zoom refused to renew the connection.") from error


def _switch_off(row: ZoomConnection, *, now: datetime) -> None:
    row.is_active = False
    emails.zoom_disconnected(row.user, at=now)


def _locked(connection: ZoomConnection) -> ZoomConnection | None:
    return (
        ZoomConnection.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .filter(pk=connection.pk)
        .first()
    )

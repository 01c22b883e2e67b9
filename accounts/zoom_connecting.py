"""How a connection to Zoom comes about: a state bound to person and session, used up once."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import emails
from accounts.exceptions import InvalidState, MissingParams
from accounts.models import OAuthFlow, User, UserSession, ZoomConnection
from common import audit, codes
from common.exceptions import Conflict, InvalidRequest, Unavailable
from integrations import doubles
from integrations.zoom import client, oauth
from integrations.zoom.failures import ZoomFailure, ZoomRateLimited, ZoomUnavailable

FLOW_LIFETIME = timedelta(minutes=10)
OPEN_FLOWS = 5
ZOOM = OAuthFlow.Provider.ZOOM


class ZoomNotConfigured(Unavailable):
    code = "ZOOM_NOT_CONFIGURED"
    message = "Zoom is not set up on this platform."


class ZoomIsDown(Unavailable):
    code = "ZOOM_UNAVAILABLE"
    message = "Zoom cannot be reached. Please try again later."


class OAuthFailed(InvalidRequest):
    code = "OAUTH_FAILED"
    message = "Zoom did not grant the connection. Please try again."


class ZoomAccountInUse(Conflict):
    code = "ZOOM_ACCOUNT_IN_USE"
    message = "This Zoom account is connected to another account here."


@transaction.atomic
def begin(user: User, session: UserSession, *, now: datetime) -> str:
    """Return where the user grants us access to Zoom."""
    doubles.start()
    if not oauth.is_configured():
        raise ZoomNotConfigured
    state, verifier = codes.token(), secrets.token_urlsafe(32)
    OAuthFlow.objects.create(
        provider=ZOOM,
        intent=OAuthFlow.Intent.CONNECT,
        user=user,
        session=session,
        redirect_uri=settings.ZOOM_REDIRECT_URI,
        state_digest=codes.digest(state),
        code_verifier=verifier,
        expires_at=now + FLOW_LIFETIME,
    )
    started = OAuthFlow.objects.filter(user=user, provider=ZOOM, used_at=None)
    surplus = started.order_by("-id").values_list("pk", flat=True)[OPEN_FLOWS:]
    OAuthFlow.objects.filter(pk__in=list(surplus)).delete()
    return oauth.authorization_url(state=state, code_verifier=verifier)


def complete(session: UserSession, *, code: str, state: str, now: datetime) -> ZoomConnection:
    """Exchange the code for tokens and keep them; the state is used up by the first look."""
    if not code or not state:
        raise MissingParams
    flow = _claim(session, state, now)
    try:
        pair = oauth.exchange(
            code=code, code_verifier=flow.code_verifier, redirect_uri=flow.redirect_uri
        )
        missing = oauth.missing_scopes(pair.scopes)
        if missing:
            raise OAuthFailed(details={"missing_scopes": missing})
        zoom_user = client.me(token=pair.access_token)
    except (ZoomUnavailable, ZoomRateLimited) as error:
        raise ZoomIsDown from error
    except ZoomFailure as error:
        raise OAuthFailed from error
    try:
        return _keep(session.user, pair, zoom_user, now)
    except IntegrityError as error:
        raise ZoomAccountInUse from error


def _claim(session: UserSession, state: str, now: datetime) -> OAuthFlow:
    flow = OAuthFlow.objects.filter(provider=ZOOM, state_digest=codes.digest(state)).first()
    if flow is None:
        raise InvalidState
    won = OAuthFlow.objects.filter(pk=flow.pk, used_at=None).update(used_at=now, updated_at=now)
    is_theirs = flow.user_id == session.user_id and flow.session_id == session.pk
    if not won or not is_theirs or flow.expires_at <= now:
        raise InvalidState
    return flow


@transaction.atomic
def _keep(
    user: User, pair: oauth.TokenPair, zoom_user: client.ZoomUser, now: datetime
) -> ZoomConnection:
    others = ZoomConnection.objects.filter(zoom_user_id=zoom_user.id).exclude(user=user)
    if others.connected().exists():
        raise ZoomAccountInUse
    others.delete()
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    connection = ZoomConnection.objects.filter(user=user).first() or ZoomConnection(user=user)
    connection.take(pair.access_token, pair.refresh_token, expires_at=pair.expires_at)
    connection.scopes = list(pair.scopes)
    connection.zoom_user_id = zoom_user.id
    connection.zoom_account_id = zoom_user.account_id
    connection.zoom_email = zoom_user.email
    connection.zoom_user_type = zoom_user.type
    connection.is_active = True
    connection.connected_at = now
    connection.last_used_at = now
    connection.disconnected_at = None
    connection.save()
    audit.record("zoom.connected", target=connection, by=user, owner=user)
    emails.zoom_connected(connection)
    return connection

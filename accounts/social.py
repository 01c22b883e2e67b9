"""Signing in with Google or Microsoft, and linking such an account to one's own.

A provider vouches for an identity, issuer and subject; for an address only where it says so.
"""

import secrets
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare

from accounts import (
    proofs,
    second_factor,
    sessions,
    sign_in,
    sign_in_methods,
    social_emails,
    verification,
)
from accounts.exceptions import (
    AuthenticationFailed,
    EmailNotVerified,
    InvalidState,
    MissingParams,
    ReauthenticationRequired,
)
from accounts.models import OAuthFlow, SocialAccount, User, UserSession
from common import audit, codes
from common.exceptions import Conflict, InvalidRequest, NotFound, Unavailable
from integrations.oidc import client
from integrations.oidc.client import Identity
from integrations.oidc.failures import OidcFailure, OidcUnavailable

Intent = OAuthFlow.Intent
AuthMethod = UserSession.AuthMethod
EndReason = UserSession.EndReason
TRIES = 3
FLOW_LIFETIME = timedelta(minutes=10)
SHORTEST_NAME = 2
LONGEST_NAME = 255
LONGEST_ADDRESS = 254


class ProviderNotConfigured(Unavailable):
    code = "PROVIDER_NOT_CONFIGURED"
    message = "This way to sign in is not set up on this platform."


class ProviderIsDown(Unavailable):
    code = "PROVIDER_UNAVAILABLE"
    message = "This way to sign in cannot be reached. Please try again later."


class OAuthFailed(InvalidRequest):
    code = "OAUTH_FAILED"
    message = "The sign-in was not completed. Please try again."


class AddressNotVouchedFor(EmailNotVerified):
    message = "The provider has not verified this e-mail address."


class AlreadyLinked(Conflict):
    code = "ALREADY_LINKED"
    message = "This account is linked already, or another one of the same provider is."


@dataclass(frozen=True)
class Start:
    """Where to send the browser, and what it keeps until it comes back."""

    authorization_url: str
    flow_token: str
    expires_in: int


@dataclass(frozen=True)
class Entry:
    """A session opened by a provider's word; `created` with a new account."""

    session: UserSession
    created: bool


def begin(provider: str, *, session: UserSession | None, now: datetime) -> Start:
    """Start a sign-in, or from within a session the linking to its account.

    Raises for an unknown provider, and for linking without a fresh proof of identity or to an
    account of an unproven address: whoever made it may not be who owns the address.
    """
    if provider not in client.PROVIDERS:
        raise NotFound
    if not client.is_configured(provider):
        raise ProviderNotConfigured
    if session is not None:
        _require_linkable(session, now)
    state, flow_token, nonce = codes.token(), codes.token(), codes.token()
    verifier = secrets.token_urlsafe(32)
    try:
        url = client.authorization_url(provider, state=state, nonce=nonce, code_verifier=verifier)
    except OidcFailure as error:
        raise ProviderIsDown from error
    OAuthFlow.objects.create(
        provider=provider,
        intent=Intent.LINK if session else Intent.LOGIN,
        user=session.user if session else None,
        session=session,
        redirect_uri=client.redirect_uri(provider),
        state_digest=codes.digest(state),
        flow_token_digest=codes.digest(flow_token),
        nonce=nonce,
        code_verifier=verifier,
        expires_at=now + FLOW_LIFETIME,
    )
    return Start(url, flow_token, int(FLOW_LIFETIME.total_seconds()))


def complete(
    provider: str, *, session: UserSession | None, answer: dict[str, str], now: datetime
) -> Entry | SocialAccount:
    """Take what the provider sent back, `code` and `state`, with the browser's `flow_token`.

    A sign-in opens a session, or raises `OtpRequired`; a linking answers the account linked. The
    flow is used up by the first look at it.
    """
    if provider not in client.PROVIDERS:
        raise NotFound
    if not answer["code"] or not answer["state"]:
        raise MissingParams
    flow = _claim(provider, session, answer, now)
    identity = _ask(flow, answer["code"])
    if flow.user is not None:
        return _link(flow.user, identity, now)
    user, created = _recognise_or_sign_up(identity, now)
    auth_method = AuthMethod(provider)
    second_factor.challenge_for(user, auth_method=auth_method, now=now)
    return Entry(sign_in.open_session(user, now=now, auth_method=auth_method), created)


@transaction.atomic
def unlink(account: SocialAccount, *, by: User) -> None:
    """Take the account elsewhere away; the last way to sign in stays."""
    sign_in_methods.require_another(account.user, without=account)
    audit.record("social_account.unlinked", target=account, by=by, owner=account.user)
    account.delete()


def _require_linkable(session: UserSession, now: datetime) -> None:
    """Refuse a linking, which opens another door to the account, by anybody but its owner."""
    if not session.user.email_verified:
        raise EmailNotVerified
    if not sessions.is_fresh(session, now=now):
        raise ReauthenticationRequired


def _claim(
    provider: str, session: UserSession | None, answer: dict[str, str], now: datetime
) -> OAuthFlow:
    flows = OAuthFlow.objects.select_related("user").filter(intent__in=(Intent.LOGIN, Intent.LINK))
    digest = codes.digest(answer["state"])
    flow = flows.filter(provider=provider, state_digest=digest).first()
    if flow is None:
        raise InvalidState
    won = OAuthFlow.objects.filter(pk=flow.pk, used_at=None).update(used_at=now, updated_at=now)
    is_theirs = constant_time_compare(
        codes.digest(answer["flow_token"]), str(flow.flow_token_digest)
    )
    if flow.intent == Intent.LINK:
        is_theirs = is_theirs and session is not None and flow.session_id == session.pk
    if not won or not is_theirs or flow.expires_at <= now:
        raise InvalidState
    return flow


def _ask(flow: OAuthFlow, code: str) -> Identity:
    try:
        return client.identify(
            flow.provider,
            code=code,
            code_verifier=flow.code_verifier,
            nonce=flow.nonce,
            redirect_uri=flow.redirect_uri,
        )
    except OidcUnavailable as error:
        raise ProviderIsDown from error
    except OidcFailure as error:
        raise OAuthFailed from error


def _link(user: User, identity: Identity, now: datetime) -> SocialAccount:
    try:
        return _connect(user, identity, now)
    except IntegrityError as error:
        raise AlreadyLinked from error


@transaction.atomic
def _connect(user: User, identity: Identity, now: datetime) -> SocialAccount:
    """Write the link and tell its owner; who has it already, raises IntegrityError."""
    account = SocialAccount.objects.create(
        user=user,
        provider=identity.provider,
        issuer=identity.issuer,
        subject=identity.subject,
        email=_usable(identity.email),
        connected_at=now,
    )
    audit.record(
        "social_account.linked", target=account, by=user, owner=user, provider=identity.provider
    )
    social_emails.social_account_linked(account)
    return account


def _recognise_or_sign_up(identity: Identity, now: datetime) -> tuple[User, bool]:
    """Return whose identity it is; of several first sign-ins at once, one makes the account."""
    # Another one may be as quick, first with the account and then with its link.
    for _ in range(TRIES):
        with suppress(IntegrityError):
            return _enter(identity, now)
    raise AlreadyLinked


@transaction.atomic
def _enter(identity: Identity, now: datetime) -> tuple[User, bool]:
    known = _recognise(identity, now)
    if known is not None:
        return known, False
    email = _usable(identity.email)
    if not identity.email_is_verified or not email:
        raise AddressNotVouchedFor
    user = User.all_objects.select_for_update(no_key=True).filter(email=email).first()
    if user is None:
        user = _sign_up(identity, email, now)
        return user, True
    _require_standing(user)
    if not user.email_verified:
        _take_back(user, now)
    _connect(user, identity, now)
    return user, False


def _recognise(identity: Identity, now: datetime) -> User | None:
    """Return the user of a linked identity, whatever address it has by now."""
    links = SocialAccount.objects.filter(issuer=identity.issuer, subject=identity.subject)
    account = links.select_related("user").first()
    if account is None:
        return None
    user: User = account.user
    _require_standing(user)
    links.update(last_login_at=now, email=_usable(identity.email), updated_at=now)
    return user


def _sign_up(identity: Identity, email: str, now: datetime) -> User:
    user = User(email=email, full_name=_name_of(identity))
    user.set_unusable_password()
    user.save(force_insert=True)
    audit.record("user.signed_up", target=user, by=user, owner=user, provider=identity.provider)
    SocialAccount.objects.create(
        user=user,
        provider=identity.provider,
        issuer=identity.issuer,
        subject=identity.subject,
        email=email,
        connected_at=now,
        last_login_at=now,
    )
    verification.prove(user, now=now)
    return user


def _take_back(user: User, now: datetime) -> None:
    """Hand the account to the owner of its address: whoever made it had not shown to be that."""
    user.set_unusable_password()
    user.save(update_fields=["password"])
    proofs.void_all(user)
    sign_in_methods.forget(user)
    sessions.end_all(user, EndReason.PASSWORD_RESET, by=user)
    audit.record("user.password_removed", target=user, by=user, owner=user)
    verification.prove(user, now=now)


def _require_standing(user: User) -> None:
    if not user.is_active or user.deleted_at is not None:
        raise AuthenticationFailed("No active account was found for this sign-in.")


def _usable(email: str) -> str:
    """Return the address, or nothing for what is none."""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email if len(email) <= LONGEST_ADDRESS else ""


def _name_of(identity: Identity) -> str:
    """Return the name the provider knows, without what no name has; else one from the address."""
    kept = (each for each in identity.name if unicodedata.category(each) not in {"Cc", "Cs"})
    name = " ".join("".join(kept).split())[:LONGEST_NAME]
    local = identity.email.partition("@")[0]
    return next(each for each in (name, local, identity.email) if len(each) >= SHORTEST_NAME)

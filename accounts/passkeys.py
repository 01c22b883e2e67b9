"""Passkeys: keys on people's devices that sign in without a password (WebAuthn Level 2)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from struct import error as StructError  # noqa: N812 -- the module calls it `error`
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.rpid import verify_rp_id
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorTransport,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts import challenges, sign_in_methods
from accounts.exceptions import EmailNotVerified, InvalidToken, TokenExpired
from accounts.models import Passkey, SignInChallenge, User
from common import audit
from common.exceptions import InvalidRequest, RuleViolation

Purpose = SignInChallenge.Purpose
LIMIT: Final = 10
NAME: Final = "CPD Events"
VERIFIED: Final = UserVerificationRequirement.REQUIRED
TRANSPORTS: Final = frozenset(each.value for each in AuthenticatorTransport)
# Whatever a forged credential makes the parsers stumble over.
UNREADABLE: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    StructError,
    UnsupportedAlgorithm,
)


class PasskeyRejected(InvalidRequest):
    code = "PASSKEY_REJECTED"
    message = "This passkey was not accepted. Please start again."


class PasskeyLimitReached(RuleViolation):
    code = "PASSKEY_LIMIT_REACHED"
    message = "An account has room for 10 passkeys. Remove one first."


def begin_adding(user: User, *, now: datetime) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create`, good for five minutes, once.

    Whoever has not proven the address plants no key on it.
    """
    if not user.email_verified:
        raise EmailNotVerified
    _require_room(user)
    secret = challenges.issue(Purpose.PASSKEY_CREATE, user=user, session=user.session, now=now)
    options, _ = _server().register_begin(
        PublicKeyCredentialUserEntity(
            id=user.uuid.bytes, name=user.email, display_name=user.full_name
        ),
        credentials=[_descriptor(passkey) for passkey in user.passkeys.all()],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=VERIFIED,
        challenge=websafe_decode(secret),
    )
    return dict(options)


def add(user: User, credential: Mapping[str, Any], name: str, *, now: datetime) -> Passkey:
    """Keep the key that the browser made by the options of just now."""
    with _judging(user):
        made = _made(user, credential, now)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _require_room(user)
        made.name = name
        made.save(force_insert=True)
        audit.record("passkey.added", target=made, by=user, owner=user)
    return made


def begin_signing_in(*, now: datetime) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`; they name nobody's keys."""
    secret = challenges.issue(Purpose.PASSKEY_USE, now=now)
    challenge = websafe_decode(secret)
    options, _ = _server().authenticate_begin(user_verification=VERIFIED, challenge=challenge)
    return dict(options)


def recognise(credential: Mapping[str, Any], *, now: datetime) -> User:
    """Return whose passkey signed the challenge of just now."""
    passkey = _known(credential)
    with _judging(passkey.user if passkey else None):
        return _verified(passkey, credential, now).user


def rename(passkey: Passkey, *, name: str, by: User) -> None:
    """Call the passkey otherwise."""
    passkey.name = name
    with transaction.atomic():
        passkey.save(update_fields=["name"])
        audit.record("passkey.renamed", target=passkey, by=by, owner=by)


@transaction.atomic
def remove(passkey: Passkey, *, by: User) -> None:
    """Forget the passkey, unless nothing else signs its user in."""
    sign_in_methods.require_another(passkey.user, without=passkey)
    audit.record("passkey.removed", target=passkey, by=by, owner=passkey.user)
    passkey.delete()


def relying_party_id() -> str:
    """Return the domain that passkeys are bound to: what client and API have in common.

    Where they have nothing in common it is the client's, whose pages hold the ceremonies.
    """
    hosts = [
        urlsplit(url).hostname or "" for url in (settings.FRONTEND_URL, settings.PUBLIC_BASE_URL)
    ]
    ends = zip(*(reversed(host.split(".")) for host in hosts), strict=False)
    shared: list[str] = []
    for client, own in ends:
        if client != own:
            break
        shared.insert(0, client)
    domain = ".".join(shared)
    return domain if all(verify_rp_id(domain, f"https://{host}") for host in hosts) else hosts[0]


def _addresses() -> tuple[SplitResult, SplitResult]:
    return urlsplit(settings.FRONTEND_URL), urlsplit(settings.PUBLIC_BASE_URL)


def _origins() -> frozenset[str]:
    """Return whose pages may hold a ceremony: scheme, host and port, exactly."""
    return frozenset(f"{url.scheme}://{url.netloc}".lower() for url in _addresses())


def _server() -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(name=NAME, id=relying_party_id()),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=_origins().__contains__,
    )
    milliseconds = int(challenges.LIFETIME.total_seconds() * 1000)
    server.timeout = milliseconds  # type: ignore[assignment]  # declared by its default alone
    return server


@contextmanager
def _judging(user: User | None) -> Iterator[None]:
    """Answer whatever is wrong with a ceremony by one refusal, and leave an audit entry."""
    try:
        yield
    except (*UNREADABLE, InvalidToken, TokenExpired) as error:
        # The library's own sentences hold nothing of the credential; a parser's may.
        reason = str(error)[:100] if type(error) is ValueError else type(error).__name__
        audit.record("passkey.rejected", target=user, owner=user, reason=reason)
        raise PasskeyRejected from error


def _made(user: User, credential: Mapping[str, Any], now: datetime) -> Passkey:
    response = RegistrationResponse.from_dict(credential)
    state = _state(response.response.client_data, Purpose.PASSKEY_CREATE, now, user=user)
    seen = _server().register_complete(state, response)
    key = seen.credential_data
    if key is None or key.public_key.ALGORITHM not in CoseKey.supported_algorithms():
        raise ValueError("The algorithm of the key is not supported.")
    if response.raw_id != key.credential_id:
        raise ValueError("The credential is not the one that was made.")
    if Passkey.objects.filter(credential_id=key.credential_id).exists():
        raise ValueError("The credential is known already.")
    return Passkey(
        user=user,
        credential_id=key.credential_id,
        public_key=cbor.encode(key.public_key),
        sign_count=seen.counter,
        transports=sorted(TRANSPORTS & set(credential["response"].get("transports") or ())),
        is_backed_up=seen.is_backed_up(),
    )


def _known(credential: Mapping[str, Any]) -> Passkey | None:
    try:
        raw = websafe_decode(credential["rawId"])
    except UNREADABLE:
        return None
    return Passkey.objects.select_related("user").filter(credential_id=raw).first()


def _verified(passkey: Passkey | None, credential: Mapping[str, Any], now: datetime) -> Passkey:
    response = AuthenticationResponse.from_dict(credential)
    state = _state(response.response.client_data, Purpose.PASSKEY_USE, now)
    if passkey is None or not passkey.user.is_active or passkey.user.deleted_at is not None:
        raise ValueError("Nobody signs in with this credential.")
    if response.response.user_handle not in (None, b"", passkey.user.uuid.bytes):
        raise ValueError("The credential is somebody else's.")
    _server().authenticate_complete(state, [_key(passkey)], response)
    seen = response.response.authenticator_data
    _advance(passkey, seen.counter, is_backed_up=seen.is_backed_up(), now=now)
    return passkey


def _state(
    seen: CollectedClientData, purpose: Purpose, now: datetime, *, user: User | None = None
) -> dict[str, Any]:
    """Use up the challenge that the browser signed; return what the library wants to know of it.

    Its digest is how we know it, so a ceremony of another person, session or kind is none.
    """
    if seen.cross_origin:
        raise ValueError("The ceremony was held inside a page of another site.")
    secret = websafe_encode(seen.challenge)
    challenge = challenges.use_up(secret, purpose, now=now)
    if user is not None and (challenge.user != user or challenge.session != user.session):
        raise ValueError("The challenge is somebody else's.")
    return {"challenge": secret, "user_verification": VERIFIED}


def _advance(passkey: Passkey, counter: int, *, is_backed_up: bool, now: datetime) -> None:
    """Keep the counter of signatures; one that does not grow betrays a copied key.

    Keys that are kept in several places do not count: theirs stays zero.
    """
    before = Q(sign_count__lt=counter) if counter else Q(sign_count=0)
    grown = Passkey.objects.filter(before, pk=passkey.pk).update(
        sign_count=counter, is_backed_up=is_backed_up, last_used_at=now, updated_at=now
    )
    if not grown:
        raise ValueError("The counter of signatures went back.")


def _key(passkey: Passkey) -> AttestedCredentialData:
    stored = cast("Mapping[int, Any]", cbor.decode(bytes(passkey.public_key)))
    key = CoseKey.parse(stored)
    return AttestedCredentialData.create(Aaguid.NONE, bytes(passkey.credential_id), key)


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        type=PublicKeyCredentialType.PUBLIC_KEY,
        id=bytes(passkey.credential_id),
        transports=[AuthenticatorTransport(each) for each in passkey.transports] or None,
    )


def _require_room(user: User) -> None:
    if user.passkeys.count() >= LIMIT:
        raise PasskeyLimitReached(details={"limit": LIMIT})

"""Keys for programs: make, renew, rename, revoke; and whom a presented key stands for."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import api_token_emails, passwords, token_scopes
from accounts.exceptions import AuthenticationFailed, EmailNotVerified
from accounts.models import ApiToken, Membership, Organization, User
from accounts.roles import Capability, reach
from common import audit, codes, context
from common.exceptions import Conflict, NotAllowed, RuleViolation

SCHEME: Final = "cpd"
LIMIT: Final = 20
# Written at most this often per token, however many requests it makes.
USE_INTERVAL: Final = timedelta(minutes=10)
WRITTEN: Final = re.compile(rf"{SCHEME}_([a-z0-9]{{8}})_([A-Za-z0-9_-]{{43}})", re.ASCII)


class TokenLimitReached(RuleViolation):
    code = "TOKEN_LIMIT_REACHED"
    message = "There are as many API tokens as may be. Please revoke one first."


class TokenIsOver(Conflict):
    message = "This API token has expired or was revoked."


class NotTheCreator(NotAllowed):
    message = "The token acts for its creator; nobody else gets its secret."


@dataclass(frozen=True)
class Issued:
    """A token and, this once, its secret."""

    row: ApiToken
    token: str


@transaction.atomic
def create(
    *,
    by: User,
    name: str,
    scopes: Sequence[str],
    expires_in_days: int,
    organization: Organization | None = None,
    password: str = "",
) -> Issued:
    """Make a key that acts for its creator, for so many days; wants a fresh proof of identity.

    Locks the person, or the organization, that owns it: neither gets more than 20 live ones.
    An organization's gets no scope that would open nothing to it.
    """
    now = timezone.now()
    _require_right(by, organization)
    _require_sense(scopes, organization)
    passwords.require_fresh(by, password=password, now=now)
    _require_room(by, organization, now=now)
    secret = codes.token()
    row = ApiToken.objects.create(
        user=by,
        organization=organization,
        name=name,
        prefix=codes.public_code(),
        digest=codes.digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=now + timedelta(days=expires_in_days),
    )
    _note("api_token.created", row, by=by, scopes=row.scopes)
    api_token_emails.api_token_created(row)
    return Issued(row, _written(row, secret))


@transaction.atomic
def rotate(token: ApiToken, *, by: User, overlap_hours: int = 0, password: str = "") -> Issued:
    """Give the key a new secret; the old one opens for so many hours more.

    Only its creator may, with a fresh proof of identity: whoever holds the secret acts as them.
    An older secret that still overlapped dies at once.
    """
    now = timezone.now()
    if token.user_id != by.pk:
        raise NotTheCreator
    passwords.require_fresh(by, password=password, now=now)
    row = ApiToken.objects.select_for_update(no_key=True, of=("self",)).get(pk=token.pk)
    if not row.is_live_at(now):
        raise TokenIsOver
    secret = codes.token()
    row.previous_digest = row.digest if overlap_hours else ""
    row.previous_until = now + timedelta(hours=overlap_hours) if overlap_hours else None
    row.digest = codes.digest(secret)
    row.save(update_fields=["digest", "previous_digest", "previous_until"])
    _note("api_token.rotated", row, by=by, overlap_hours=overlap_hours)
    api_token_emails.api_token_created(row, rotated=True)
    return Issued(row, _written(row, secret))


@transaction.atomic
def rename(token: ApiToken, *, by: User, name: str) -> None:
    """Call the key something else; nothing else of it can be changed."""
    token.name = name
    token.save(update_fields=["name"])
    _note("api_token.renamed", token, by=by)


@transaction.atomic
def revoke(token: ApiToken, *, by: User) -> None:
    """End the key at once and for good; a revoked one stays as it is."""
    now = timezone.now()
    changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
        revoked_at=now, updated_at=now
    )
    if changed:
        _note("api_token.revoked", token, by=by)


def by_secret(written: str, *, now: datetime) -> ApiToken:
    """Return the token that is written so, in one query; raises AuthenticationFailed."""
    parts = WRITTEN.fullmatch(written)
    row = _find(Q(prefix=parts[1])) if parts else None
    if parts is None or row is None or not _matches(row, parts[2], now=now):
        raise AuthenticationFailed("The API token is not valid.")
    return _standing(row, now=now)


def by_uuid(uuid: UUID, *, now: datetime) -> ApiToken:
    """Return the token for work it asked for earlier, if it still stands."""
    row = _find(Q(uuid=uuid))
    if row is None:
        raise AuthenticationFailed("The API token is not valid.")
    return _standing(row, now=now)


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Remember when and from where the key was used last; writes at most once per interval."""
    if token.last_used_at is None or now - token.last_used_at >= USE_INTERVAL:
        address = context.current().ip_address or None
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_ip=address)


def _find(which: Q) -> ApiToken | None:
    held = Membership.objects.current().filter(
        user=OuterRef("user"), organization=OuterRef("organization")
    )
    role = Coalesce(Subquery(held.values("role")[:1]), Value(""))
    rows = ApiToken.objects.select_related("user", "organization").annotate(held_role=role)
    row: Any = rows.filter(which).first()  # with its annotation
    if row is not None:
        row.creator_role = row.held_role
    return cast("ApiToken | None", row)


def _matches(row: ApiToken, secret: str, *, now: datetime) -> bool:
    given = codes.digest(secret).encode()
    # Every digest is compared, so that the time does not tell which one it was.
    found = [hmac.compare_digest(given, each.encode()) for each in row.digests_at(now)]
    return any(found)


def _standing(row: ApiToken, *, now: datetime) -> ApiToken:
    """Return the token with its creator ready to act; refuse one that no longer stands."""
    if not row.is_live_at(now):
        raise AuthenticationFailed("The API token has expired or was revoked.")
    if not row.user.is_active or row.user.is_deleted:
        raise AuthenticationFailed("The account behind the API token is not active.")
    if not row.is_personal and not row.creator_role:
        raise AuthenticationFailed("The API token's creator has left, or its organization is gone.")
    row.user.api_token = row
    return row


def _require_right(by: User, organization: Organization | None) -> None:
    if not by.email_verified:
        raise EmailNotVerified
    if organization is None:
        return
    # Not everywhere where people of the platform may: the key would act in the organization.
    if organization.pk not in reach(by).organizations_with(Capability.DEVELOPER_MANAGE):
        raise NotAllowed


def _require_sense(scopes: Sequence[str], organization: Organization | None) -> None:
    if organization is not None and (useless := token_scopes.out_of_reach(scopes)):
        text = f"A token of an organization does not reach {', '.join(useless)}."
        raise ValidationError({"scopes": [text]})


def _require_room(by: User, organization: Organization | None, *, now: datetime) -> None:
    if organization is None:
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        rows = ApiToken.objects.filter(user=by, organization=None)
    else:
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        rows = ApiToken.objects.filter(organization=organization)
    if rows.live(now).count() >= LIMIT:
        raise TokenLimitReached(details={"limit": LIMIT})


def _written(row: ApiToken, secret: str) -> str:
    return f"{SCHEME}_{row.prefix}_{secret}"


def _note(action: str, row: ApiToken, *, by: User, **facts: object) -> None:
    audit.record(
        action,
        target=row,
        by=by,
        owner=row.user,
        organization=row.organization,
        name=row.name,
        **facts,
    )

"""The audit log: entries are written in the verb's transaction and sealed into a chain later."""

import hashlib
import json
import os
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from common import context
from common.models import AuditEntry, BaseModel

SALT_BYTES = 16


def record(
    action: str,
    *,
    target: BaseModel | None = None,
    by: models.Model | None = None,
    organization: models.Model | UUID | None = None,
    owner: models.Model | UUID | None = None,
    **payload: Any,
) -> AuditEntry:
    """Write one entry: ``event.published``, on what, by whom; the keywords are its payload.

    ``by=None`` takes the actor of the request, or the system outside requests. What a program
    does is its token's creator's doing; the payload says by which token.
    """
    origin = context.current()
    actor_uuid = _uuid(by) or origin.actor_uuid
    actor_type = origin.actor_type
    if by is not None and actor_type == AuditEntry.ActorType.SYSTEM:
        actor_type = AuditEntry.ActorType.USER
    facts = _plain({key: value for key, value in payload.items() if value not in (None, "")})
    if origin.ip_address:
        facts |= {"ip_address": origin.ip_address, "user_agent": origin.user_agent}
    if origin.token_uuid:
        facts |= {"api_token": str(origin.token_uuid)}
    salt = os.urandom(SALT_BYTES)
    return AuditEntry.objects.create(
        action=action,
        actor_type=actor_type,
        actor_uuid=actor_uuid,
        organization_uuid=_uuid(organization),
        owner_uuid=_uuid(owner),
        target_type=target._meta.label_lower if target is not None else "",
        target_uuid=target.uuid if target is not None else None,
        request_id=origin.request_id,
        payload=facts,
        payload_salt=salt,
        payload_digest=digest(salt, facts),
    )


def digest(salt: bytes, payload: dict[str, Any]) -> str:
    """Return what the chain seals of a payload: SHA-256 of salt and canonical JSON."""
    return hashlib.sha256(salt + canonical(payload)).hexdigest()


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces and unescaped letters."""
    text = json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        cls=DjangoJSONEncoder,
    )
    return text.encode("utf-8", "replace")


def _plain(payload: dict[str, Any]) -> dict[str, Any]:
    # Databases write floating numbers each in their own way; as text they keep their digest.
    plain: dict[str, Any] = json.loads(canonical(payload), parse_float=str)
    return plain


def _uuid(row: models.Model | UUID | None) -> UUID | None:
    if row is None or isinstance(row, UUID):
        return row
    uuid: UUID | None = getattr(row, "uuid", None)
    return uuid

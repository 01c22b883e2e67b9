"""What anybody may learn of a certificate: by its code, or by its file."""

import hashlib
import hmac
import re
import time
from io import BufferedIOBase
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from redis.exceptions import RedisError

from accounts.models import User
from accounts.roles import Capability
from certificates.models import Certificate
from common import codes
from common.exceptions import NotFound, RateLimited
from events import access

MISSES = 30
WINDOW_SECONDS = 600
VIEW_SECONDS = 3600
LONG_CODE = re.compile(r"[0-9A-Za-z]{22}")
SHORT_CODE = re.compile(f"[{codes.SHORT_ALPHABET}]{{8}}")
SHA256 = re.compile(r"[0-9a-f]{64}")
CREDIT_FACTS = (
    "scheme",
    "name",
    "unit",
    "amount",
    "categories",
    "activity_number",
    "provider_number",
)


def by_code(typed: str, *, address: str) -> Certificate:
    """Return the public certificate of a code; every other code is not found alike."""
    short = codes.normalised_short_code(typed)
    if LONG_CODE.fullmatch(typed):
        which = Q(verification_code=typed)
    else:
        # A malformed code asks the same question, so that nothing tells it from an unknown one.
        which = Q(short_code=short if SHORT_CODE.fullmatch(short) else "")
    return _shown(which, address)


def by_file(file: BufferedIOBase, *, address: str) -> Certificate:
    """Return the certificate whose stored PDF has exactly these bytes."""
    return by_digest(hashlib.file_digest(file, "sha256").hexdigest(), address=address)


def by_digest(sha256: str, *, address: str) -> Certificate:
    """Return the certificate whose stored PDF has this hash."""
    digest = sha256.lower()
    return _shown(Q(pdf_sha256=digest if SHA256.fullmatch(digest) else "-"), address)


def public_facts(certificate: Certificate) -> dict[str, Any]:
    """Return what strangers see; of a superseded one only what it was about and its successor."""
    facts = certificate.certificate_data
    successor = _successor(certificate)
    shown: dict[str, Any] = {
        "valid": certificate.is_valid,
        "status": certificate.status,
        "is_expired": certificate.is_expired,
        "certificate_id": None,
        "certificate_number": None,
        "attendee_name": None,
        "event_title": facts["event_title"],
        "event_date": facts["event_date"],
        "event_end_date": facts["event_end_date"],
        "organizer_name": facts["organizer_name"],
        "cpd_type": None,
        "cpd_credits": None,
        "credits": [],
        "issued_at": None,
        "expires_on": None,
        "revoked_at": certificate.revoked_at,
        "superseded_by": _reference(successor) if successor else None,
        "content_sha256": None,
        "pdf_sha256": None,
        "verification_url": certificate.verification_url,
        "credential_url": None,
    }
    if certificate.status == Certificate.Status.SUPERSEDED:
        return shown
    return shown | {
        "certificate_id": certificate.short_code,
        "certificate_number": certificate.certificate_number,
        "attendee_name": facts["attendee_name"],
        "cpd_type": facts["cpd_type"],
        "cpd_credits": facts["cpd_credits"],
        "credits": [{name: line[name] for name in CREDIT_FACTS} for line in facts["credits"]],
        "issued_at": certificate.issued_at,
        "expires_on": certificate.expires_on,
        "content_sha256": certificate.content_sha256,
        "pdf_sha256": certificate.pdf_sha256 or None,
    }


def note_view(certificate: Certificate, *, viewer: Any, address: str) -> None:
    """Count a look at the public page: once per address and hour, not the people behind it."""
    if isinstance(viewer, User) and _is_involved(certificate, viewer):
        return
    key = f"certificates:view:{certificate.pk}:{_hashed(address)}"
    try:
        is_news = cache.add(key, 1, VIEW_SECONDS)
    except RedisError:
        return
    if is_news:
        certificate.note_view()


def _shown(which: Q, address: str) -> Certificate:
    misses = _Misses(address)
    misses.refuse_if_too_many()
    certificate = (
        Certificate.objects.select_related(
            "registration__event__owner", "registration__event__organization", "superseded_by"
        )
        .filter(which, allow_public_verification=True, redacted_at=None)
        .first()
    )
    if certificate is None:
        misses.add()
        raise NotFound
    return certificate


class _Misses:
    """Wrong codes of one address; too many close the check to it for ten minutes."""

    def __init__(self, address: str) -> None:
        self.key = f"certificates:misses:{_hashed(address)}"
        self.until = f"{self.key}:until"

    def refuse_if_too_many(self) -> None:
        try:
            count = cache.get(self.key, 0)
        except RedisError:
            return  # the throttle of the view still counts
        if count > MISSES:
            self._refuse()

    def add(self) -> None:
        try:
            cache.add(self.until, time.time() + WINDOW_SECONDS, WINDOW_SECONDS)
            cache.add(self.key, 0, WINDOW_SECONDS)
            count = cache.incr(self.key)
        except (RedisError, ValueError):
            return  # out of reach, or the window ended this very moment
        if count > MISSES:
            self._refuse()

    def _refuse(self) -> None:
        until = cache.get(self.until, time.time())
        wait = max(1, int(until - time.time()) + 1)
        raise RateLimited(
            "Too many unknown codes. Try again later.",
            details={"scope": "verify", "retry_after": wait},
            retry_after=wait,
        )


def _successor(certificate: Certificate) -> Certificate | None:
    if certificate.status != Certificate.Status.SUPERSEDED:
        return None
    successor = certificate.superseded_by
    return successor if successor.allow_public_verification else None


def _reference(successor: Certificate) -> dict[str, str]:
    return {
        "certificate_id": successor.short_code,
        "verification_url": successor.verification_url,
    }


def _is_involved(certificate: Certificate, viewer: User) -> bool:
    if certificate.holder.user_id == viewer.pk:
        return True
    return access.can(viewer, certificate.event, Capability.CERTIFICATES_VIEW)


def _hashed(address: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()

"""The chain over the audit log: sealing of new entries, and the walk that finds changes."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from common.audit import canonical, digest
from common.models import AuditEntry, AuditHead

log = structlog.get_logger(__name__)

BATCH = 500
UNSEALED_ALARM = timedelta(minutes=5)
GENESIS = "0" * 64


@dataclass(frozen=True)
class Verdict:
    """What the walk found: how far it came, the first broken row and why, what waits too long."""

    entries: int
    last_hash: str
    broken: str = ""
    unsealed_too_long: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether the chain holds."""
        return not self.broken


def seal() -> int:
    """Chain the entries not sealed yet; return how many. One worker at a time holds the head."""
    count = 0
    while sealed := _seal_batch():
        count += sealed
        if sealed < BATCH:
            break
    return count


@transaction.atomic
def _seal_batch() -> int:
    if not AuditEntry.objects.filter(sequence=None).exists():
        return 0
    head = _locked_head()
    entries = list(AuditEntry.objects.filter(sequence=None).order_by("id")[:BATCH])
    for entry in entries:
        entry.sequence = head.last_sequence + 1
        entry.previous_hash = head.last_hash
        entry.hash = link(entry)
        head.last_sequence, head.last_hash = entry.sequence, entry.hash
    AuditEntry.objects.bulk_update(entries, ["sequence", "previous_hash", "hash"])
    head.save(update_fields=["last_sequence", "last_hash"])
    return len(entries)


def link(entry: AuditEntry) -> str:
    """Return the hash that chains an entry to the one before."""
    facts = {
        "sequence": entry.sequence,
        "uuid": entry.uuid,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": [entry.actor_type, entry.actor_uuid],
        "owner": entry.owner_uuid,
        "organization": entry.organization_uuid,
        "action": entry.action,
        "target": [entry.target_type, entry.target_uuid],
        "request_id": entry.request_id,
        "payload_digest": entry.payload_digest,
    }
    return hashlib.sha256(entry.previous_hash.encode() + canonical(facts)).hexdigest()


def verify(*, now: datetime) -> Verdict:
    """Walk the whole chain; note the outcome on the head and log the day's last hash."""
    verdict = _walk(now)
    if verdict.ok:
        AuditHead.objects.update(last_verified_at=now, broken_at=None, updated_at=now)
    else:
        AuditHead.objects.update(broken_at=now, updated_at=now)
    if verdict.ok:
        log.info("audit chain verified", entries=verdict.entries, last_hash=verdict.last_hash)
    else:
        log.error("audit chain broken", found=verdict.broken)
    if verdict.unsealed_too_long:
        log.error("audit entries unsealed", count=verdict.unsealed_too_long)
    return verdict


def _walk(now: datetime) -> Verdict:
    waiting = AuditEntry.objects.filter(sequence=None, created_at__lt=now - UNSEALED_ALARM).count()
    sequence, last_hash = 0, GENESIS
    for entry in _sealed():
        broken = _fault(entry, sequence + 1, last_hash)
        if broken:
            return Verdict(sequence, last_hash, broken, waiting)
        sequence, last_hash = entry.sequence or 0, entry.hash
    return Verdict(sequence, last_hash, _missing_end(sequence, last_hash), waiting)


def _sealed() -> Iterator[AuditEntry]:
    yield from AuditEntry.objects.exclude(sequence=None).order_by("sequence").iterator(BATCH)


def _fault(entry: AuditEntry, expected: int, last_hash: str) -> str:
    """Return what is wrong with an entry, naming its sequence; empty when nothing is."""
    if entry.sequence != expected:
        return f"Entry {expected} is missing; {entry.sequence} follows instead."
    if entry.previous_hash != last_hash:
        return f"Entry {expected} does not follow the entry before it."
    if entry.hash != link(entry):
        return f"Entry {expected} was changed after it was sealed."
    return _payload_fault(entry)


def _payload_fault(entry: AuditEntry) -> str:
    if entry.redacted_at is not None:
        return f"Entry {entry.sequence} is redacted but holds facts." if entry.payload else ""
    if digest(bytes(entry.payload_salt or b""), entry.payload) != entry.payload_digest:
        return f"Entry {entry.sequence} has a changed payload."
    return ""


def _missing_end(sequence: int, last_hash: str) -> str:
    head = AuditHead.objects.first()
    if head is None or (head.last_sequence, head.last_hash) == (sequence, last_hash):
        return ""
    # Entries sealed while the walk went on come after those seen; fewer means truncation.
    if (
        head.last_sequence > sequence
        and AuditEntry.objects.filter(sequence=head.last_sequence, hash=head.last_hash).exists()
    ):
        return ""
    return f"The chain should end with entry {head.last_sequence}, but ends with {sequence}."


def _locked_head() -> AuditHead:
    AuditHead.objects.get_or_create(pk=1)
    return AuditHead.objects.select_for_update(no_key=True).get(pk=1)


def redact(entry: AuditEntry) -> None:
    """Empty the payload and drop its salt; the digest stays, so the chain still verifies."""
    AuditEntry.objects.filter(pk=entry.pk, redacted_at=None).update(
        payload={}, payload_salt=None, redacted_at=timezone.now()
    )
    entry.refresh_from_db()

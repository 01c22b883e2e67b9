"""What schemes want on paper. No certificate is ever printed with a gap."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from certificates.eligibility import Standing
from certificates.models import CertificateTemplate
from common.exceptions import RuleViolation
from learning.credits.ledger import CreditLine

Snapshot = Mapping[str, Any]
ALWAYS = ("attendee_name", "event_title", "event_date", "organizer_name", "issued_date")
# The words schemes use, and where the answer stands in the snapshot or the credit line.
IN_SNAPSHOT: Mapping[str, str] = {
    "participant_name": "attendee_name",
    "title": "event_title",
    "dates": "event_date",
    "location": "event_location",
    "learning_objectives": "learning_objectives",
    "provider_name": "provider_name",
    "provider_address": "provider_address",
    "provider_contact": "provider_contact",
    "licence_number": "licences",
}
IN_LINE: Mapping[str, Callable[[CreditLine], object]] = {
    "delivery_method": lambda line: line.delivery_method,
    "activity_number": lambda line: line.activity_number,
    "provider_number": lambda line: line.provider_number,
    "approval_statement": lambda line: line.statement,
    "field_of_study": lambda line: line.categories,
    "credit_amount": lambda line: line.amount,
}


class CertificateFieldsMissing(RuleViolation):
    """A scheme that awarded something wants a field that is empty."""

    code: ClassVar[str] = "CERTIFICATE_FIELDS_MISSING"
    message: ClassVar[str] = "A credit scheme needs facts that are missing."


class RequiredDataMissing(RuleViolation):
    """A certificate without a name, a title, a date or an issuer says nothing."""

    code: ClassVar[str] = "REQUIRED_DATA_MISSING"
    message: ClassVar[str] = "The certificate lacks facts that it must state."


def require(standing: Standing, snapshot: Snapshot, template: CertificateTemplate) -> None:
    """Refuse the whole certificate when one field of one scheme is empty."""
    missing = missing_of(standing, snapshot, template)
    if missing:
        raise CertificateFieldsMissing(details={"missing": missing})
    empty = [field for field in ALWAYS if not snapshot[field]]
    if empty:
        raise RequiredDataMissing(details={"fields": empty})


def missing_of(
    standing: Standing, snapshot: Snapshot, template: CertificateTemplate
) -> list[dict[str, Any]]:
    """Return by scheme which of its required fields are empty."""
    found = (
        (
            line.scheme,
            [
                field
                for field in line.certificate_required_fields
                if not _answer(field, line, snapshot, template)
            ],
        )
        for line in standing.lines.lines
    )
    return [{"scheme": scheme, "fields": fields} for scheme, fields in found if fields]


def _answer(
    field: str, line: CreditLine, snapshot: Snapshot, template: CertificateTemplate
) -> object:
    if field == "signature":
        return template.signature_image or template.signatory_name
    if field in IN_LINE:
        return IN_LINE[field](line)
    return snapshot.get(IN_SNAPSHOT.get(field, ""))

"""Certificates whose facts changed after they were issued: a person decides what follows."""

from datetime import timedelta

from certificates import emails
from certificates.models import Certificate
from common.outbox import after_commit
from learning.credits import ledger
from registrations import completion
from registrations.models import Registration

DEBOUNCE = timedelta(seconds=60)
Code = Certificate.ReviewCode


def request(registration_id: int) -> None:
    """Ask for a second look in a minute, when the changes have settled."""
    after_commit(
        "certificates.recheck",
        registration_id,
        key=f"certificates.recheck:{registration_id}",
        delay=DEBOUNCE,
    )


def recheck(registration: Registration) -> None:
    """Compare the active certificate with today's facts; flag it, never withdraw it."""
    certificate = (
        Certificate.objects.active().with_relations().filter(registration=registration).first()
    )
    if certificate is None:
        return
    news = [certificate.flag(code, found=found) for code, found in _doubts(certificate)]
    if any(news):
        emails.certificate_needs_review(certificate)


def _doubts(certificate: Certificate) -> list[tuple[Code, str]]:
    registration = certificate.holder
    found = []
    if registration.status == Registration.Status.CANCELLED:
        found.append((Code.REGISTRATION_CANCELLED, "the registration was cancelled"))
    elif not completion.explain(registration).is_eligible:
        minutes = registration.total_attendance_minutes
        found.append((Code.ATTENDANCE_CHANGED, f"{minutes} minutes now"))
    printed = _printed(certificate)
    today = _today(registration)
    if printed != today:
        found.append((Code.CREDITS_WITHDRAWN, f"{_words(printed)} printed, {_words(today)} now"))
    return found


def _printed(certificate: Certificate) -> dict[str, str]:
    return {line["scheme"]: line["amount"] for line in certificate.certificate_data["credits"]}


def _today(registration: Registration) -> dict[str, str]:
    lines = ledger.lines_for(registration).lines
    return {line.scheme: str(ledger.rounded(line.amount)) for line in lines}


def _words(amounts: dict[str, str]) -> str:
    return ", ".join(f"{amount} {scheme}" for scheme, amount in amounts.items()) or "none"

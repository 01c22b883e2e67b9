"""What became of each person of one issuing."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from uuid import UUID

from certificates.eligibility import MESSAGES
from certificates.models import Certificate
from common.exceptions import DomainError, RuleViolation


class NothingIssued(RuleViolation):
    """Nobody of those named has a certificate now; the code is theirs when they share one."""

    code: ClassVar[str] = "NOTHING_ISSUED"
    message: ClassVar[str] = "No certificate could be issued."


@dataclass(frozen=True)
class Result:
    """What became of one person: issued, existing or skipped."""

    registration_uuid: UUID
    outcome: str
    certificate: Certificate | None = None
    code: str = ""
    message: str = ""
    details: Any = None

    @classmethod
    def skipped(cls, registration_uuid: UUID, code: str) -> "Result":
        message = MESSAGES.get(code, "There is no such registration at this event.")
        return cls(registration_uuid, "skipped", code=code, message=message)

    @classmethod
    def refused(cls, registration_uuid: UUID, refusal: DomainError) -> "Result":
        return cls(
            registration_uuid,
            "skipped",
            code=refusal.code,
            message=refusal.text,
            details=refusal.details,
        )

    @property
    def certificate_uuid(self) -> str | None:
        return str(self.certificate.uuid) if self.certificate else None

    def as_json(self) -> dict[str, Any]:
        return {
            "registration_uuid": str(self.registration_uuid),
            "outcome": self.outcome,
            "certificate_uuid": self.certificate_uuid,
            "code": self.code,
            "message": self.message,
            "details": self.details,
        }


@dataclass
class Outcome:
    """What became of all of them."""

    results: list[Result] = field(default_factory=list)

    @property
    def issued(self) -> int:
        return self._count("issued")

    @property
    def existing(self) -> int:
        return self._count("existing")

    @property
    def skipped(self) -> int:
        return self._count("skipped")

    @property
    def certificate_uuids(self) -> list[str]:
        return [result.certificate_uuid for result in self.results if result.certificate_uuid]

    def refuse_if_in_vain(self) -> None:
        """Raise when persons were named and none of them has a certificate now."""
        if self.issued or self.existing:
            return
        found = {result.code: result for result in self.results}
        refusal = NothingIssued(details={"results": [result.as_json() for result in self.results]})
        if len(found) == 1:
            ((shared, one),) = found.items()
            refusal.code = shared  # type: ignore[misc]  # the code the persons share
            refusal.text = one.message
        raise refusal

    def forget_issued(self) -> None:
        """Drop the certificates that a dry run has taken back; what became of people stays."""
        self.results = [
            replace(result, certificate=None) if result.outcome == "issued" else result
            for result in self.results
        ]

    def _count(self, outcome: str) -> int:
        return sum(result.outcome == outcome for result in self.results)

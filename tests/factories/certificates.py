"""Designs and snapshots to draw, people who are owed certificates, and rows."""

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import factory
from django.utils import timezone

import certificates
from certificates import snapshots, templates
from certificates.models import Certificate, CertificateStatusHistory, CertificateTemplate
from common import codes
from learning.credits import awarding
from registrations.models import Registration
from tests.factories.accounts import UserFactory
from tests.factories.registrations import RegistrationFactory, SessionAttendanceFactory

DESIGNS = Path(certificates.__file__).parent / "designs"


def built_in(name: str = "classic-1", **changes: Any) -> SimpleNamespace:
    """Return a built-in design as the renderer reads it."""
    facts = {
        "default_font": "sans",
        "default_font_size": 16,
        "default_color": "#111827",
        "language": "en",
        "signatory_name": "",
        "signatory_title": "",
        "signatory_2_name": "",
        "signatory_2_title": "",
    }
    design = json.loads((DESIGNS / f"{name}.json").read_text())
    return SimpleNamespace(**{**facts, **design, **changes})


def snapshot(**changes: Any) -> dict[str, Any]:
    """Return the facts of an ordinary certificate."""
    facts: dict[str, Any] = {
        "type": "event",
        "attendee_name": "Ada Lovelace",
        "attendee_title": "Consultant",
        "attendee_organization": "St Mary's Hospital",
        "event_title": "Advances in Anaesthesia",
        "event_date": "2027-03-03",
        "event_end_date": "2027-03-05",
        "event_datetime": "2027-03-03T09:00:00+00:00",
        "event_timezone": "Europe/Berlin",
        "event_location": "Online",
        "event_duration_minutes": 150,
        "attendance_minutes": 150,
        "credits": [credit()],
        "cpd_type": "CPD",
        "cpd_credits": "2.75",
        "organizer_name": "Acme Learning",
        "issued_date": "2027-03-06",
        "expires_on": None,
        "certificate_number": "CPD-2027-ABCDEFGH",
        "short_code": "ABCDEFGH",
        "verification_code": "0123456789abcdefABCDEF",
        "verification_url": "https://cpd.example.org/verify/0123456789abcdefABCDEF/",
    }
    return {**facts, **changes}


def credit(**changes: Any) -> dict[str, Any]:
    """Return one credit line of a snapshot."""
    facts: dict[str, Any] = {
        "award": "00000000-0000-4000-8000-000000000000",
        "scheme": "SIMPLE",
        "name": "Simple",
        "unit": "CPD points",
        "amount": "2.75",
        "categories": [],
        "activity_number": "",
        "provider_number": "",
        "delivery_method": "group_internet",
        "statement": "Designated for 2.75 points by the board.",
        "scheme_version": 1,
    }
    return {**facts, **changes}


def attended(**facts: Any) -> Registration:
    """Make somebody who was there all the time, with attendance finalized."""
    facts.setdefault("attendance_eligible", True)
    registration = RegistrationFactory(
        **{
            "attended": True,
            "total_attendance_minutes": 60,
            "attendance_percent": 100,
            "sessions_attended": 1,
            "attendance_finalized_at": timezone.now(),
            **facts,
        }
    )
    for session in registration.event.sessions.all():
        SessionAttendanceFactory(
            registration=registration,
            session=session,
            total_attendance_minutes=session.duration_minutes,
            attendance_percent=100,
            attended=True,
        )
    return registration


def award(registration: Registration, *, value: str = "2.75", credit_type: str = "CME") -> None:
    """Give somebody the credits of their event, as it offers them."""
    event = registration.event
    event.cpd_enabled, event.cpd_credit_type = True, credit_type
    event.cpd_credit_value = Decimal(value)
    event.save()
    awarding.award_registration(registration)


class CertificateTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CertificateTemplate

    class Params:
        built_in = factory.Trait(owner=None, is_builtin=True)

    owner = factory.SubFactory(UserFactory, organizer=True)
    name = factory.Sequence(lambda number: f"Design {number}")


class CertificateFactory(factory.django.DjangoModelFactory):
    """An active certificate on the built-in design whose PDF is not made yet."""

    class Meta:
        model = Certificate

    class Params:
        ready = factory.Trait(
            pdf_status="ready",
            pdf_key=factory.Sequence(lambda number: f"certificates/{number}/file.pdf"),
            pdf_sha256=factory.Sequence(lambda number: f"{number:064x}"),
            pdf_generated_at=factory.LazyFunction(timezone.now),
        )
        revoked = factory.Trait(
            status="revoked",
            revoked_at=factory.LazyFunction(timezone.now),
            revoked_by=factory.SubFactory(UserFactory),
            revocation_reason="Issued by mistake.",
        )

    registration = factory.SubFactory(RegistrationFactory)
    template = factory.LazyFunction(
        lambda: CertificateTemplate.objects.get(chain=templates.CLASSIC)
    )
    holder_name = factory.SelfAttribute("registration.full_name")
    holder_email = factory.SelfAttribute("registration.email")
    certificate_data = factory.LazyAttribute(
        lambda row: snapshot(
            attendee_name=row.holder_name,
            event_title=row.registration.event.title,
            organizer_name=row.registration.event.organizer_name,
            short_code=row.short_code,
            verification_code=row.verification_code,
        )
    )
    short_code = factory.LazyFunction(codes.short_code)
    verification_code = factory.LazyFunction(codes.verification_code)
    content_sha256 = factory.LazyAttribute(lambda row: snapshots.digest(row.certificate_data))
    retain_until = factory.LazyFunction(lambda: timezone.now().date())


class CertificateStatusHistoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CertificateStatusHistory

    certificate = factory.SubFactory(CertificateFactory)
    to_status = "active"
    action = "issued"

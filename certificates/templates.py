"""Which design a certificate is printed on."""

from uuid import UUID

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from certificates.models import Certificate, CertificateTemplate
from common.exceptions import InvalidRequest
from events.models import Event

CLASSIC = UUID("6f1b6d0e-5a0c-4c59-9a53-0b7f3f2a7c01")  # the chain of the built-in design


class UnknownTemplate(InvalidRequest):
    """Unknown, foreign and inactive designs are refused alike."""

    code = "VALIDATION_ERROR"
    message = "Validation failed."

    def __init__(self) -> None:
        super().__init__(details={"template_uuid": ["Not found."]})


def applicable(event: Event, asked: UUID | None = None) -> CertificateTemplate:
    """Return the design for an event: the one asked for, its own, a default, or Classic."""
    if asked is not None:
        chosen = named(event, asked)
        if chosen is None:
            raise UnknownTemplate
        return chosen
    own = named(event, event.certificate_template) if event.certificate_template else None
    return own or _default(event) or _classic()


def named(event: Event, uuid: UUID) -> CertificateTemplate | None:
    """Return the latest version of the design that any version's uuid names."""
    usable = CertificateTemplate.objects.usable_for(
        owner=event.owner, organization=event.organization
    )
    chains = usable.filter(uuid=uuid).values("chain")
    return usable.active().latest_versions().filter(chain__in=chains).first()


def with_history(rows: QuerySet[CertificateTemplate]) -> QuerySet[CertificateTemplate]:
    """Add the count of certificates printed on any version, and the first version's uuid."""
    printed = (
        Certificate.objects.filter(template__chain=OuterRef("chain"))
        .order_by()
        .values("template__chain")
        .annotate(number=Count("pk"))
        .values("number")
    )
    first = CertificateTemplate.all_objects.filter(chain=OuterRef("chain"), version=1)
    return rows.annotate(
        certificate_count=Coalesce(Subquery(printed), 0, output_field=IntegerField()),
        original_template=Case(When(version__gt=1, then=Subquery(first.values("uuid")))),
    )


def _default(event: Event) -> CertificateTemplate | None:
    defaults = CertificateTemplate.objects.active().filter(is_default=True)
    if event.organization is not None:
        shared = defaults.filter(organization=event.organization).first()
        if shared is not None:
            return shared
    return defaults.filter(owner=event.owner, organization=None).first()


def _classic() -> CertificateTemplate:
    return CertificateTemplate.objects.latest_versions().get(chain=CLASSIC)

"""The messages about certificates; delivery is the mail queue's."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from accounts import notifications
from certificates import links
from certificates.models import Certificate
from common import mail
from events.models import Event

NOTICES: Final[Mapping[str, str]] = {
    "certificate_issued": "You have received a certificate.",
    "certificate_revoked": "A certificate of yours was revoked.",
    "certificate_needs_review": "A certificate you issued needs your judgement.",
    "certificate_quota_reached": "Your plan issues no more certificates this month.",
    "artefact_failed": "A certificate you issued could not be made.",
}


def certificate_issued(certificate: Certificate, *, occasion: str = "") -> bool:
    """Hand the holder the links; tell whether that was news. PDFs are linked, not attached."""
    return _to_holder(
        "certificate_issued",
        certificate,
        mail.Category.CERTIFICATE,
        occasion=occasion,
        open_url=links.open_link(certificate),
        linkedin_url=links.linkedin(certificate),
    )


def certificate_revoked(certificate: Certificate) -> bool:
    """Tell the holder, with the reason."""
    return _to_holder(
        "certificate_revoked",
        certificate,
        mail.Category.ACCOUNT,
        reason=certificate.revocation_reason,
    )


def certificate_needs_review(certificate: Certificate) -> None:
    """Ask the organizer for a judgement, once per certificate."""
    _to_organizer(
        "certificate_needs_review",
        certificate.event,
        dedupe=f"certificate_needs_review:{certificate.uuid}",
        holder=certificate.holder_name,
        number=certificate.certificate_number,
    )


def artefact_failed(certificate: Certificate) -> None:
    """Tell the organizer that the PDF could not be made."""
    _to_organizer(
        "artefact_failed",
        certificate.event,
        dedupe=f"artefact_failed:{certificate.uuid}",
        holder=certificate.holder_name,
        number=certificate.certificate_number,
    )


def certificate_quota_reached(event: Event, *, period: str) -> None:
    """Tell the organizer, once per period, that the plan issues no more."""
    _to_organizer(
        "certificate_quota_reached",
        event,
        dedupe=f"certificate_quota_reached:{event.owner.uuid}:{period}",
        billing_url=f"{settings.FRONTEND_URL}/settings/billing",
    )


def certificates_summary(event: Event, *, issued: int, skipped: dict[str, int], run: str) -> None:
    """Sum up an automatic run."""
    _to_organizer(
        "certificates_summary",
        event,
        dedupe=f"certificates_summary:{event.uuid}:{run}",
        category=mail.Category.ORGANIZER_SUMMARY,
        issued=issued,
        skipped=skipped,
    )


def _to_holder(
    kind: str, certificate: Certificate, category: str, *, occasion: str = "", **context: Any
) -> bool:
    if not certificate.holder_email:
        return False
    user = certificate.holder.user
    facts = certificate.certificate_data
    event = certificate.event
    message = mail.send(
        kind,
        to=mail.Recipient(
            certificate.holder_email, certificate.holder_name, user.uuid if user else None
        ),
        category=category,
        context={
            "name": certificate.holder_name,
            "title": facts["event_title"],
            "organizer": facts["organizer_name"],
            "credits": facts["credits"],
            "number": certificate.certificate_number,
            "verification_url": certificate.verification_url,
            **context,
        },
        envelope=mail.Envelope(
            dedupe_key=":".join(filter(None, (kind, str(certificate.uuid), occasion))),
            about=certificate,
            part_of=event,
            owner_uuid=event.owner.uuid,
            organization_uuid=event.organization.uuid if event.organization else None,
            from_name=facts["organizer_name"],
        ),
    )
    path = f"/certificates/{certificate.uuid}"
    notifications.beside(message, user, action_url=path, event=event.uuid)
    return message is not None


def _to_organizer(
    kind: str,
    event: Event,
    *,
    dedupe: str,
    category: str = mail.Category.ACCOUNT,
    **context: Any,
) -> None:
    owner = event.owner
    message = mail.send(
        kind,
        to=mail.Recipient(owner.email, owner.full_name, owner.uuid),
        category=category,
        context={
            "name": owner.full_name,
            "title": event.title,
            "certificates_url": f"{settings.FRONTEND_URL}/events/{event.uuid}/certificates",
            **context,
        },
        envelope=mail.Envelope(dedupe_key=dedupe, about=event, part_of=event),
    )
    if kind in NOTICES:
        path = f"/events/{event.uuid}/certificates"
        notifications.beside(message, owner, action_url=path, event=event.uuid)

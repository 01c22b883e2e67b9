"""Signed links: whoever holds one acts for one registration, without signing in."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing

from common.exceptions import LinkExpired, NotFound
from registrations.models import Registration

LIFETIME: Final = timedelta(days=90)  # after the event's end
# The purpose is part of the signature: a link made for something else opens nothing here.
PURPOSE: Final = "registrations.guest_links"
_signer = signing.Signer(salt=PURPOSE, sep=".")


def token_for(registration: Registration) -> str:
    """Return the token of a registration; it is the same each time."""
    return _signer.sign(registration.uuid.hex)


def registration_for(token: str, *, now: datetime) -> Registration:
    """Return the registration a token stands for.

    A changed token is not found; one past its time, or of a cancelled place, has expired.
    """
    try:
        uuid = UUID(hex=_signer.unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    registration = Registration.objects.for_registrants().filter(uuid=uuid).first()
    if (
        registration is None
        or registration.status == Registration.Status.CANCELLED
        or now > registration.event.ends_at + LIFETIME
    ):
        raise LinkExpired
    return registration


def manage_url(registration: Registration) -> str:
    """Return the page where a registrant looks after their place."""
    return f"{settings.FRONTEND_URL}/registrations/manage?token={token_for(registration)}"


def api_url(registration: Registration, what: str = "") -> str:
    """Return the address of the API behind that page, or of one of its parts."""
    root = f"{settings.PUBLIC_BASE_URL}/api/v1/public/registrations/{token_for(registration)}/"
    return f"{root}{what}/" if what else root

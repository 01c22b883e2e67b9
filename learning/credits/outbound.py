"""What the credit engine tells integrators: the types, and what their objects say."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from accounts.webhooks import Content, thing
from events.models import Event
from events.outbound import ROOT, SAMPLE, tell
from learning.credits.models import CreditAward

SAMPLE_AWARD: Final = "e4d3c2b1-a0f9-4e8d-9c7b-6a5f4e3d2c1b"


def _example(amount: str) -> Mapping[str, Any]:
    return {
        "object": "credit_award",
        "uuid": SAMPLE_AWARD,
        "url": f"{ROOT}/events/{SAMPLE}/credit-awards/",
        "user": None,
        "scheme": "cpd-hours",
        "amount": amount,
        "activity": SAMPLE,
    }


TYPES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "credit.awarded": ("Somebody earned credits, or more or fewer than before.", _example("1.5")),
    "credit.revoked": ("Credits were taken back.", _example("-1.5")),
}


def about_award(award: CreditAward, event: Event) -> Content:
    """Return what is said of a posting: ``amount`` is by how much the account moved."""
    return thing(
        "credit_award",
        award,
        f"events/{event.uuid}/credit-awards/",
        user=award.user.uuid if award.user else None,
        scheme=award.scheme_version.scheme.code,
        amount=f"{award.value.normalize():f}",
        activity=event.uuid,
    )


def tell_of_award(event_type: str, *, award: CreditAward, **_: Any) -> None:
    """Tell those who listen to the tenant of the event; what is earned elsewhere has none."""
    if award.registration is not None:
        event = award.registration.event
        tell(event_type, event, partial(about_award, award, event))

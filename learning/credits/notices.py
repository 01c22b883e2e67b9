"""What learners find in the product when their account of credits moves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from accounts.notifications import Notice, notify_each
from learning.credits.models import CreditAward

TYPES: Final[Mapping[str, str]] = {
    "credit_awarded": "Credits were awarded to you.",
    "credit_adjusted": "The number of your credits was corrected.",
    "credit_revoked": "Credits were withdrawn from you.",
}
SAYINGS: Final[Mapping[str, str]] = {
    CreditAward.Kind.AWARD: "credit_awarded",
    CreditAward.Kind.ADJUST: "credit_adjusted",
    CreditAward.Kind.REVOKE: "credit_revoked",
}
TITLES: Final[Mapping[str, str]] = {
    "credit_awarded": "Credits awarded",
    "credit_adjusted": "Credits corrected",
    "credit_revoked": "Credits withdrawn",
}


def posted(awards: Sequence[CreditAward]) -> None:
    """Tell everybody whose account moved, in two queries for each kind of movement."""
    told: dict[str, list[tuple[int | None, Notice]]] = defaultdict(list)
    for award in awards:
        kind = SAYINGS[award.kind]
        told[kind].append((award.user_id, _notice(kind, award)))
    for kind, notices in told.items():
        notify_each(notices, kind)


def _notice(kind: str, award: CreditAward) -> Notice:
    total = award.decision.value if award.decision else award.value
    return Notice(
        title=f"{TITLES[kind]}: {award.activity_title}",
        message=f"{total.normalize():f} {award.credit_type}. {award.reason}".strip(),
        action_url="/credits",
        metadata={"award": str(award.uuid)},
        dedupe_key=f"{kind}:{award.posting}",
    )

"""What credits keep of a person: what was earned, for as long as boards may ask for it."""

from datetime import datetime

from django.db.models import F, Max, Q, QuerySet

from accounts.privacy import NOBODY, Collected, Kept, Person, table
from common.personal_data import declare
from learning.credits.models import (
    ActivityCredit,
    CreditAward,
    CreditCategory,
    CreditDecision,
    CreditScheme,
    CreditSchemeVersion,
)

declare(
    CreditScheme,
    impersonal="code name credit_type unit_label accreditor_name accreditor_url country notes",
)
declare(
    CreditSchemeVersion,
    impersonal="allowed_increments accepted_sources role_multipliers delivery_overrides audience "
    "required_learner_fields certificate_required_fields statement_template",
)
declare(CreditCategory, impersonal="code name")
declare(
    ActivityCredit,
    impersonal="credit_type delivery_method activity_number course_tracking_number session_values "
    "statement_override",
)
declare(
    CreditDecision,
    # What a decision rests on is sealed by its hash, the holder's name among it.
    kept="reason inputs",
    impersonal="role parts reasons flags inputs_hash",
)
declare(
    CreditAward,
    kept="holder_name activity_title provider_name reason",
    impersonal="account_key tags credit_type role delivery_method activity_number provider_number",
)


def collect(person: Person) -> Collected:
    """Return what the person earned, and why."""
    return Collected(
        {
            "credit_awards": table(
                CreditAward.objects.filter(_earned(person)),
                "uuid", "kind", "value", "credit_type", "role", "source", "activity_title",
                "activity_date", "activity_number", "provider_name", "holder_name", "reason",
                "created_at", "retain_until",
            ),
            "credit_decisions": table(
                CreditDecision.objects.filter(
                    person.owns("registration__user", "registration__email")
                ),
                "uuid", "outcome", "value", "seconds", "presence_percent", "reasons",
                "created_at", registration_uuid=F("registration__uuid"),
            ),
        }
    )  # fmt: skip


def keep(person: Person) -> Kept:
    """Tell how many awards stay as evidence, and until when."""
    rows = CreditAward.objects.filter(_earned(person))
    until = rows.aggregate(last=Max("retain_until"))["last"]
    return Kept("credit_awards", rows.count(), until)


def released_awards(cutoff: datetime) -> QuerySet[CreditAward]:
    """Return what erased people earned and nobody must keep any more."""
    return CreditAward.objects.filter(
        retain_until__lt=cutoff.date(), registration__email__endswith=f"@{NOBODY}"
    )


def released_decisions(cutoff: datetime) -> QuerySet[CreditDecision]:
    """Return the reasons for it, once no award rests on them."""
    return CreditDecision.objects.filter(
        retain_until__lt=cutoff.date(), registration__email__endswith=f"@{NOBODY}", awards=None
    )


def _earned(person: Person) -> Q:
    mine = person.owns("registration__user", "registration__email")
    return mine | Q(user=person.user) if person.user else mine

"""What billing keeps of a person: the payer's address goes, the books stay."""

from django.db.models import F
from django.utils import timezone

from accounts.privacy import Collected, Person, table
from billing.models import BillingAccount, Plan, PlanPrice, Subscription, SubscriptionChange
from common.personal_data import declare

ADDRESS = (
    "legal_name", "billing_email", "address_line1", "address_line2", "city", "region",
    "postal_code", "country", "tax_number", "receipt_footer",
)  # fmt: skip

declare(
    BillingAccount,
    erased=" ".join(ADDRESS),
    impersonal="stripe_customer_id tax_label default_currency receipt_prefix",
)
declare(Plan, impersonal="code name description features stripe_product_id")
declare(PlanPrice, impersonal="currency stripe_price_id")
declare(
    Subscription,
    erased="cancellation_reason",
    impersonal="limits_override stripe_subscription_id stripe_schedule_id",
)
declare(SubscriptionChange, erased="reason", impersonal="from_status to_status")


def collect(person: Person) -> Collected:
    """Return the payer's details and the life of the subscription."""
    if person.user is None:
        return Collected({})
    mine = {"subscription__account__user": person.user}
    return Collected(
        {
            "billing_account": table(
                BillingAccount.objects.filter(user=person.user),
                "uuid", *ADDRESS, "default_currency", "trial_used_at", "created_at",
            ),
            "subscription": table(
                Subscription.objects.filter(account__user=person.user),
                "uuid", "status", "billing_cycle", "current_period_start", "current_period_end",
                "trial_start", "trial_end", "canceled_at", "ended_at", "cancellation_reason",
                "created_at", plan_code=F("plan__code"),
            ),
            "subscription_changes": table(
                SubscriptionChange.objects.filter(**mine),
                "kind", "from_status", "to_status", "reason", "effective_at",
            ),
        }
    )  # fmt: skip


def erase(person: Person) -> dict[str, int]:
    """Empty the payer's address and what they wrote; the subscription ends afterwards."""
    if person.user is None:
        return {}
    now = timezone.now()
    accounts = BillingAccount.objects.filter(user=person.user)
    Subscription.objects.filter(account__in=accounts).update(cancellation_reason="")
    SubscriptionChange.objects.filter(subscription__account__in=accounts).update(reason="")
    blank = dict.fromkeys(ADDRESS, "")
    return {"billing.BillingAccount": accounts.update(**blank, updated_at=now)}

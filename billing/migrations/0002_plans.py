"""The plans everybody starts with; operators edit their prices later."""

from django.db import migrations

LIMITS = (
    "events_per_month",
    "courses_per_month",
    "certificates_per_month",
    "invitations_per_month",
    "registrations_per_event",
    "contact_lists",
    "contacts",
    "certificate_templates",
    "team_members",
)
PLANS = {
    "free": (0, "Free", True, (0, 0, 0, 0, 0, 0, 0, 0, 1)),
    "trial": (5, "Trial", False, (100, 20, 1000, 2000, 500, 20, 5000, 10, 20)),
    "starter": (10, "Starter", True, (5, 2, 500, 1000, 100, 5, 500, 3, 5)),
    "professional": (20, "Professional", True, (20, 10, 5000, 10000, 500, 20, 5000, 10, 20)),
    "enterprise": (30, "Enterprise", True, (None,) * 9),
}
PRICES = {"starter": (2900, 29000), "professional": (9900, 99000)}
DESCRIPTIONS = {
    "free": "Keep reading what you have made.",
    "trial": "Everything, for two weeks.",
    "starter": "For a single provider with a few events a month.",
    "professional": "For teams that run events every week.",
    "enterprise": "Without limits, with a contract.",
}


def add_plans(apps, schema_editor):
    plan_model = apps.get_model("billing", "Plan")
    price_model = apps.get_model("billing", "PlanPrice")
    for code, (rank, name, is_public, numbers) in PLANS.items():
        plan = plan_model.objects.create(
            code=code,
            name=name,
            description=DESCRIPTIONS[code],
            rank=rank,
            is_public=is_public,
            contact_sales=code == "enterprise",
            **{f"max_{limit}": number for limit, number in zip(LIMITS, numbers, strict=True)},
        )
        for cycle, amount in zip(("monthly", "yearly"), PRICES.get(code, ()), strict=False):
            price_model.objects.create(
                plan=plan, billing_cycle=cycle, currency="USD", amount=amount
            )


def remove_plans(apps, schema_editor):
    apps.get_model("billing", "Plan").objects.filter(code__in=PLANS).delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_subscriptions")]
    operations = [migrations.RunPython(add_plans, remove_plans)]

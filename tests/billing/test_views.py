"""What billing shows."""

import pytest

from billing import subscribing
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def test_plans_on_offer_are_public_and_in_order_of_rank(anonymous):
    answer = anonymous.get("/api/v1/billing/plans/").json()

    starter = next(plan for plan in answer["results"] if plan["code"] == "starter")
    assert [plan["code"] for plan in answer["results"]] == [
        "free",
        "starter",
        "professional",
        "enterprise",
    ]
    assert (starter["price_monthly"], starter["price_yearly"], starter["currency"]) == (
        2900,
        29000,
        "USD",
    )
    assert (starter["max_events_per_month"], starter["trial_days"]) == (5, 14)


def test_prices_in_a_currency_without_any_are_null(anonymous):
    answer = anonymous.get("/api/v1/billing/plans/?currency=eur").json()

    assert {plan["price_monthly"] for plan in answer["results"]} == {None}


def test_the_subscription_of_a_new_organizer_is_a_trial_with_full_access(api_for):
    user = UserFactory()
    subscribing.start_trial(user)

    answer = api_for(user).get("/api/v1/billing/subscription/").json()

    assert (answer["status"], answer["plan"]["code"], answer["access"], answer["source"]) == (
        "trialing",
        "trial",
        "full",
        "trial",
    )


def test_somebody_without_a_subscription_reads_null(api_for):
    response = api_for(UserFactory()).get("/api/v1/billing/subscription/")

    assert (response.status_code, response.json()) == (200, {"subscription": None})


def test_nobody_reads_it_without_signing_in(anonymous):
    response = anonymous.get("/api/v1/billing/subscription/")

    assert (response.status_code, response.json()["error"]["code"]) == (401, "NOT_AUTHENTICATED")


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 200), ("admin", 200), ("organizer", 200), ("instructor", 403), ("staff", 403)],
)
def test_roles_that_see_an_organizations_subscription(api_for, role, status):
    organization = OrganizationFactory()
    SubscriptionFactory(account=BillingAccountFactory(user=None, organization=organization))
    member = MembershipFactory(organization=organization, role=role).user

    response = api_for(member).get(
        "/api/v1/billing/subscription/", {"organization": str(organization.uuid)}
    )

    assert response.status_code == status


def test_a_strangers_organization_is_not_found(api_for):
    organization = OrganizationFactory()

    response = api_for(UserFactory()).get(
        "/api/v1/billing/subscription/", {"organization": str(organization.uuid)}
    )

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_malformed_organization_is_named(api_for):
    response = api_for(UserFactory()).get("/api/v1/billing/subscription/?organization=x")

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["organization"]

"""Credits as people and providers see them."""

from decimal import Decimal

import pytest
from django.utils import timezone

from learning.credits import awarding, ledger
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.credits import attended
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db

MINE = "/api/v1/users/me/credits/"


@pytest.fixture
def event(organizer, organization):
    return EventFactory(
        completed=True,
        owner=organizer,
        organization=organization,
        title="Ethics update",
        cpd_enabled=True,
        cpd_credit_type="CPD",
        cpd_credit_value=Decimal("2.50"),
        attendance_finalized_at=timezone.now(),
    )


@pytest.fixture
def awarded(event, attendee):
    registration = attended(event, user=attendee, full_name="Ada Attendee")
    awarding.award_event(event)
    return registration


def test_a_person_sees_the_ledger_with_balances(api_for, awarded, attendee, organizer):
    ledger.revoke_for(awarded, by=organizer, reason="Certificate withdrawn.")

    answer = api_for(attendee).get(MINE).json()

    shown = [(row["kind"], row["value"], row["balance_after"]) for row in answer["results"]]
    assert shown == [("revoke", "-2.50", "0.00"), ("award", "2.50", "2.50")]
    assert answer["results"][0]["reason"] == "Certificate withdrawn."


def test_the_detail_tells_why(api_for, awarded, attendee):
    row = api_for(attendee).get(MINE).json()["results"][0]

    detail = api_for(attendee).get(f"{MINE}{row['uuid']}/").json()

    assert [(rule["code"], rule["verdict"]) for rule in detail["reasons"]] == [
        ("attendance_percent", "met")
    ]


def test_filters_leave_the_balance_as_it_was(api_for, awarded, attendee, organizer):
    ledger.revoke_for(awarded, by=organizer, reason="Certificate withdrawn.")

    answer = api_for(attendee).get(MINE, {"kind": "revoke"}).json()

    assert [row["balance_after"] for row in answer["results"]] == ["0.00"]


def test_the_summary_adds_up_by_type(api_for, awarded, attendee):
    answer = api_for(attendee).get(f"{MINE}summary/").json()

    assert answer == {
        "results": [
            {
                "credit_type": "CPD",
                "scheme": "SIMPLE",
                "awarded": "2.50",
                "adjusted": "0.00",
                "revoked": "0.00",
                "total": "2.50",
                "first_date": "2027-03-01",
                "last_date": "2027-03-01",
            }
        ]
    }


def test_nobody_sees_anybody_elses_rows(api_for, awarded, attendee, stranger):
    row = api_for(attendee).get(MINE).json()["results"][0]

    assert api_for(stranger).get(MINE).json()["count"] == 0
    assert api_for(stranger).get(f"{MINE}{row['uuid']}/").status_code == 404


def test_an_unknown_kind_is_refused_by_name(api_for, attendee):
    response = api_for(attendee).get(MINE, {"kind": "gift"})

    assert (response.status_code, list(response.json()["error"]["details"])) == (400, ["kind"])


@pytest.mark.parametrize(("role", "status"), [("organizer", 200), ("staff", 200)])
def test_the_organizations_people_see_who_earned_what(
    api_for, event, organization, awarded, role, status
):
    member = MembershipFactory(organization=organization, role=role).user

    response = api_for(member).get(f"/api/v1/events/{event.uuid}/credit-awards/")

    rows = [
        (row["holder_name"], row["value"], row["outcome"]) for row in response.json()["results"]
    ]
    assert (response.status_code, rows) == (status, [("Ada Attendee", "2.50", "posted")])


def test_a_strangers_event_is_not_found(api_for, event, stranger):
    response = api_for(stranger).get(f"/api/v1/events/{event.uuid}/credit-awards/")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("count", [1, 3])
def test_own_credits_cost_the_same_for_one_and_for_three(
    api_for, event, attendee, count, django_assert_num_queries
):
    for number in range(count):
        attended(event, user=attendee, email=f"ada{number}@example.org")
    awarding.award_event(event)
    api = api_for(attendee)

    with django_assert_num_queries(3):
        answer = api.get(MINE).json()

    assert answer["count"] == count


@pytest.mark.parametrize("count", [1, 3])
def test_an_events_credits_cost_the_same_for_one_and_for_three(
    api_for, event, organizer, count, django_assert_num_queries
):
    for _ in range(count):
        attended(event, user=UserFactory())
    awarding.award_event(event)
    api = api_for(organizer)

    with django_assert_num_queries(4):
        answer = api.get(f"/api/v1/events/{event.uuid}/credit-awards/").json()

    assert answer["count"] == count

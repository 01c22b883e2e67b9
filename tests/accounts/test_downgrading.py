"""From organizer to attendee and back: what stands in the way, what stays, what ends."""

import pytest

from accounts.signals import organizer_downgraded
from billing.models import Subscription
from common.models import AuditEntry
from tests.factories.events import EventFactory

DOWNGRADE = "/api/v1/users/me/downgrade/"
UPGRADE = "/api/v1/users/me/upgrade/"
ME = "/api/v1/users/me/"
pytestmark = pytest.mark.django_db


def test_a_downgrade_answers_with_the_account_and_ends_the_subscription(api_for, organizer):
    client = api_for(organizer)

    body = client.post(DOWNGRADE).json()

    subscription = Subscription.objects.get(account__user=organizer)
    assert body == {"message": "You are an attendee now.", "user": client.get(ME).json()}
    assert body["user"]["account_type"] == "attendee"
    assert (subscription.status, subscription.plan.code) == ("canceled", "free")
    assert AuditEntry.objects.filter(action="user.downgraded", actor_uuid=organizer.uuid).exists()


@pytest.mark.parametrize("who", ["attendee", "staff_member"])
def test_only_an_organizer_can_be_downgraded(api_for, request, who):
    response = api_for(request.getfixturevalue(who)).post(DOWNGRADE)

    assert (response.status_code, response.json()["error"]["code"]) == (409, "NOT_ORGANIZER")


def test_a_second_downgrade_is_refused(api_for, organizer):
    client = api_for(organizer)
    client.post(DOWNGRADE)

    assert client.post(DOWNGRADE).json()["error"]["code"] == "NOT_ORGANIZER"


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ({}, 200),
        ({"published": True}, 409),
        ({"live": True}, 409),
        ({"completed": True}, 200),
        ({"cancelled": True}, 200),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else str(value),
)
def test_what_is_offered_to_others_stands_in_the_way(api_for, organizer, state, answer):
    EventFactory(owner=organizer, **state)

    response = api_for(organizer).post(DOWNGRADE)

    organizer.refresh_from_db()
    assert (response.status_code, organizer.is_organizer) == (answer, answer == 409)


def test_the_refusal_names_what_stands_in_the_way(api_for, organizer):
    EventFactory.create_batch(2, owner=organizer, published=True)

    error = api_for(organizer).post(DOWNGRADE).json()["error"]

    assert (error["code"], error["details"]) == (
        "ACTIVE_CONTENT",
        {
            "blockers": [
                {
                    "code": "EVENTS_ACTIVE",
                    "message": "Published and live events must be cancelled or completed first.",
                    "count": 2,
                }
            ]
        },
    )
    assert Subscription.objects.get(account__user=organizer).status == "trialing"


def test_events_of_an_organization_stay_with_it(api_for, organizer, organization):
    EventFactory(owner=organizer, organization=organization, published=True)

    assert api_for(organizer).post(DOWNGRADE).status_code == 200


def test_a_receiver_that_fails_undoes_the_downgrade(api_for, organizer):
    def fail(**_):
        raise RuntimeError

    organizer_downgraded.connect(fail)
    client = api_for(organizer)
    client.raise_request_exception = False
    try:
        response = client.post(DOWNGRADE)
    finally:
        organizer_downgraded.disconnect(fail)

    organizer.refresh_from_db()
    assert (response.status_code, organizer.is_organizer) == (500, True)
    assert Subscription.objects.get(account__user=organizer).status == "trialing"


@pytest.fixture
def former(api_for, attendee):
    """Somebody who was an organizer, with the draft that they left."""
    client = api_for(attendee)
    assert client.post(UPGRADE).status_code == 200
    draft = EventFactory(owner=attendee)
    assert client.post(DOWNGRADE).status_code == 200
    return client, f"/api/v1/events/{draft.uuid}/"


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("get", "", 200),
        ("patch", "", 403),
        ("delete", "", 403),
        ("post", "publish/", 403),
        ("get", "sessions/", 200),
        ("get", "registrations/", 200),
    ],
)
def test_what_was_made_can_be_read_and_no_longer_changed(former, method, path, answer):
    client, event = former

    assert getattr(client, method)(event + path).status_code == answer


def test_the_list_of_what_was_made_stays(former):
    client, event = former

    uuids = [row["uuid"] for row in client.get("/api/v1/events/").json()["results"]]

    assert [f"/api/v1/events/{uuid}/" for uuid in uuids] == [event]


def test_upgrading_again_gives_the_content_back_but_no_second_trial(former, attendee):
    client, event = former

    assert client.post(UPGRADE).status_code == 200

    assert client.patch(event, {"title": "Again"}).json()["title"] == "Again"
    assert Subscription.objects.get(account__user=attendee).status == "canceled"

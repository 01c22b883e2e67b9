"""One's own account: profile, preferences, becoming an organizer, sessions."""

from uuid import uuid4

import pytest

from accounts.models import User, UserSession
from billing.models import Subscription
from common.models import AuditEntry
from tests.factories.accounts import UserFactory, UserSessionFactory

ME = "/api/v1/users/me/"
SESSIONS = "/api/v1/users/me/sessions/"
UPGRADE = "/api/v1/users/me/upgrade/"
pytestmark = pytest.mark.django_db


def test_me_shows_everything_about_me(api_for, attendee):
    body = api_for(attendee).get(ME).json()

    assert body == {
        "uuid": str(attendee.uuid),
        "email": "attendee@example.org",
        "full_name": "Ada Attendee",
        "professional_title": "",
        "credentials": "",
        "organization_name": "",
        "bio": "",
        "profile_photo_url": "",
        "timezone": "UTC",
        "account_type": "attendee",
        "email_verified": True,
        "organizer_display_name": "",
        "organizer_logo_url": "",
        "organizer_website": "",
        "organizer_bio": "",
        "organizer_social_linkedin": "",
        "organizer_social_twitter": "",
        "is_organizer_profile_public": True,
        "notify_event_reminders": True,
        "notify_certificate_issued": True,
        "notify_marketing": False,
        "notify_new_registration": True,
        "notify_event_summary": True,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }


def test_my_profile_can_be_changed(api_for, attendee):
    changes = {
        "full_name": "Ada Lovelace",
        "bio": "Mathematician\nand writer",
        "timezone": "Europe/London",
        "profile_photo_url": "https://example.org/ada.png",
    }

    response = api_for(attendee).patch(ME, changes)

    assert response.status_code == 200
    assert {name: response.json()[name] for name in changes} == changes


def test_what_is_not_mine_to_change_stays(api_for, attendee):
    wanted = {
        "email": "other@example.org",
        "account_type": "organizer",
        "email_verified": False,
        "is_staff": True,
        "notify_marketing": True,
        "uuid": str(uuid4()),
    }

    response = api_for(attendee).patch(ME, wanted)

    assert response.status_code == 200
    user = User.objects.get()
    assert [
        user.email,
        user.account_type,
        user.email_verified,
        user.is_staff,
        user.notify_marketing,
    ] == [
        "attendee@example.org",
        "attendee",
        True,
        False,
        False,
    ]
    assert user.uuid == attendee.uuid


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile_photo_url", "javascript:alert(1)"),
        ("profile_photo_url", "https://user:pw@example.org/"),
        ("timezone", "Mars/Base"),
        ("full_name", "A"),
        ("full_name", None),
        ("full_name", {"a": 1}),
        ("full_name", "A\x00da"),
        ("bio", "x" * 2001),
    ],
)
def test_bad_values_are_refused_on_their_field(api_for, attendee, field, value):
    response = api_for(attendee).patch(ME, {field: value})

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]


def test_put_wants_the_name(api_for, attendee):
    response = api_for(attendee).put(ME, {"bio": "x"})

    assert list(response.json()["error"]["details"]) == ["full_name"]


def test_a_stale_version_is_refused(api_for, attendee):
    client = api_for(attendee)
    tag = client.get(ME)["ETag"]
    client.patch(ME, {"bio": "first"}, headers={"if-match": tag})

    response = client.patch(ME, {"bio": "second"}, headers={"if-match": tag})

    assert response.status_code == 412
    assert User.objects.get().bio == "first"


def test_signing_in_does_not_change_the_version(api_for, attendee, tokens_for):
    client = api_for(attendee)
    tag = client.get(ME)["ETag"]
    tokens_for(attendee)

    assert client.patch(ME, {"bio": "x"}, headers={"if-match": tag}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        ME,
        "/api/v1/users/me/organizer-profile/",
        "/api/v1/users/me/notifications/",
        SESSIONS,
        "/api/v1/organizations/",
        "/api/v1/users/me/zoom/",
    ],
)
def test_strangers_must_sign_in(anonymous, path):
    response = anonymous.get(path)

    assert (response.status_code, response.json()["error"]["code"]) == (401, "NOT_AUTHENTICATED")


def test_the_organizer_profile_is_for_organizers(api_for, attendee, organizer):
    path = "/api/v1/users/me/organizer-profile/"

    refused = api_for(attendee).get(path)
    changed = api_for(organizer).patch(path, {"organizer_display_name": "Olga & Co"})

    assert refused.status_code == 403
    assert refused.json()["error"] == {
        "code": "PERMISSION_DENIED",
        "message": "Organizer account required.",
        "details": None,
    }
    assert changed.json()["organizer_display_name"] == "Olga & Co"


def test_consent_to_marketing_is_kept_on_record(api_for, attendee):
    client = api_for(attendee)
    path = "/api/v1/users/me/notifications/"

    client.patch(path, {"notify_marketing": True, "notify_event_reminders": False})
    client.patch(path, {"notify_event_reminders": True})

    entries = AuditEntry.objects.filter(action="user.marketing_consent_changed")
    assert [entry.payload["consent"] for entry in entries] == [True]
    assert client.get(path).json()["notify_marketing"] is True


def test_upgrading_starts_the_trial(api_for, attendee):
    client = api_for(attendee)

    first = client.post(UPGRADE)
    second = client.post(UPGRADE)

    assert first.status_code == 200
    assert first.json()["message"] == "Successfully upgraded to organizer."
    assert first.json()["user"]["account_type"] == "organizer"
    assert Subscription.objects.get(account__user=attendee).status == "trialing"
    assert (second.status_code, second.json()["error"]["code"]) == (400, "ALREADY_ORGANIZER")


def test_upgrading_needs_a_proven_address(api_for):
    user = UserFactory(unverified=True)

    response = api_for(user).post(UPGRADE)

    assert (response.status_code, response.json()["error"]["code"]) == (403, "EMAIL_NOT_VERIFIED")


def test_a_failing_trial_leaves_an_attendee(api_for, attendee, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr("billing.subscribing.emails.trial_started", fail)
    client = api_for(attendee)
    client.raise_request_exception = False

    client.post(UPGRADE)

    assert User.objects.get().account_type == "attendee"
    assert not Subscription.objects.exists()


def test_onboarding_is_completed_once(api_for, attendee):
    client = api_for(attendee)

    answers = [client.post("/api/v1/users/me/onboarding/complete/").json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0]["onboarding_completed"] is True


def test_sessions_are_listed_with_the_current_one(api_for, attendee, stranger):
    client = api_for(attendee)
    UserSessionFactory(user=attendee, browser="Firefox", os="Linux")
    UserSessionFactory(user=attendee, ended=True)
    UserSessionFactory(user=stranger)

    rows = client.get(SESSIONS).json()["results"]

    assert [(row["is_current"], row["display_device"]) for row in rows] == [
        (False, "Firefox on Linux"),
        (True, "Unknown device"),
    ]
    assert set(rows[0]) == {
        "uuid",
        "device_type",
        "browser",
        "os",
        "display_device",
        "display_location",
        "ip_address",
        "is_current",
        "last_activity_at",
        "created_at",
    }


@pytest.mark.parametrize("count", [1, 3])
def test_session_list_query_count(api_for, attendee, count, django_assert_num_queries):
    client = api_for(attendee)
    UserSessionFactory.create_batch(count, user=attendee)

    with django_assert_num_queries(3):
        response = client.get(SESSIONS)

    assert response.json()["count"] == count + 1


def test_one_device_signs_another_out(attendee, tokens_for, bearing):
    lost, here = tokens_for(attendee), tokens_for(attendee)
    client = bearing(here["access"])
    row = next(row for row in client.get(SESSIONS).json()["results"] if not row["is_current"])

    response = client.delete(f"{SESSIONS}{row['uuid']}/")

    assert response.status_code == 204
    assert bearing(lost["access"]).get(ME).status_code == 401
    assert (
        client.post("/api/v1/auth/token/refresh/", {"refresh": lost["refresh"]}).status_code == 401
    )
    assert [row["is_current"] for row in client.get(SESSIONS).json()["results"]] == [True]
    assert client.delete(f"{SESSIONS}{row['uuid']}/").status_code == 404


@pytest.mark.parametrize("method", ["get", "delete"])
def test_sessions_of_others_do_not_exist(api_for, attendee, method):
    theirs = UserSessionFactory()

    response = getattr(api_for(attendee), method)(f"{SESSIONS}{theirs.uuid}/")

    assert response.status_code == 404
    assert UserSession.objects.get(pk=theirs.pk).ended_at is None


def test_signing_out_everywhere_else(attendee, tokens_for, bearing):
    others = [tokens_for(attendee) for _ in range(2)]
    here = bearing(tokens_for(attendee)["access"])

    response = here.post(f"{SESSIONS}terminate-all/")

    assert response.json() == {"message": "All other sessions terminated."}
    assert [bearing(pair["access"]).get(ME).status_code for pair in others] == [401, 401]
    assert here.get(ME).status_code == 200


def test_public_organizers_are_shown_without_their_address(anonymous, organizer):
    body = anonymous.get(f"/api/v1/organizers/{organizer.uuid}/").json()

    assert body == {
        "uuid": str(organizer.uuid),
        "display_name": "Olga Organizer",
        "organizer_logo_url": "",
        "organizer_website": "",
        "organizer_bio": "",
        "organizer_social_linkedin": "",
        "organizer_social_twitter": "",
    }


@pytest.mark.parametrize(
    "traits",
    [
        {},
        {"organizer": True, "is_organizer_profile_public": False},
        {"organizer": True, "is_active": False},
    ],
    ids=["attendee", "private", "inactive"],
)
def test_others_have_no_public_profile(anonymous, traits):
    user = UserFactory(**traits)

    assert anonymous.get(f"/api/v1/organizers/{user.uuid}/").status_code == 404

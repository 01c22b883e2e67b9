"""Who somebody is, over HTTP: signing up, in and out, offering events, and taking places over."""

from datetime import timedelta

import pytest

from tests.flows.people import PASSWORD, Person
from tests.flows.story import STARTS_AT, deliver, offer, register, visit
from tests.integrations import zoom_bodies as says

ADA = "ada@example.org"


def signed_up(person, **more):
    body = {
        "email": person.email,
        "full_name": person.full_name,
        "password": PASSWORD,
        "password_confirm": PASSWORD,
        **more,
    }
    return person.post("auth/signup/", body, status=201)


def tokens_of(person, password=PASSWORD):
    return Person(person.email, "").post(
        "auth/token/", {"email": person.email, "password": password}
    )


def bearer(pair):
    """Return somebody who carries this access token, and nothing else."""
    client = Person("", "")
    client.api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    return client


@pytest.mark.django_db(transaction=True)
def test_an_account_begins_as_an_unverified_attendee_whatever_was_asked_for():
    ada = Person(ADA, "Ada Lovelace")
    signed_up(ada, account_type="organizer", role="admin", is_staff=True)
    ada.sign_in()

    me = ada.get("users/me/")
    refused = ada.post("users/me/upgrade/", status=403)
    token = {"token": ada.mailed_token("verification")}

    assert (me["account_type"], me["email_verified"]) == ("attendee", False)
    assert refused["error"]["code"] == "EMAIL_NOT_VERIFIED"
    assert ada.get("auth/manifest/")["user"]["is_staff"] is False
    assert ada.post("auth/verify-email/", token) == {"message": "Email verified successfully."}
    assert ada.post("auth/verify-email/", token, status=400)["error"]["code"] == "INVALID_TOKEN"
    assert ada.get("users/me/")["email_verified"] is True


@pytest.mark.django_db(transaction=True)
def test_of_two_sign_ins_one_ends_the_other():
    ada = Person(ADA, "Ada Lovelace").sign_up()
    lost, here = ada, Person(ADA, "")
    pair = tokens_of(ada)
    here.sign_in()
    ended = bearer(pair)
    current = [
        row["uuid"] for row in ended.get("users/me/sessions/")["results"] if row["is_current"]
    ]

    here.api.delete(f"/api/v1/users/me/sessions/{current[0]}/")

    ended.get("users/me/", status=401)
    lost.post("auth/token/refresh/", {"refresh": pair["refresh"]}, status=401)
    uuids = [row["uuid"] for row in here.get("users/me/sessions/")["results"]]
    assert current[0] not in uuids


@pytest.mark.django_db(transaction=True)
def test_a_stolen_refresh_token_ends_the_session_and_the_owner_is_told(clock):
    clock(STARTS_AT)
    ada = Person(ADA, "Ada Lovelace").sign_up()
    first = tokens_of(ada)
    nobody = Person("", "")
    second = nobody.post("auth/token/refresh/", {"refresh": first["refresh"]})

    clock(STARTS_AT + timedelta(seconds=6))
    nobody.post("auth/token/refresh/", {"refresh": first["refresh"]}, status=401)
    bearer(second).get("users/me/")
    clock(STARTS_AT + timedelta(seconds=40))
    nobody.post("auth/token/refresh/", {"refresh": first["refresh"]}, status=401)

    bearer(second).get("users/me/", status=401)
    nobody.post("auth/token/refresh/", {"refresh": second["refresh"]}, status=401)
    told = ada.get("notifications/")["results"]
    assert [notice["notification_type"] for notice in told] == ["session_reuse"]
    assert "session_reuse" in ada.mails()


@pytest.mark.django_db(transaction=True)
def test_a_reset_ends_the_old_password_and_every_session():
    ada = Person(ADA, "Ada Lovelace").sign_up()
    ada.post("auth/password-reset/", {"email": ADA})
    new = "another horse battery"
    body = {
        "token": ada.mailed_token("password_reset"),
        "new_password": new,
        "new_password_confirm": new,
    }

    Person("", "").post("auth/password-reset/confirm/", body)

    ada.get("users/me/", status=401)
    somebody = Person("", "")
    somebody.post("auth/token/", {"email": ADA, "password": PASSWORD}, status=401)
    again = somebody.post("auth/password-reset/confirm/", body, status=400)
    assert again["error"]["code"] == "INVALID_TOKEN"
    assert bearer(tokens_of(ada, new)).get("users/me/")["email"] == ADA


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_password_keeps_the_session_it_was_made_in():
    ada = Person(ADA, "Ada Lovelace").sign_up()
    other = bearer(tokens_of(ada))
    body = {
        "current_password": PASSWORD,
        "new_password": "another horse battery",
        "new_password_confirm": "another horse battery",
    }

    assert ada.post("auth/password-change/", body) == {"message": "Password changed successfully."}

    ada.get("users/me/")
    other.get("users/me/", status=401)


def test_an_organizer_steps_back_once_nothing_is_offered(organizer):
    again = organizer.post("users/me/upgrade/", status=400)
    event = offer(organizer)
    refused = organizer.post("users/me/downgrade/", status=409)
    organizer.post(f"events/{event['uuid']}/cancel/", {"reason": "No speaker."})
    body = organizer.post("users/me/downgrade/")

    assert again["error"]["code"] == "ALREADY_ORGANIZER"
    assert refused["error"]["code"] == "ACTIVE_CONTENT"
    assert refused["error"]["details"]["blockers"][0]["code"] == "EVENTS_ACTIVE"
    assert body["user"]["account_type"] == "attendee"
    assert organizer.get("billing/subscription/")["status"] == "canceled"
    assert organizer.get("auth/manifest/")["features"]["create_events"] is False
    assert organizer.get(f"events/{event['uuid']}/")["status"] == "cancelled"


def test_places_of_a_guest_follow_the_proof_of_the_address(organizer):
    event = offer(organizer)
    register(Person(ADA, "Ada Lovelace"), event)
    ada = Person(ADA, "Ada Lovelace")
    signed_up(ada)
    ada.sign_in()

    before = ada.get("users/me/registrations/")["count"]
    refused = ada.post("users/me/link-registrations/", status=403)
    ada.post("auth/verify-email/", {"token": ada.mailed_token("verification")})

    assert (before, refused["error"]["code"]) == (0, "EMAIL_NOT_VERIFIED")
    mine = ada.get("users/me/registrations/")["results"]
    assert [row["event"]["uuid"] for row in mine] == [event["uuid"]]
    assert ada.get("users/me/link-registrations/")["results"] == []
    assert ada.post("users/me/link-registrations/")["linked_count"] == 0


def test_linking_brings_the_credits_of_past_events_along_at_once(organizer, clock):
    event = offer(organizer)
    ada = Person(ADA, "Ada Lovelace").sign_up()
    as_guest = Person(ADA, "Ada Lovelace")
    registration = register(as_guest, event)
    clock(STARTS_AT - timedelta(minutes=30))
    deliver([says.started("09:55:02", id=event["meeting"])])
    deliver(visit(event, as_guest, "1", "10:00:00", "11:00:00"))
    clock(STARTS_AT + timedelta(minutes=65))
    deliver([says.ended("11:02:00", id=event["meeting"])])
    ada.sign_in()

    before = ada.get("users/me/credits/")["count"]
    waiting = ada.get("users/me/link-registrations/")["results"]
    answer = ada.post("users/me/link-registrations/")

    assert (before, answer["linked_count"]) == (0, 1)
    assert waiting == [
        {
            "uuid": registration["uuid"],
            "event": {
                "uuid": event["uuid"],
                "title": "Ethics update",
                "starts_at": waiting[0]["event"]["starts_at"],
            },
            "status": "confirmed",
            "registered_at": waiting[0]["registered_at"],
        }
    ]
    assert [row["value"] for row in ada.get("users/me/credits/")["results"]] == ["2.50"]


def test_the_inbox_follows_an_event_to_its_cancellation(organizer):
    ada = Person(ADA, "Ada Lovelace").sign_up()
    event = offer(organizer)
    register(ada, event)
    register(Person("guest@example.org", "A Guest"), event)
    organizer.post(f"events/{event['uuid']}/cancel/", {"reason": "No speaker."})

    told = ada.get("notifications/", event=event["uuid"])["results"]
    asked = organizer.get("notifications/", notification_type="new_registration")

    assert [(row["notification_type"], row["title"], row["message"]) for row in told] == [
        ("event_cancelled", "Ethics update is cancelled", "No speaker."),
        ("registration_confirmed", "You are registered for Ethics update", ""),
    ]
    assert asked["count"] == 2


def test_the_inbox_follows_an_event_to_credits_and_certificate(organizer, clock):
    ada = Person(ADA, "Ada Lovelace").sign_up()
    event = offer(organizer)
    register(ada, event)
    clock(STARTS_AT - timedelta(minutes=30))
    deliver([says.started("09:55:02", id=event["meeting"])])
    deliver(visit(event, ada, "1", "10:00:00", "11:00:00"))
    clock(STARTS_AT + timedelta(minutes=65))
    deliver([says.ended("11:02:00", id=event["meeting"])])
    ada.sign_in()

    told = ada.get("notifications/")["results"]

    kinds = {row["notification_type"]: row["message"] for row in told}
    assert kinds == {
        "registration_confirmed": "",
        "credit_awarded": "2.5 CPD.",
        "certificate_issued": "",
    }

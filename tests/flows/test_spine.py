"""The main job of the product, over HTTP from the first sign-up to a revoked certificate."""

import hashlib
from datetime import timedelta

import pytest

from tests.flows.people import Person
from tests.flows.story import STARTS_AT, deliver, offer, register, row_of, visit
from tests.integrations import zoom_bodies as says

BEFORE = STARTS_AT - timedelta(minutes=30)
AFTER = STARTS_AT + timedelta(minutes=65)


def hold(organizer, event, stays, clock, *, seed=None):
    """Let the event happen: Zoom tells, out of order and repeated if a seed says so."""
    clock(BEFORE)
    organizer.sign_in()
    deliver([says.started("09:55:02", id=event["meeting"])])
    deliver(stays, seed=seed)
    clock(AFTER)
    deliver([says.ended("11:02:00", id=event["meeting"])])


def test_from_publishing_to_a_certificate_that_anyone_can_check(organizer, clock, anonymous):
    event = offer(organizer)
    jo = Person("jo@example.org", "Jo Example").sign_up()
    register(jo, event)

    # The laptop from 09:55, the phone, the laptop again: 50 minutes of the hour, not 60.
    stays = [
        *visit(event, jo, "1", "09:55:00", "10:20:00"),
        *visit(event, jo, "2", "10:10:00", "10:40:00"),
        *visit(event, jo, "3", "10:50:00", "11:10:00"),
    ]
    hold(organizer, event, stays, clock)
    organizer.sign_in()
    jo.sign_in()

    assert organizer.get(f"events/{event['uuid']}/")["status"] == "completed"
    mine = jo.get("users/me/registrations/")["results"][0]
    assert (mine["attendance_percent"], mine["attendance_eligible"]) == (83, True)
    why = jo.get(f"users/me/registrations/{mine['uuid']}/eligibility/")
    assert {rule["code"]: (rule["need"], rule["have"]) for rule in why["rules"]} == {
        "registration_confirmed": (1, 1),
        "attendance_percent": (80, 83),
        "attendance_minutes": (1, 50),
    }
    earned = jo.get("users/me/credits/")["results"]
    assert [(row["kind"], row["value"]) for row in earned] == [("award", "2.50")]

    certificate = jo.get("users/me/certificates/")["results"][0]
    link = jo.get(f"users/me/certificates/{certificate['uuid']}/download/")
    pdf = b"".join(anonymous.get(link["download_url"]).streaming_content)
    assert (pdf[:5], hashlib.sha256(pdf).hexdigest()) == (b"%PDF-", link["sha256"])
    code = certificate["verification_code"]
    checked = anonymous.get(f"/api/v1/public/certificates/verify/{code}/").json()
    assert (checked["valid"], checked["attendee_name"], checked["cpd_credits"]) == (
        True,
        "Jo Example",
        "2.50",
    )
    assert certificate["verification_url"] in jo.mailed("certificate_issued")


def test_revoking_shows_at_once_with_the_date_and_takes_the_credits_along(
    organizer, clock, anonymous
):
    event = offer(organizer)
    jo = Person("jo@example.org", "Jo Example").sign_up()
    register(jo, event)
    hold(organizer, event, visit(event, jo, "1", "10:00:00", "11:00:00"), clock)
    organizer.sign_in()
    certificate = organizer.get(f"events/{event['uuid']}/certificates/")["results"][0]
    path = f"events/{event['uuid']}/certificates/{certificate['uuid']}/revoke/"

    organizer.post(path, {}, status=400)
    organizer.post(path, {"reason": "Issued to the wrong person."})
    again = organizer.post(path, {"reason": "Once more."}, status=409)

    jo.sign_in()
    page = anonymous.get(f"/verify/{certificate['verification_code']}/").content.decode()
    rows = jo.get("users/me/credits/")["results"]
    assert again["error"]["code"] == "ALREADY_REVOKED"
    assert "revoked on 10 March 2027" in page
    assert "wrong person" not in page
    assert [(row["kind"], row["balance_after"]) for row in rows] == [
        ("revoke", "0.00"),
        ("award", "2.50"),
    ]
    assert jo.mails()[-1] == "certificate_revoked"


@pytest.mark.parametrize("seed", range(5))
def test_repeated_and_shuffled_messages_give_the_same_minutes(organizer, clock, seed):
    event = offer(organizer)
    guest = Person("sam@example.org", "Sam Sample")
    register(guest, event)
    stays = [
        *visit(event, guest, "1", "09:55:00", "10:20:00"),
        *visit(event, guest, "2", "10:10:00", "10:40:00"),
        *visit(event, guest, "3", "10:50:00", "11:10:00"),
    ]

    hold(organizer, event, stays, clock, seed=seed)
    organizer.sign_in()

    row = row_of(organizer, event, guest)
    assert (row["total_attendance_minutes"], row["attendance_percent"]) == (50, 83)


def test_a_freed_place_goes_to_who_waits_by_the_link_in_the_mail(organizer):
    event = offer(organizer, capacity=2, waitlist_enabled=True)
    ana, bo, max_ = (
        Person(f"{name}@example.org", f"{name.title()} Guest") for name in ("ana", "bo", "max")
    )

    statuses = [register(person, event)["status"] for person in (ana, bo, max_)]
    link = f"public/registrations/{ana.mailed_token('registration_confirmed')}/"
    ana.post(f"{link}cancel/")
    gone = ana.get(link, status=410)

    assert statuses == ["confirmed", "confirmed", "waitlisted"]
    assert gone["error"]["code"] == "LINK_EXPIRED"
    assert row_of(organizer, event, max_)["status"] == "confirmed"
    assert max_.mails() == ["waitlist_joined", "waitlist_promoted"]


def test_somebody_below_the_minimum_gets_a_certificate_only_by_a_reasoned_override(
    organizer, clock
):
    event = offer(organizer)
    guest = Person("sam@example.org", "Sam Sample")
    register(guest, event)
    hold(organizer, event, visit(event, guest, "1", "10:00:00", "10:30:00"), clock)
    organizer.sign_in()
    row = row_of(organizer, event, guest)
    path = f"events/{event['uuid']}/registrations/{row['uuid']}/override-attendance/"

    before = (row["attendance_eligible"], row["certificate_issued"])
    organizer.post(path, {"eligible": True}, status=400)
    organizer.post(path, {"eligible": True, "reason": "Was there by telephone, unseen."})

    after = row_of(organizer, event, guest)
    assert before == (False, False)
    assert (after["attendance_eligible"], after["certificate_issued"]) == (True, True)
    assert "certificate_issued" in guest.mails()


def test_a_guest_who_signs_up_finds_place_and_credits_only_after_proving_the_address(
    organizer, clock
):
    event = offer(organizer)
    guest = Person("sam@example.org", "Sam Sample")
    register(guest, event)
    hold(organizer, event, visit(event, guest, "1", "10:00:00", "11:00:00"), clock)

    guest.sign_up()

    mine = guest.get("users/me/registrations/")["results"]
    assert [row["event"]["title"] for row in mine] == ["Ethics update"]
    assert [row["value"] for row in guest.get("users/me/credits/")["results"]] == ["2.50"]
    assert len(guest.get("users/me/certificates/")["results"]) == 1


def test_a_message_signed_by_somebody_else_changes_nothing(organizer, clock):
    event = offer(organizer)
    guest = Person("sam@example.org", "Sam Sample")
    register(guest, event)
    clock(BEFORE)
    organizer.sign_in()

    forged = says.post(guest.api, visit(event, guest, "1", "10:00:00", "11:00:00")[0], secret="x")

    assert (forged.status_code, forged.json()["error"]["code"]) == (401, "INVALID_SIGNATURE")
    assert row_of(organizer, event, guest)["attended"] is False

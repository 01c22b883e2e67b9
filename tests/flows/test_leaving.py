"""Somebody leaves: everything that names them goes, but for what others rely on."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import User
from common import audit_chain, files, searching
from events.models import Event
from registrations.models import Registration
from tests.factories.api_tokens import ApiTokenFactory
from tests.factories.common import JobFactory, OutgoingEmailFactory
from tests.factories.events import SpeakerFactory
from tests.factories.invitations import MembershipInvitationFactory
from tests.factories.registrations import (
    ParticipantAliasFactory,
    RegistrationAnswerFactory,
    UnmatchedParticipantFactory,
)
from tests.factories.second_factor import PasskeyFactory
from tests.factories.social import SocialAccountFactory
from tests.flows.people import PASSWORD, Person
from tests.flows.story import STARTS_AT, deliver, offer, register, row_of, visit
from tests.integrations import zoom_bodies as says

BEFORE = STARTS_AT - timedelta(minutes=30)
AFTER = STARTS_AT + timedelta(minutes=65)
LATER = STARTS_AT + timedelta(days=30)
NAME = "Zebulon Quixworth"
EMAIL = "zebulon.quixworth@canary.example"
# Certificates and credits as printed, and what was once offered to others.
KEPT = {
    ("certificates_certificate", "certificate_data"),
    ("certificates_certificate", "holder_name"),
    ("events_event", "cancellation_reason"),
    ("events_event", "search_text"),
    ("events_event", "slug"),
    ("events_event", "title"),
    ("events_eventsession", "cancellation_reason"),
    ("events_eventsession", "title"),
    ("events_eventstatushistory", "reason"),
    ("learning_creditaward", "activity_title"),
    ("learning_creditaward", "holder_name"),
    ("learning_creditaward", "provider_name"),
    ("learning_creditdecision", "inputs"),
    ("accounts_organization", "name"),
    ("accounts_organization", "slug"),
}


@pytest.fixture
def zebulon():
    """Somebody whose browser, name and address are found by one word."""
    person = Person(EMAIL, NAME)
    person.api = APIClient(HTTP_USER_AGENT="Quixworth/1.0")
    return person


def hold(host, event, stays, clock):
    clock(BEFORE)
    host.sign_in()
    deliver([says.started("09:55:02", id=event["meeting"])])
    deliver(stays)
    clock(AFTER)
    deliver([says.ended("11:02:00", id=event["meeting"])])


def places() -> set[tuple[str, str]]:
    return {
        (hit.table, hit.column)
        for text in ("quixworth", "zebulon", EMAIL)
        for hit in searching.find(text)
    }


def plant_what_others_built(user):
    """Write rows of matters whose verbs have stories of their own."""
    ApiTokenFactory(user=user, name="Quixworth's script")
    PasskeyFactory(user=user, name="Quixworth's phone")
    SocialAccountFactory(user=user, email=EMAIL)
    MembershipInvitationFactory(email=EMAIL, title="Zebulon at the desk")
    files.store_bytes(
        b"a face", filename="quixworth.png", content_type="image/png", purpose="image",
        owner_uuid=user.uuid,
    )  # fmt: skip
    JobFactory(requested_by_uuid=user.uuid, args={"path": f"/x?search={EMAIL}"})
    OutgoingEmailFactory(to_email=EMAIL, subject="Dear Zebulon", sent=True, text="Quixworth!")
    ParticipantAliasFactory(person=EMAIL, value="zeb quixworth")
    UnmatchedParticipantFactory(email=EMAIL, name="Z. Quixworth", participant_key="n:quixworth")
    past = Registration.objects.filter(user=user).first()
    RegistrationAnswerFactory(registration=past, value="I am Quixworth")
    SpeakerFactory(user=user, name=NAME, bio="Quixworth speaks.", email=EMAIL)


def lead_a_life(zebulon, olga, clock):
    """Attend as a guest, sign up, hold an event, register for another; return what is checked."""
    event = offer(olga)
    register(zebulon, event)
    hold(olga, event, visit(event, zebulon, "1", "10:00:00", "11:00:00"), clock)
    zebulon.sign_up()
    zebulon.post("users/me/upgrade/")
    zebulon.connect_zoom()
    own = zebulon.post(
        "events/",
        {"title": "Quixworth on ethics", "starts_at": LATER.isoformat(), "duration_minutes": 60},
        status=201,
    )
    zebulon.post("organizations/", {"name": "Quixworth Ltd"}, status=201)
    zebulon.post(f"events/{own['uuid']}/publish/")
    olga.sign_in()
    coming = olga.post(
        "events/",
        {"title": "Coming soon", "starts_at": LATER.isoformat(), "duration_minutes": 60},
        status=201,
    )
    olga.post(f"events/{coming['uuid']}/publish/")
    register(zebulon, coming)
    plant_what_others_built(User.objects.get(email=EMAIL))
    return event, own, coming


def test_who_leaves_is_found_only_where_others_rely_on_it(organizer, zebulon, clock):
    past, own, coming = lead_a_life(zebulon, organizer, clock)
    code = zebulon.get("users/me/certificates/")["results"][0]["verification_code"]
    me = zebulon.get("users/me/")["uuid"]
    zebulon.post("users/me/export-data/", {"password": PASSWORD}, status=202)
    known = places()

    refused = zebulon.post("users/me/delete-account/", {"password": PASSWORD}, status=409)
    zebulon.post(f"events/{own['uuid']}/cancel/", {"reason": "Quixworth is ill."})
    answer = zebulon.post("users/me/delete-account/", {"password": PASSWORD})

    assert [each["code"] for each in refused["error"]["details"]["blockers"]] == ["EVENTS_ACTIVE"]
    assert [each["kept"] for each in answer["kept"]] == ["credit_awards", "certificates"]
    assert zebulon.mails()[-1] == "account_deleted"
    left = places()
    assert len(known) > 40
    assert left <= KEPT
    zebulon.get("users/me/", status=401)
    zebulon.post("auth/token/", {"email": EMAIL, "password": PASSWORD}, status=401)
    anonymous_view = Person("nobody@example.org", "Nobody")
    anonymous_view.get(f"organizers/{me}/", status=404)
    anonymous_view.get(f"public/certificates/verify/{code}/", status=404)
    organizer.sign_in()
    rows = organizer.get(f"events/{past['uuid']}/registrations/")["results"]
    assert [(row["full_name"], row["total_attendance_minutes"]) for row in rows] == [
        ("Deleted User", 60)
    ]
    cancelled = organizer.get(f"events/{coming['uuid']}/registrations/")["results"]
    assert [(row["full_name"], row["status"]) for row in cancelled] == [
        ("Deleted User", "cancelled")
    ]
    assert Event.objects.get(uuid=coming["uuid"]).places_taken == 0
    audit_chain.seal()
    assert call_command("verify_audit_log") is None


def test_what_an_erased_organizer_issued_still_verifies(organizer, clock):
    event = offer(organizer)
    jo = Person("jo@example.org", "Jo Example").sign_up()
    register(jo, event)
    hold(organizer, event, visit(event, jo, "1", "10:00:00", "11:00:00"), clock)
    jo.sign_in()
    code = jo.get("users/me/certificates/")["results"][0]["verification_code"]
    organizer.sign_in()

    organizer.post("users/me/delete-account/", {"password": PASSWORD})

    checked = jo.get(f"public/certificates/verify/{code}/")
    assert (checked["valid"], checked["organizer_name"]) == (True, "Olga Organizer")
    assert Event.objects.get().owner.full_name == "Deleted User"


def test_the_address_may_sign_up_anew_as_a_stranger(organizer, zebulon, clock):
    lead_a_life(zebulon, organizer, clock)
    user = User.objects.get(email=EMAIL)
    Event.objects.filter(owner=user).update(status="completed")
    zebulon.post("users/me/delete-account/", {"password": PASSWORD})

    zebulon.sign_up()

    assert zebulon.get("users/me/registrations/")["count"] == 0
    assert zebulon.get("users/me/certificates/")["count"] == 0
    assert zebulon.get("users/me/")["uuid"] != str(user.uuid)


def test_find_person_says_where_somebody_is_and_fails_while_they_are_not_gone(
    organizer, zebulon, capsys
):
    event = offer(organizer)
    register(zebulon, event)

    with pytest.raises(CommandError, match="nothing may be left") as found:
        call_command("find_person", "QUIXWORTH")
    lines = capsys.readouterr().out.splitlines()

    assert found.value.returncode == 1
    assert {
        "registrations_registration  email  1",
        "registrations_registration  full_name  1",
        "common_outgoingemail  text  2",
    } <= set(lines)
    assert row_of(organizer, event, zebulon)["email"] == EMAIL

"""Who gets in, by which way, and what is refused."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.models import AuditEntry, IdempotencyRecord, OutboxTask
from events.models import Event
from registrations import registering
from registrations.models import Order, Registration
from registrations.orders import Origin, Person
from tests.factories.events import EventCustomFieldFactory, EventFactory
from tests.factories.registrations import OrderFactory, RegistrationFactory

pytestmark = pytest.mark.django_db

GUEST = {"email": "Gus@Example.org", "full_name": "Gus Guest"}
KEY = "a-key-of-sixteen-or-more"


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, capacity=2)


def url(event):
    return f"/api/v1/public/events/{event.uuid}/register/"


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


def test_a_guest_gets_a_place_and_a_link(anonymous, event):
    response = anonymous.post(url(event), GUEST)

    registration = Registration.objects.get()
    token = response.json()["manage_url"].partition("token=")[2]
    assert response.status_code == 201
    assert response.json() == {
        "registration": {
            "uuid": str(registration.uuid),
            "status": "confirmed",
            "waitlist_position": None,
            "amount_due": 0,
            "currency": "USD",
            "hold_expires_at": None,
        },
        "registrations": [response.json()["registration"]],
        "order": {"reference": registration.order.reference},
        "manage_url": f"http://localhost:3000/registrations/manage?token={token}",
    }
    assert (registration.email, registration.user) == ("gus@example.org", None)


def test_who_is_signed_in_registers_under_the_own_address(api_for, attendee, event):
    response = api_for(attendee).post(url(event), {**GUEST, "professional_title": "Nurse"})

    registration = Registration.objects.get()
    assert response.json()["manage_url"] == ""
    assert (registration.email, registration.full_name, registration.user) == (
        attendee.email,
        attendee.full_name,
        attendee,
    )


def test_a_place_counts_and_leaves_a_trace(anonymous, event):
    anonymous.post(url(event), GUEST)

    event.refresh_from_db()
    assert (event.places_taken, event.registration_count) == (1, 1)
    entry = AuditEntry.objects.get(action="registration.created")
    assert entry.owner_uuid == event.owner.uuid


def test_what_a_client_may_not_decide_is_no_field(anonymous, event, attendee):
    hostile = {
        "status": "cancelled",
        "price_amount": 1,
        "amount_due": 5,
        "user": str(attendee.uuid),
        "attended": True,
        "attendance_eligible": True,
        "source": "import",
    }

    anonymous.post(url(event), {**GUEST, **hostile})

    registration = Registration.objects.get()
    assert [getattr(registration, name) for name in hostile] == [
        *("confirmed", 0, 0, None, False, False, "self")
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"full_name": "Gus Guest"}, "email"),
        ({"email": "gus@example.org"}, "full_name"),
        ({**GUEST, "email": "no address"}, "email"),
        ({**GUEST, "full_name": "G"}, "full_name"),
        ({**GUEST, "full_name": "Gus\r\nBcc: x@example.org"}, "full_name"),
        ({**GUEST, "custom_field_responses": [1]}, "custom_field_responses"),
        ({**GUEST, "attendees": [{"email": "x@example.org"}]}, "attendees"),
        ({**GUEST, "attendees": [GUEST]}, "attendees"),
        ({**GUEST, "attendees": {"0": GUEST}}, "attendees"),
        (
            {**GUEST, "attendees": [{**GUEST, "email": f"{n}@x.org"} for n in range(10)]},
            "attendees",
        ),
    ],
)
def test_a_bad_form_is_refused_on_its_field(anonymous, event, body, field):
    response = anonymous.post(url(event), body)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == [field]
    assert Registration.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "draft"}, (404, "NOT_FOUND")),
        ({"status": "cancelled", "cancelled_at": timezone.now()}, (422, "REGISTRATION_CLOSED")),
        ({"status": "completed"}, (422, "REGISTRATION_CLOSED")),
        ({"status": "live"}, (422, "REGISTRATION_CLOSED")),
        ({"registration_enabled": False}, (422, "REGISTRATION_CLOSED")),
        (
            {"registration_opens_at": timezone.now() + timedelta(days=1)},
            (422, "REGISTRATION_CLOSED"),
        ),
        (
            {"registration_deadline": timezone.now() - timedelta(days=1)},
            (422, "REGISTRATION_CLOSED"),
        ),
        ({"visibility": "private"}, (403, "INVITATION_REQUIRED")),
        ({"allow_guest_registration": False}, (401, "NOT_AUTHENTICATED")),
        ({"places_taken": 2}, (409, "EVENT_FULL")),
        ({"deleted_at": timezone.now()}, (404, "NOT_FOUND")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_events_that_take_nobody(anonymous, event, changes, expected):
    Event.all_objects.filter(pk=event.pk).update(**changes)

    response = anonymous.post(url(event), GUEST)

    assert refusal(response) == expected
    assert Registration.objects.count() == 0


def test_late_registration_is_possible_where_the_organizer_allows_it(anonymous, event):
    Event.objects.filter(pk=event.pk).update(status="live", allow_late_registration=True)

    assert anonymous.post(url(event), GUEST).status_code == 201


def test_an_unknown_event_is_not_found(anonymous, db):
    path = "/api/v1/public/events/00000000-0000-4000-8000-000000000000/register/"

    assert refusal(anonymous.post(path, GUEST)) == (404, "NOT_FOUND")


def test_one_address_has_one_place(anonymous, event):
    anonymous.post(url(event), GUEST)

    response = anonymous.post(url(event), {**GUEST, "email": "gus@example.ORG"})

    assert refusal(response) == (409, "ALREADY_REGISTERED")
    event.refresh_from_db()
    assert event.places_taken == 1


def test_registering_again_after_cancelling_makes_a_new_row(anonymous, event):
    RegistrationFactory(event=event, email="gus@example.org", cancelled=True)

    response = anonymous.post(url(event), GUEST)

    assert response.status_code == 201
    assert Registration.objects.filter(email="gus@example.org").count() == 2


def test_the_answer_does_not_tell_whether_an_account_exists(anonymous, event, attendee):
    stranger = anonymous.post(url(event), GUEST).json()
    known = anonymous.post(url(event), {**GUEST, "email": attendee.email}).json()

    assert stranger.keys() == known.keys()
    assert stranger["registration"].keys() == known["registration"].keys()
    assert Registration.objects.get(email=attendee.email).user is None


class TestOrders:
    def people(self, *names):
        return [{"email": f"{name}@example.org", "full_name": f"{name} Person"} for name in names]

    def test_several_people_come_in_together(self, anonymous, event):
        response = anonymous.post(url(event), {**GUEST, "attendees": self.people("ann")})

        rows = Registration.objects.order_by("email").values_list("email", "status")
        assert list(rows) == [("ann@example.org", "confirmed"), ("gus@example.org", "confirmed")]
        assert len(response.json()["registrations"]) == 2
        assert Order.objects.count() == 1

    def test_with_fewer_places_than_people_nobody_comes_in(self, anonymous, event):
        response = anonymous.post(url(event), {**GUEST, "attendees": self.people("ann", "bob")})

        assert refusal(response) == (409, "EVENT_FULL")
        assert response.json()["error"]["details"] == {"places_left": 2}
        assert (Registration.objects.count(), Order.objects.count()) == (0, 0)

    def test_several_people_are_never_waitlisted(self, anonymous, event):
        Event.objects.filter(pk=event.pk).update(waitlist_enabled=True, places_taken=2)

        response = anonymous.post(url(event), {**GUEST, "attendees": self.people("ann")})

        assert refusal(response) == (409, "EVENT_FULL")

    def test_one_known_address_keeps_everybody_out(self, anonymous, event):
        RegistrationFactory(event=event, email="ann@example.org")

        response = anonymous.post(url(event), {**GUEST, "attendees": self.people("ann")})

        assert response.json()["error"]["details"] == {"emails": ["ann@example.org"]}
        assert Registration.objects.count() == 1


class TestKeys:
    def post(self, client, event, body=GUEST, key=KEY):
        return client.post(url(event), body, headers={"Idempotency-Key": key})

    def test_a_repeated_request_gets_the_same_answer(self, anonymous, event):
        first, again = self.post(anonymous, event), self.post(anonymous, event)

        assert again.json() == first.json()
        assert Registration.objects.count() == 1

    def test_the_order_answers_after_the_record_is_gone(self, anonymous, event):
        first = self.post(anonymous, event)
        IdempotencyRecord.objects.all().delete()

        again = self.post(anonymous, event)

        assert (again.status_code, again.json()) == (201, first.json())
        assert Registration.objects.count() == 1

    def test_the_same_key_for_another_body_is_refused(self, anonymous, event):
        self.post(anonymous, event)
        IdempotencyRecord.objects.all().delete()

        response = self.post(anonymous, event, {**GUEST, "email": "other@example.org"})

        assert refusal(response) == (422, "IDEMPOTENCY_KEY_REUSED")

    def test_a_refused_request_may_use_its_key_again(self, anonymous, event):
        self.post(anonymous, event, {"email": "gus@example.org"})

        assert self.post(anonymous, event).status_code == 201


class TestAnswers:
    @pytest.fixture
    def question(self, event):
        return EventCustomFieldFactory(event=event, label="Diet", required=True)

    def test_an_answer_is_kept_with_its_wording(self, anonymous, event, question):
        anonymous.post(
            url(event), {**GUEST, "custom_field_responses": {str(question.uuid): "Vegan"}}
        )

        answer = Registration.objects.get().answers.get()
        assert (answer.label, answer.value) == ("Diet", "Vegan")

    def test_a_required_question_must_be_answered(self, anonymous, event, question):
        response = anonymous.post(url(event), GUEST)

        assert refusal(response) == (422, "REQUIRED_ANSWERS_MISSING")
        assert list(response.json()["error"]["details"]) == [str(question.uuid)]

    def test_a_question_of_another_event_is_unknown(self, anonymous, event):
        other = EventCustomFieldFactory()

        response = anonymous.post(
            url(event), {**GUEST, "custom_field_responses": {str(other.uuid): 1}}
        )

        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert list(response.json()["error"]["details"]) == ["custom_field_responses"]

    def test_who_is_registered_by_another_may_leave_it_empty(self, anonymous, event, question):
        further = {"email": "ann@example.org", "full_name": "Ann Person"}
        body = {**GUEST, "custom_field_responses": {str(question.uuid): "Vegan"}}

        response = anonymous.post(url(event), {**body, "attendees": [further]})

        assert response.status_code == 201


class TestManagers:
    def test_a_manager_passes_the_waitlist_but_not_the_capacity(self, event, organizer):
        Event.objects.filter(pk=event.pk).update(
            waitlist_enabled=True, waitlist_count=5, places_taken=1, registration_enabled=False
        )
        event.refresh_from_db()
        origin = Origin(source="manual", registered_by=organizer)

        added = registering.register(event, Person("ann@example.org", "Ann"), origin=origin)

        event.refresh_from_db()
        Event.objects.filter(pk=event.pk).update(waitlist_enabled=False)
        event.refresh_from_db()
        with pytest.raises(registering.EventIsFull):
            registering.register(event, Person("bob@example.org", "Bob"), origin=origin)
        assert (added.status, added.source, added.registered_by) == (
            *("confirmed", "manual"),
            organizer,
        )

    def test_nobody_is_added_to_a_draft(self, organizer):
        origin = Origin(source="manual", registered_by=organizer)

        with pytest.raises(registering.InvalidStatus):
            registering.register(EventFactory(), Person("a@example.org", "Ann"), origin=origin)


class TestStatements:
    """Each place costs a fixed number of statements, none of them while others wait long."""

    def count(self, post, limit):
        with CaptureQueriesContext(connection) as captured:
            assert post().status_code == 201
        words = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
        counted = [row["sql"] for row in captured if not row["sql"].startswith(words)]
        assert len(counted) == limit, counted
        assert counted[-1].startswith('UPDATE "events_event"')

    def test_a_guest_costs_seven(self, anonymous, event):
        self.count(lambda: anonymous.post(url(event), GUEST), 7)

    def test_an_account_costs_eight(self, api_for, attendee, event):
        client = api_for(attendee)

        self.count(lambda: client.post(url(event), {}), 8)


class TestApproval:
    @pytest.fixture
    def waiting(self, anonymous, event, work):
        Event.objects.filter(pk=event.pk).update(registration_approval_required=True)
        anonymous.post(url(event), GUEST)
        work()
        return Registration.objects.get()

    def path(self, row, verb):
        return f"/api/v1/events/{row.event.uuid}/registrations/{row.uuid}/{verb}/"

    def test_a_request_holds_a_place_and_asks_the_organizer(self, waiting, event, mails):
        event.refresh_from_db()
        assert (waiting.status, event.places_taken, event.registration_count) == (
            *("pending_approval", 1),
            0,
        )
        assert mails("gus@example.org") == ["registration_pending_approval"]
        assert mails(event.owner.email) == ["approval_waiting"]

    def test_approving_confirms(self, waiting, api_for, organizer, work, mails, event):
        response = api_for(organizer).post(self.path(waiting, "approve"))

        work()
        event.refresh_from_db()
        assert (response.status_code, response.json()["status"]) == (200, "confirmed")
        assert (event.places_taken, event.registration_count) == (1, 1)
        assert mails("gus@example.org")[1:] == ["registration_confirmed"]

    def test_rejecting_frees_the_place(self, waiting, api_for, organizer, work, mails, event):
        body = {"reason": "Only for members."}

        response = api_for(organizer).post(self.path(waiting, "reject"), body)

        work()
        event.refresh_from_db()
        assert (response.json()["status"], event.places_taken) == ("cancelled", 0)
        assert mails("gus@example.org")[1:] == ["registration_rejected"]

    @pytest.mark.parametrize("verb", ["approve", "reject"])
    def test_what_is_decided_is_not_decided_again(self, waiting, api_for, organizer, verb):
        client = api_for(organizer)
        client.post(self.path(waiting, "approve"))

        assert refusal(client.post(self.path(waiting, verb))) == (400, "INVALID_STATUS")


def test_what_follows_may_be_done_twice(anonymous, event, work, mails):
    anonymous.post(url(event), GUEST)
    work()
    OutboxTask.objects.filter(name="registrations.registration_effects").update(
        status="pending", finished_at=None
    )

    work()

    registration = Registration.objects.get()
    assert mails("gus@example.org") == ["registration_confirmed"]
    assert registration.ticket.code


def test_the_organizer_is_told_once_that_the_event_is_full(anonymous, event, work, mails):
    anonymous.post(url(event), GUEST)
    anonymous.post(url(event), {**GUEST, "email": "ann@example.org"})

    work()

    assert sorted(mails(event.owner.email)) == [
        *("event_full", "new_registration", "new_registration")
    ]


def test_an_address_is_not_mail_bombed(anonymous, organizer, settings, event):
    settings.THROTTLING_ENABLED = True
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "register_address": "1/day"}
    anonymous.post(url(event), GUEST)

    other = EventFactory(owner=organizer, published=True)
    response = anonymous.post(url(other), GUEST)

    assert refusal(response) == (429, "RATE_LIMITED")
    assert response.json()["error"]["details"]["scope"] == "register_address"


def test_a_bad_answer_of_a_further_person_is_named(anonymous, event):
    further = {"email": "ann@example.org", "full_name": "Ann Person"}
    body = {**GUEST, "attendees": [{**further, "custom_field_responses": {"x": 1}}]}

    response = anonymous.post(url(event), body)

    assert response.json()["error"]["details"] == {
        "attendees": {"0": {"custom_field_responses": {"x": ["There is no such question."]}}}
    }


class TestReferences:
    """Two orders may draw the same reference; nobody notices."""

    def draw(self, monkeypatch, *references):
        field = Order._meta.get_field("reference")
        monkeypatch.setattr(field, "_get_default", iter(references).__next__)

    def test_a_taken_reference_is_drawn_again(self, anonymous, event, monkeypatch):
        OrderFactory(event=event, reference="TAKEN234")
        self.draw(monkeypatch, "TAKEN234", "FRESH234")

        response = anonymous.post(url(event), GUEST)

        assert response.json()["order"] == {"reference": "FRESH234"}

    def test_with_a_key_as_well(self, anonymous, event, monkeypatch):
        OrderFactory(event=event, reference="TAKEN234")
        self.draw(monkeypatch, "TAKEN234", "FRESH234")

        response = anonymous.post(url(event), GUEST, headers={"Idempotency-Key": KEY})

        assert response.status_code == 201

    def test_five_in_a_row_are_too_many(self, anonymous, event, monkeypatch):
        OrderFactory(event=event, reference="TAKEN234")
        self.draw(monkeypatch, *["TAKEN234"] * 5)

        response = anonymous.post(url(event), GUEST)

        assert refusal(response) == (409, "CONFLICT")


def test_who_reads_open_and_finds_the_queue_full_is_refused(event):
    Event.objects.filter(pk=event.pk).update(waitlist_enabled=True, waitlist_max=1, places_taken=2)
    event.refresh_from_db()
    Event.objects.filter(pk=event.pk).update(waitlist_count=1)

    with pytest.raises(registering.EventIsFull):
        registering.register(event, Person("gus@example.org", "Gus Guest"))

    assert Registration.objects.count() == 0


def test_an_event_cancelled_meanwhile_takes_nobody(event):
    Event.objects.filter(pk=event.pk).update(status="cancelled", cancelled_at=timezone.now())

    with pytest.raises(registering.RegistrationClosed):
        registering.register(event, Person("gus@example.org", "Gus Guest"))

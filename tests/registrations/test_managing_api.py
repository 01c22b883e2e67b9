"""Registrations of an event, as the people behind it see and change them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import AuditEntry, OutgoingEmail
from registrations.models import Registration
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import EventFactory, EventSessionFactory
from tests.factories.registrations import (
    AttendanceIntervalFactory,
    OrderFactory,
    RegistrationAnswerFactory,
    RegistrationFactory,
    SessionAttendanceFactory,
    TicketFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer, organization):
    return EventFactory(owner=organizer, organization=organization, published=True, capacity=9)


@pytest.fixture
def registration(event):
    return RegistrationFactory(event=event, full_name="Gus Guest", email="gus@example.org")


def url(event, rest=""):
    return f"/api/v1/events/{event.uuid}/registrations/{rest}"


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


def member(organization, role):
    user = UserFactory()
    MembershipFactory(organization=organization, user=user, role=role)
    return user


def test_the_list_tells_everything_managers_need(api_for, organizer, registration):
    (body,) = api_for(organizer).get(url(registration.event)).json()["results"]

    assert body == {
        "uuid": str(registration.uuid),
        "email": "gus@example.org",
        "full_name": "Gus Guest",
        "professional_title": "",
        "organization_name": "",
        "user_uuid": None,
        "status": "confirmed",
        "source": "self",
        "order_reference": "",
        "price_amount": 0,
        "discount_amount": 0,
        "amount_due": 0,
        "currency": "USD",
        "payment_status": "not_required",
        "waitlist_position": None,
        "registered_at": body["registered_at"],
        "confirmed_at": body["confirmed_at"],
        "cancelled_at": None,
        "cancellation_reason": "",
        "attended": False,
        "checked_in_at": None,
        "first_join_at": None,
        "last_leave_at": None,
        "total_attendance_minutes": 0,
        "attendance_percent": 0,
        "sessions_attended": 0,
        "attendance_eligible": False,
        "attendance_override": None,
        "attendance_override_reason": "",
        "needs_review": False,
        "review_codes": [],
        "certificate_issued": False,
        "allow_public_verification": True,
        "is_deleted": False,
    }


def test_the_detail_adds_answers_sessions_and_stays(api_for, organizer, registration):
    answer = RegistrationAnswerFactory(registration=registration, value="Vegan")
    stay = AttendanceIntervalFactory(registration=registration)
    SessionAttendanceFactory(registration=registration, total_attendance_minutes=60)

    body = api_for(organizer).get(url(registration.event, f"{registration.uuid}/")).json()

    assert body["custom_field_responses"] == [
        {"field": str(answer.field.uuid), "label": answer.label, "value": "Vegan"}
    ]
    assert [one["total_attendance_minutes"] for one in body["sessions"]] == [60]
    assert [one["uuid"] for one in body["intervals"]] == [str(stay.uuid)]
    assert body["notes"] == ""


class TestRoles:
    READS = ("", "summary/", "{row}/", "{row}/eligibility/")

    @pytest.mark.parametrize("role", ["admin", "organizer", "instructor", "staff"])
    @pytest.mark.parametrize("path", READS)
    def test_every_role_of_the_organization_reads(
        self, api_for, organization, registration, role, path
    ):
        client = api_for(member(organization, role))

        response = client.get(url(registration.event, path.format(row=registration.uuid)))

        assert response.status_code == 200

    @pytest.mark.parametrize(
        ("role", "status"),
        [("admin", 200), ("organizer", 200), ("instructor", 403), ("staff", 403)],
    )
    @pytest.mark.parametrize("verb", ["cancel", "resend-confirmation"])
    def test_managing_roles_write(self, api_for, organization, registration, role, status, verb):
        client = api_for(member(organization, role))

        response = client.post(url(registration.event, f"{registration.uuid}/{verb}/"))

        assert response.status_code == status

    @pytest.mark.parametrize(
        ("role", "status"), [("organizer", 200), ("instructor", 403), ("staff", 403)]
    )
    @pytest.mark.parametrize("path", ["waitlist/", "export/"])
    def test_the_queue_and_the_file_are_for_managers(
        self, api_for, organization, registration, role, status, path
    ):
        client = api_for(member(organization, role))

        assert client.get(url(registration.event, path)).status_code == status

    @pytest.mark.parametrize(("role", "status"), [("organizer", 202), ("staff", 403)])
    def test_so_is_the_file_made_by_a_worker(
        self, api_for, organization, registration, role, status
    ):
        client = api_for(member(organization, role))

        assert client.post(url(registration.event, "export/")).status_code == status

    def test_platform_staff_look_and_do_not_touch(self, api_for, staff_member, registration):
        client = api_for(staff_member)
        path = url(registration.event, f"{registration.uuid}/")

        assert client.get(path).status_code == 200
        assert client.post(f"{path}cancel/").status_code == 403

    READ = ("", "{row}/", "{row}/eligibility/", "summary/", "waitlist/", "export/")
    POST = (
        *("{row}/approve/", "{row}/reject/", "{row}/cancel/", "{row}/restore/", "{row}/promote/"),
        *("{row}/resend-confirmation/", "{row}/override-attendance/", "promote-next/"),
    )

    @pytest.mark.parametrize("path", READ)
    def test_to_a_stranger_nothing_is_here(self, api_for, stranger, registration, path):
        response = api_for(stranger).get(
            url(registration.event, path.format(row=registration.uuid))
        )

        assert refusal(response) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("path", POST)
    def test_a_stranger_changes_nothing(self, api_for, stranger, registration, path):
        body = {"eligible": True, "reason": "Because I say so."}

        response = api_for(stranger).post(
            url(registration.event, path.format(row=registration.uuid)), body
        )

        registration.refresh_from_db()
        assert refusal(response) == (404, "NOT_FOUND")
        assert (registration.status, registration.attendance_override) == ("confirmed", None)

    @pytest.mark.parametrize("path", ["{row}/", "{row}/eligibility/"])
    def test_a_registration_is_reached_by_its_own_event_only(
        self, api_for, organizer, registration, path
    ):
        other = EventFactory(owner=organizer, published=True)

        response = api_for(organizer).get(url(other, path.format(row=registration.uuid)))

        assert refusal(response) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("path", ["", "{row}/", "summary/"])
    def test_without_a_token_there_is_nothing(self, anonymous, registration, path):
        response = anonymous.get(url(registration.event, path.format(row=registration.uuid)))

        assert refusal(response) == (401, "NOT_AUTHENTICATED")

    def test_the_registrant_does_not_see_the_list(self, api_for, attendee, event):
        row = RegistrationFactory(event=event, user=attendee)

        response = api_for(attendee).patch(url(event, f"{row.uuid}/"), {"notes": "x"})

        assert refusal(response) == (404, "NOT_FOUND")


class TestChanging:
    def test_a_name_is_corrected_and_noted(self, api_for, organizer, registration):
        path = url(registration.event, f"{registration.uuid}/")

        response = api_for(organizer).patch(path, {"full_name": "Gustav", "notes": "VIP"})

        assert (response.json()["full_name"], response.json()["notes"]) == ("Gustav", "VIP")
        entry = AuditEntry.objects.get(action="registration.changed")
        assert entry.payload["fields"] == ["full_name", "notes"]

    def test_everything_else_is_no_field(self, api_for, organizer, registration):
        path = url(registration.event, f"{registration.uuid}/")
        hostile = {"status": "cancelled", "attended": True, "price_amount": 9, "email": "x@y.org"}

        response = api_for(organizer).patch(path, hostile)

        assert [response.json()[name] for name in hostile] == [
            *("confirmed", False, 0),
            "gus@example.org",
        ]

    def test_a_stale_version_is_refused(self, api_for, organizer, registration):
        client, path = api_for(organizer), url(registration.event, f"{registration.uuid}/")
        tag = client.get(path).headers["ETag"]
        client.patch(path, {"notes": "first"})

        response = client.patch(path, {"notes": "second"}, headers={"If-Match": tag})

        assert refusal(response) == (412, "PRECONDITION_FAILED")

    def test_the_confirmation_is_sent_again_each_time(
        self, api_for, organizer, registration, work, mails
    ):
        client = api_for(organizer)
        path = url(registration.event, f"{registration.uuid}/resend-confirmation/")

        responses = [client.post(path), client.post(path)]

        assert [response.status_code for response in responses] == [200, 200]
        assert mails("gus@example.org") == ["registration_confirmed"] * 2

    def test_who_waits_has_no_confirmation(self, api_for, organizer, event):
        row = RegistrationFactory(event=event, waitlisted=True)

        response = api_for(organizer).post(url(event, f"{row.uuid}/resend-confirmation/"))

        assert refusal(response) == (400, "INVALID_STATUS")


class TestLists:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("status=confirmed", {"a", "b"}),
            ("status=cancelled,waitlisted", {"c", "d"}),
            ("attended=true", {"a"}),
            ("attendance_eligible=false", {"b", "c", "d"}),
            ("certificate_issued=true", {"a"}),
            ("certificate_issued=false", {"b", "c", "d"}),
            ("needs_review=true", {"b"}),
            ("needs_review=false", {"a", "c", "d"}),
            ("payment_status=paid", set()),
            ("search=Anna", {"a"}),
            ("search=b@example.org", {"b"}),
            ("search=anna guest", {"a"}),
            ("search=nobody", set()),
            ("registered_after=2099-01-01T00:00:00Z", set()),
            ("registered_before=2099-01-01T00:00:00Z", {"a", "b", "c", "d"}),
            ("unknown=1", {"a", "b", "c", "d"}),
        ],
    )
    def test_the_list_is_narrowed(self, api_for, organizer, event, query, found):
        now = timezone.now()
        first = {"attended": True, "attendance_eligible": True, "certificate_issued_at": now}
        RegistrationFactory(event=event, email="a@example.org", full_name="Anna Guest", **first)
        RegistrationFactory(event=event, email="b@example.org", review_codes=["SHARED_LINK"])
        RegistrationFactory(event=event, email="c@example.org", cancelled=True)
        RegistrationFactory(event=event, email="d@example.org", waitlisted=True)

        response = api_for(organizer).get(url(event, f"?{query}"))

        assert {row["email"][0] for row in response.json()["results"]} == found

    def test_a_ticket_code_is_found(self, api_for, organizer, registration):
        ticket = TicketFactory(registration=registration)

        response = api_for(organizer).get(url(registration.event, f"?search={ticket.code}"))

        assert response.json()["count"] == 1

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("status=lost", (400, "VALIDATION_ERROR")),
            ("attended=maybe", (400, "VALIDATION_ERROR")),
            ("registered_after=soon", (400, "VALIDATION_ERROR")),
            ("page_size=0", (400, "VALIDATION_ERROR")),
            ("page=999999", (404, "NOT_FOUND")),
            ("cursor=nonsense", (404, "NOT_FOUND")),
            ("expand=secrets", (400, "VALIDATION_ERROR")),
            ("fields=secrets", (400, "VALIDATION_ERROR")),
        ],
    )
    def test_a_bad_question_is_refused(self, api_for, organizer, registration, query, expected):
        response = api_for(organizer).get(url(registration.event, f"?{query}"))

        assert refusal(response) == expected

    @pytest.mark.parametrize("ordering", ["full_name", "-registered_at", "zoom_join_url"])
    def test_unknown_orders_are_ignored(self, api_for, organizer, registration, ordering):
        response = api_for(organizer).get(url(registration.event, f"?ordering={ordering}"))

        assert response.status_code == 200

    def test_pages_by_cursor(self, api_for, organizer, event):
        for _ in range(3):
            RegistrationFactory(event=event)
        client = api_for(organizer)

        first = client.get(url(event, "?cursor=&page_size=2")).json()
        second = client.get(first["next"]).json()

        assert first.keys() == {"next", "previous", "results"}
        assert [len(first["results"]), len(second["results"])] == [2, 1]

    @pytest.mark.parametrize("count", [1, 3])
    def test_many_take_as_many_queries_as_one(
        self, api_for, organizer, event, count, django_assert_num_queries
    ):
        for _ in range(count):
            row = RegistrationFactory(
                event=event, user=UserFactory(), order=OrderFactory(event=event)
            )
            TicketFactory(registration=row)
        client = api_for(organizer)

        # session with user; memberships; event; count; rows
        with django_assert_num_queries(4):
            response = client.get(url(event))

        assert response.json()["count"] == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_detail_takes_as_many_queries_for_many_stays(
        self, api_for, organizer, registration, count, django_assert_num_queries
    ):
        for number in range(count):
            session = EventSessionFactory(event=registration.event)
            AttendanceIntervalFactory(registration=registration, session=session)
            SessionAttendanceFactory(registration=registration, session=session)
            RegistrationAnswerFactory(registration=registration, value=number)
        client = api_for(organizer)

        # session with user; memberships; event; row; answers, attendance, stays
        with django_assert_num_queries(6):
            response = client.get(url(registration.event, f"{registration.uuid}/"))

        assert len(response.json()["intervals"]) == count

    def test_deleted_rows_are_shown_to_who_manages_them(self, api_for, organizer, registration):
        registration.soft_delete(by=organizer)
        client = api_for(organizer)

        plain = client.get(url(registration.event)).json()["count"]
        full = client.get(url(registration.event, "?include_deleted=true")).json()

        assert (plain, full["count"]) == (0, 1)
        assert full["results"][0]["is_deleted"] is True


def test_the_summary_counts_by_state(api_for, organizer, event):
    RegistrationFactory(event=event, attended=True, attendance_eligible=True)
    RegistrationFactory(event=event, waitlisted=True)
    RegistrationFactory(event=event, cancelled=True)
    RegistrationFactory()

    body = api_for(organizer).get(url(event, "summary/")).json()

    assert body == {
        "total": 3,
        "confirmed": 1,
        "pending_payment": 0,
        "pending_approval": 0,
        "waitlisted": 1,
        "offered": 0,
        "cancelled": 1,
        "attended": 1,
        "attendance_eligible": 1,
        "certificates_issued": 0,
        "taken": 1,
        "capacity": 9,
    }


class TestExport:
    def test_the_list_leaves_as_a_file_that_runs_nothing(self, api_for, organizer, event):
        RegistrationFactory(event=event, full_name='=HYPERLINK("x")', email="gus@example.org")

        response = api_for(organizer).get(url(event, "export/"))

        lines = b"".join(response.streaming_content).decode().split("\r\n")
        assert lines[0].startswith("Email,Full name,Professional title")
        assert lines[1].startswith('gus@example.org,"\'=HYPERLINK(""x"")"')

    @pytest.mark.parametrize("query", ["export_format=pdf", "columns=secret"])
    def test_what_is_not_offered_is_refused(self, api_for, organizer, event, query):
        response = api_for(organizer).get(url(event, f"export/?{query}"))

        assert refusal(response) == (400, "VALIDATION_ERROR")


class TestAttendanceViews:
    def aggregate(self, event):
        return f"/api/v1/events/{event.uuid}/aggregate-attendance/"

    def of_sessions(self, row):
        return f"/api/v1/registrations/{row.uuid}/session-attendance/"

    def test_everybodys_sessions_at_a_glance(self, api_for, organizer, registration):
        SessionAttendanceFactory(registration=registration, attended=True)
        RegistrationFactory(event=registration.event, cancelled=True)

        (body,) = api_for(organizer).get(self.aggregate(registration.event)).json()["results"]

        assert (body["registration"], body["total_sessions"]) == (str(registration.uuid), 1)
        assert [one["attended"] for one in body["sessions"]] == [True]

    @pytest.mark.parametrize("count", [1, 3])
    def test_many_take_as_many_queries_as_one(
        self, api_for, organizer, event, count, django_assert_num_queries
    ):
        for _ in range(count):
            SessionAttendanceFactory(registration=RegistrationFactory(event=event))
        client = api_for(organizer)

        # session with user; memberships; event; count; rows; attendance; how many sessions
        with django_assert_num_queries(6):
            response = client.get(self.aggregate(event))

        assert response.json()["count"] == count

    @pytest.mark.parametrize("reader", ["organizer", "attendee"])
    def test_one_persons_sessions(self, request, api_for, event, attendee, reader):
        row = RegistrationFactory(event=event, user=attendee)
        SessionAttendanceFactory(
            registration=row, attended=True, total_attendance_minutes=55, attendance_percent=91
        )
        EventSessionFactory(event=event, starts_at=event.starts_at + timedelta(days=1))
        client = api_for(request.getfixturevalue(reader))

        rows = client.get(self.of_sessions(row)).json()["results"]

        assert [
            (one["attended"], one["total_attendance_minutes"], one["attendance_percent"])
            for one in rows
        ] == [(True, 55, 91), (False, 0, 0)]

    @pytest.mark.parametrize("path", ["aggregate", "of_sessions"])
    def test_to_a_stranger_nothing_is_here(self, api_for, stranger, registration, path):
        row = registration if path == "of_sessions" else registration.event

        assert api_for(stranger).get(getattr(self, path)(row)).status_code == 404


def test_a_changed_version_does_not_come_from_counting(api_for, organizer, event, anonymous):
    client = api_for(organizer)
    before = client.get(f"/api/v1/events/{event.uuid}/").headers["ETag"].split(".")[0]
    body = {"email": "gus@example.org", "full_name": "Gus Guest"}

    anonymous.post(f"/api/v1/public/events/{event.uuid}/register/", body)

    after = client.get(f"/api/v1/events/{event.uuid}/").headers["ETag"].split(".")[0]
    assert before == after
    assert Registration.objects.count() == 1


def test_mails_carry_names_without_addresses(event, work, anonymous):
    body = {"email": "gus@example.org", "full_name": "Win https://evil.example now"}

    anonymous.post(f"/api/v1/public/events/{event.uuid}/register/", body)

    work()
    texts = [row.text for row in OutgoingEmail.objects.filter(kind="new_registration")]
    assert texts
    assert not any("evil.example" in text for text in texts)

"""Numbers for those who manage events, and for nobody else."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest

from billing.models import BillingAccount
from events.models import EventInvitation, EventReminder
from tests.factories.accounts import MembershipFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import EventFactory, EventSessionFactory
from tests.factories.registrations import AttendanceIntervalFactory, RegistrationFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/"
NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
NUMBERS = ("statistics/", "statistics/charts/registrations/", "statistics/charts/drop-off/")


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def api(clock, api_for, organizer):
    return api_for(organizer)


def url(event, path):
    return f"{URL}{event.uuid}/{path}"


def invite(event, status):
    EventInvitation.objects.create(
        event=event, email=f"{status}@example.org", status=status, batch=event.uuid
    )


def test_statistics_of_an_event(api, organizer):
    event = EventFactory(
        owner=organizer,
        published=True,
        starts_at=NOW - timedelta(hours=2),
        duration_minutes=15,
        capacity=10,
        places_taken=3,
        waitlist_count=1,
        certificate_count=1,
    )
    session = event.sessions.get()
    ada, _ben = (
        RegistrationFactory(event=event, confirmed_at=NOW - timedelta(days=days)) for days in (3, 1)
    )
    RegistrationFactory(event=event, waitlisted=True)
    AttendanceIntervalFactory(registration=ada, session=session)
    type(ada).objects.filter(pk=ada.pk).update(
        attended=True,
        attendance_percent=100,
        total_attendance_minutes=15,
        amount_due=5000,
        price_amount=5000,
        payment_status="paid",
    )
    invite(event, "pending")
    invite(event, "registered")

    body = api.get(url(event, "statistics/")).json()

    links = body.pop("charts")
    base = f"http://testserver{url(event, 'statistics/charts/')}"
    assert [(link["name"], link["url"]) for link in links] == [
        ("registrations", f"{base}registrations/"),
        ("drop-off", f"{base}drop-off/?session={session.uuid}"),
    ]
    assert links[0]["text"].startswith("Highest 1 registrations")
    assert body == {
        "total_attendees": 2,
        "available_spots": 7,
        "waitlist_count": 1,
        "reviews_count": 0,
        "average_rating": None,
        "total_revenue": {"amount": 5000, "currency": "USD"},
        "refunded": {"amount": 0, "currency": "USD"},
        "registrations": {
            "pending_approval": 0,
            "pending_payment": 0,
            "confirmed": 2,
            "waitlisted": 1,
            "offered": 0,
            "cancelled": 0,
            "expired": 0,
        },
        "attendance": {
            "attended": 1,
            "attendance_rate": "50.00",
            "average_percent": "50.00",
            "average_minutes": "7.50",
        },
        "certificate_count": 1,
        "invitations": {
            "pending": 1,
            "sent": 0,
            "delivered": 0,
            "opened": 0,
            "registered": 1,
            "bounced": 0,
            "suppressed": 0,
        },
        "registrations_by_day": [
            {"date": "2026-06-07", "count": 1},
            {"date": "2026-06-08", "count": 0},
            {"date": "2026-06-09", "count": 1},
        ],
        "tickets": [],
        "rating_histogram": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0},
        "sessions": [
            {
                "uuid": str(session.uuid),
                "title": session.title,
                "attendance_count": 0,
                "drop_off": [
                    {"minute": 0, "present": 1},
                    {"minute": 5, "present": 1},
                    {"minute": 10, "present": 1},
                ],
            }
        ],
    }


def test_an_event_without_anybody_has_numbers_too(api, organizer):
    event = EventFactory(owner=organizer)

    body = api.get(url(event, "statistics/")).json()

    assert (body["total_attendees"], body["available_spots"]) == (0, None)
    assert body["attendance"] == {
        "attended": 0,
        "attendance_rate": None,
        "average_percent": None,
        "average_minutes": None,
    }
    assert body["registrations_by_day"] == []
    assert body["charts"][0]["text"] == "There is nothing to show yet."


@pytest.mark.parametrize("count", [1, 3])
def test_statistics_cost_the_same_for_every_crowd(api, organizer, count, django_assert_num_queries):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory.create_batch(count, event=event)
    for _ in range(count):
        registration = RegistrationFactory(event=event)
        AttendanceIntervalFactory(registration=registration)

    with django_assert_num_queries(8):
        response = api.get(url(event, "statistics/"))

    assert len(response.json()["sessions"]) == count


@pytest.mark.parametrize("name", ["registrations", "drop-off"])
def test_drawings_are_harmless_svg(api, organizer, name):
    event = EventFactory(owner=organizer)
    event.sessions.update(title="<script>alert(1)</script>")
    RegistrationFactory(event=event)

    response = api.get(url(event, f"statistics/charts/{name}/"))

    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/svg+xml")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'"
    )
    drawn = ET.fromstring(response.content)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<script" not in response.content


def test_the_drop_off_of_one_session_is_drawn(api, organizer):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory(event=event, title="Morning")
    second = EventSessionFactory(event=event, title="Evening")
    path = url(event, "statistics/charts/drop-off/")

    answers = [
        api.get(path),
        api.get(path, {"session": str(second.uuid)}),
        api.get(path, {"session": str(EventFactory(owner=organizer).sessions.get().uuid)}),
        api.get(path, {"session": "second"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 400]
    assert b"Present at Morning" in answers[0].content
    assert b"Present at Evening" in answers[1].content


@pytest.mark.parametrize("path", NUMBERS)
def test_only_managers_see_numbers(
    clock, api_for, anonymous, organization, organizer, stranger, staff_member, path
):
    event = EventFactory(organization=organization, owner=organizer)
    people = {
        role: MembershipFactory(organization=organization, role=role).user
        for role in ("admin", "organizer", "instructor", "staff")
    }

    answers = {
        name: api_for(user).get(url(event, path)).status_code
        for name, user in {**people, "stranger": stranger, "platform": staff_member}.items()
    }

    assert answers == {
        "admin": 200,
        "organizer": 200,
        "instructor": 403,
        "staff": 403,
        "stranger": 404,
        "platform": 200,
    }
    assert anonymous.get(url(event, path)).status_code == 401


class TestDashboard:
    def test_how_things_stand(self, api, organizer):
        soon = NOW + timedelta(days=3)
        draft = EventFactory(owner=organizer, starts_at=soon, title="Draft")
        later = EventFactory(owner=organizer, starts_at=NOW + timedelta(days=8))
        full = EventFactory(
            owner=organizer, published=True, starts_at=soon, capacity=10, places_taken=9
        )
        EventFactory(
            owner=organizer, published=True, starts_at=later.starts_at, capacity=11, places_taken=9
        )
        full.sessions.update(meeting_status="failed")
        EventReminder.objects.create(
            event=full,
            reminder_type="before_1h",
            send_hours_before=1,
            scheduled_for=NOW,
            status="failed",
        )
        over = EventFactory(
            owner=organizer, completed=True, starts_at=NOW - timedelta(days=2), attendance_count=4
        )
        EventFactory(
            owner=organizer, completed=True, starts_at=NOW - timedelta(days=40), attendance_count=9
        )
        RegistrationFactory(
            event=over,
            confirmed_at=NOW - timedelta(days=2),
            certificate_issued_at=NOW - timedelta(days=1),
        )
        RegistrationFactory(event=over, confirmed_at=NOW - timedelta(days=31))

        body = api.get(f"{URL}dashboard/").json()

        assert body["counts"] == {
            "draft": 2,
            "published": 2,
            "live": 0,
            "completed": 2,
            "closed": 0,
            "cancelled": 0,
        }
        assert [(row["kind"], row["event"]["uuid"]) for row in body["needs_attention"]] == [
            ("meeting_failed", str(full.uuid)),
            ("draft_starting_soon", str(draft.uuid)),
            ("almost_full", str(full.uuid)),
            ("reminder_failed", str(full.uuid)),
        ]
        assert body["needs_attention"][1] == {
            "kind": "draft_starting_soon",
            "event": {"uuid": str(draft.uuid), "title": "Draft"},
            "message": "This draft starts within a week and is not published.",
        }
        assert body["totals"] == {"registrations": 1, "attendance": 4, "certificates": 1}
        assert body["plan"]["events_per_month"]["used"] == 0
        assert set(body["plan"]) == {
            "events_per_month",
            "courses_per_month",
            "certificates_per_month",
            "invitations_per_month",
        }

    def test_the_next_five_are_shown_as_in_lists(self, api, organizer):
        rows = [
            EventFactory(owner=organizer, published=True, starts_at=NOW + timedelta(days=days))
            for days in range(1, 7)
        ]

        upcoming = api.get(f"{URL}dashboard/").json()["upcoming"]

        listed = api.get(URL, {"ordering": "starts_at"}).json()["results"]
        assert [row["uuid"] for row in upcoming] == [str(row.uuid) for row in rows[:5]]
        assert upcoming == listed[:5]

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_the_same_for_every_number_of_events(
        self, api, organizer, count, django_assert_num_queries
    ):
        for event in EventFactory.create_batch(count, owner=organizer, published=True):
            RegistrationFactory.create_batch(count, event=event)

        with django_assert_num_queries(14):
            body = api.get(f"{URL}dashboard/").json()

        assert body["counts"]["published"] == count

    def test_others_events_are_not_in_it(self, clock, api_for, organizer, stranger):
        EventFactory(owner=organizer, published=True)

        body = api_for(stranger).get(f"{URL}dashboard/").json()

        assert (sum(body["counts"].values()), body["upcoming"]) == (0, [])

    def test_a_colleague_sees_the_organizations_plan(self, clock, api_for, organization, colleague):
        account = BillingAccountFactory(user=None, organization=organization)
        SubscriptionFactory(account=account, limits_override={"events_per_month": 7})
        event = EventFactory(organization=organization, published=True)

        body = api_for(colleague).get(f"{URL}dashboard/").json()

        assert body["plan"]["events_per_month"] == {"used": 0, "max": 7}
        assert [row["uuid"] for row in body["upcoming"]] == [str(event.uuid)]

    def test_without_a_plan_nothing_is_told_of_it(self, api, organizer):
        BillingAccount.objects.get(user=organizer).subscription.delete()

        assert api.get(f"{URL}dashboard/").json()["plan"] == {}

    def test_the_people_of_the_platform_have_no_plan(self, clock, api_for, staff_member, organizer):
        EventFactory(owner=organizer)

        body = api_for(staff_member).get(f"{URL}dashboard/").json()

        assert (body["plan"], body["counts"]["draft"]) == ({}, 1)


class TestReports:
    @pytest.mark.parametrize(
        ("period", "days", "since"),
        [
            ("last-7-days", 7, "2026-06-03T22:00:00Z"),
            ("last-30-days", 30, "2026-05-11T22:00:00Z"),
            ("last-90-days", 90, "2026-03-12T23:00:00Z"),
            ("this-year", 161, "2025-12-31T23:00:00Z"),
        ],
    )
    def test_days_are_the_callers(self, api, organizer, period, days, since):
        type(organizer).objects.filter(pk=organizer.pk).update(timezone="Europe/Berlin")

        body = api.get(f"{URL}reports/", {"period": period}).json()

        assert (body["period"], body["since"], body["until"]) == (
            period,
            since,
            "2026-06-10T12:00:00Z",
        )
        assert len(body["trends"]) == days
        assert body["trends"][-1]["date"] == "2026-06-10"

    def test_what_a_month_brought(self, api, organizer):
        event = EventFactory(owner=organizer, completed=True, starts_at=NOW - timedelta(days=1))
        EventFactory(owner=organizer, cancelled=True, starts_at=NOW - timedelta(days=1))
        RegistrationFactory(event=event, confirmed_at=NOW - timedelta(days=1))
        paid = RegistrationFactory(
            event=event,
            confirmed_at=NOW - timedelta(days=1),
            price_amount=500,
            amount_due=500,
            payment_status="paid",
        )
        RegistrationFactory(
            event=event,
            confirmed_at=NOW - timedelta(days=2),
            price_amount=90,
            amount_due=90,
            payment_status="refunded",
            currency="EUR",
        )
        RegistrationFactory(event=event, confirmed_at=NOW - timedelta(days=60))

        body = api.get(f"{URL}reports/").json()

        assert body["summary"] == {
            "total_revenue": [
                {"amount": 90, "currency": "EUR"},
                {"amount": 500, "currency": "USD"},
            ],
            "total_attendees": 3,
            "events_hosted": 1,
            "average_rating": None,
        }
        assert body["trends"][-3:] == [
            {
                "date": "2026-06-08",
                "registrations": 1,
                "revenue": [{"amount": 90, "currency": "EUR"}],
            },
            {
                "date": "2026-06-09",
                "registrations": 2,
                "revenue": [{"amount": 500, "currency": "USD"}],
            },
            {"date": "2026-06-10", "registrations": 0, "revenue": []},
        ]
        assert body["ticket_breakdown"] == []
        assert body["recent_transactions"][0] == {
            "reference": "",
            "event": {"uuid": str(event.uuid), "title": event.title},
            "amount": 500,
            "currency": "USD",
            "payment_status": "paid",
            "paid_at": paid.confirmed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def test_an_organization_is_a_part_of_it(self, api, organizer, organization):
        RegistrationFactory(
            event=EventFactory(owner=organizer, published=True), confirmed_at=NOW - timedelta(1)
        )
        RegistrationFactory(
            event=EventFactory(owner=organizer, organization=organization, published=True),
            confirmed_at=NOW - timedelta(1),
        )
        foreign = MembershipFactory().organization

        numbers = [
            api.get(f"{URL}reports/", query).json()["summary"]["total_attendees"]
            for query in (
                {},
                {"organization": str(organization.uuid)},
                {"organization": str(foreign.uuid)},
            )
        ]

        assert numbers == [2, 1, 0]

    @pytest.mark.parametrize("query", [{"period": "ever"}, {"organization": "mine"}])
    def test_bad_parameters_are_named(self, api, query):
        response = api.get(f"{URL}reports/", query)

        assert (response.status_code, [*response.json()["error"]["details"]]) == (400, [*query])

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_the_same_for_every_number_of_events(
        self, api, organizer, count, django_assert_num_queries
    ):
        for event in EventFactory.create_batch(count, owner=organizer, published=True):
            RegistrationFactory.create_batch(count, event=event, confirmed_at=NOW - timedelta(1))

        with django_assert_num_queries(5):
            body = api.get(f"{URL}reports/").json()

        assert body["summary"]["total_attendees"] == count * count


@pytest.mark.parametrize("path", ["dashboard/", "reports/"])
def test_who_manages_nothing_has_no_overview(
    clock, api_for, anonymous, organization, attendee, staff_member, path
):
    instructor = MembershipFactory(organization=organization, role="instructor").user

    answers = [
        *(api_for(user).get(f"{URL}{path}") for user in (attendee, instructor, staff_member)),
        anonymous.get(f"{URL}{path}"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 200, 401]

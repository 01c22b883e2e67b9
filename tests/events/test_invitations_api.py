"""Invitations over HTTP: for those who send them, and for those who get them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.utils import timezone

from common import outbox, throttling
from common.models import OutgoingEmail
from events.models import EventInvitation
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.event_invitations import EventInvitationFactory
from tests.factories.events import EventFactory

PUBLIC = "/api/v1/public/invitations"


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, title="Wound care", zoom_enabled=False)


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


@pytest.fixture
def throttled(settings):
    """Switch the limits on, from zero."""
    settings.THROTTLING_ENABLED = True
    throttling.memory.clear()
    cache.clear()
    yield
    throttling.memory.clear()
    cache.clear()


def url(event, *parts):
    return "/".join([f"/api/v1/events/{event.uuid}/invitations", *map(str, parts)]) + "/"


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def guests(count):
    return [f"guest{number}@example.org" for number in range(count)]


class TestInviting:
    def test_inviting_answers_with_the_figures(self, api, event):
        EventInvitationFactory(event=event, email="known@example.org")
        sent = ["known@example.org", "ADA@example.org", "ada@example.org"]

        response = api.post(url(event), {"emails": sent, "message": "Come!"}, format="json")

        assert response.status_code == 201
        assert response.json() == {"created": 1, "skipped": 2, "queued": 1}

    @pytest.mark.parametrize("count", [1, 500])
    @pytest.mark.parametrize("owned", ["by a person", "by an organization"])
    def test_any_number_costs_less_than_fifteen_queries(
        self, api, event, organization, owned, count, django_assert_max_num_queries
    ):
        if owned == "by an organization":
            type(event).objects.update(organization=organization)
        api.get(url(event))

        with django_assert_max_num_queries(14):
            response = api.post(url(event), {"emails": guests(count)}, format="json")

        assert response.json() == {"created": count, "skipped": 0, "queued": count}

    @pytest.mark.parametrize(
        ("body", "details"),
        [
            ({}, {"emails": ["Send either addresses or a contact list."]}),
            ({"emails": []}, {"emails": ["Ensure this field has at least 1 elements."]}),
            (
                {"emails": guests(501)},
                {"emails": ["Ensure this field has no more than 500 elements."]},
            ),
            (
                {"emails": ["ada@example.org", "b", "c@d"]},
                {
                    "emails": {
                        "1": ["Enter a valid email address."],
                        "2": ["Enter a valid email address."],
                    }
                },
            ),
            (
                {"emails": ["ada@example.org"], "contact_list": str(uuid4())},
                {"emails": ["Send either addresses or a contact list."]},
            ),
            ({"contact_list": str(uuid4())}, {"contact_list": ["Not found."]}),
            ({"contact_list": "mine"}, {"contact_list": ["Must be a valid UUID."]}),
            (
                {"emails": "ada@example.org"},
                {"emails": ['Expected a list of items but got type "str".']},
            ),
            (
                {"emails": ["ada@example.org"], "source": "elsewhere"},
                {"source": ['"elsewhere" is not a valid choice.']},
            ),
            (
                {"emails": ["ada@example.org"], "message": "x" * 2001},
                {"message": ["Ensure this field has no more than 2000 characters."]},
            ),
            (
                {"emails": ["ada@example.org"], "message": "bell \a"},
                {"message": ["Control characters are not allowed."]},
            ),
            (
                {"emails": ["ada@example.org\nBcc: x@example.org"]},
                {
                    "emails": {
                        "0": ["Enter a valid email address.", "Control characters are not allowed."]
                    }
                },
            ),
        ],
        ids=[
            "nothing", "nobody", "too many", "bad ones", "both", "unknown list", "no uuid",
            "no list", "source", "long message", "control characters", "header injection",
        ],
    )  # fmt: skip
    def test_bad_bodies_are_refused_whole(self, api, event, body, details):
        response = api.post(url(event), body, format="json")

        assert error_of(response) == (400, "VALIDATION_ERROR")
        assert response.json()["error"]["details"] == details
        assert not event.invitations.exists()

    def test_fields_that_are_not_ours_to_take_are_ignored(self, api, event):
        body = {
            "emails": ["ada@example.org"],
            "status": "registered",
            "token_hash": "x",
            "sends": 9,
            "batch": str(uuid4()),
            "event": str(uuid4()),
        }

        response = api.post(url(event), body, format="json")

        row = event.invitations.get()
        assert response.status_code == 201
        assert (row.status, row.token_hash, row.sends) == ("pending", None, 0)


class TestOrganizersView:
    def test_row_says_what_has_become_of_it(self, api, event):
        row = EventInvitationFactory(event=event, email="ada@example.org", message="Come")

        response = api.get(url(event, row.uuid))

        assert response.status_code == 200
        shown = response.json()
        assert {**shown, "created_at": "", "updated_at": ""} == {
            "uuid": str(row.uuid),
            "email": "ada@example.org",
            "full_name": "",
            "status": "pending",
            "sent_at": None,
            "opened_at": None,
            "responded_at": None,
            "response": "",
            "registered_at": None,
            "created_at": "",
            "updated_at": "",
        }

    @pytest.mark.parametrize("count", [1, 3])
    def test_list_costs_the_same(self, api, event, count, django_assert_num_queries):
        EventInvitationFactory.create_batch(count, event=event)
        api.get(url(event))

        with django_assert_num_queries(4):
            response = api.get(url(event))

        assert response.json()["count"] == count

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("status=sent", ["b"]),
            ("status=sent,pending", ["b", "a"]),
            ("response=maybe", ["c"]),
            ("source=csv", ["a"]),
            ("search=b@example", ["b"]),
            ("search=Ada", ["a"]),
            ("ordering=email", ["a", "b", "c"]),
            ("ordering=-email", ["c", "b", "a"]),
            ("", ["c", "b", "a"]),
        ],
    )
    def test_list_can_be_narrowed(self, api, event, query, found):
        EventInvitationFactory(event=event, email="a@example.org", source="csv", full_name="Ada")
        EventInvitationFactory(event=event, email="b@example.org", mailed=True)
        EventInvitationFactory(
            event=event, email="c@example.org", mailed=True, status="opened", response="maybe"
        )

        response = api.get(f"{url(event)}?{query}")

        assert [row["email"][0] for row in response.json()["results"]] == found

    def test_bad_filter_is_refused(self, api, event):
        assert error_of(api.get(f"{url(event)}?status=lost")) == (400, "VALIDATION_ERROR")

    def test_pending_is_changed_and_removed(self, api, event):
        row = EventInvitationFactory(event=event)

        changed = api.patch(
            url(event, row.uuid),
            {"full_name": "Ada", "message": "Hello", "email": "other@example.org"},
            format="json",
        )
        row.refresh_from_db()
        removed = api.delete(url(event, row.uuid))

        assert (changed.status_code, changed.json()["full_name"]) == (200, "Ada")
        assert (row.message, row.email == "other@example.org") == ("Hello", False)
        assert (removed.status_code, event.invitations.count()) == (204, 0)

    @pytest.mark.parametrize("method", ["patch", "delete"])
    def test_what_was_sent_stays(self, api, event, method):
        row = EventInvitationFactory(event=event, mailed=True)

        response = getattr(api, method)(url(event, row.uuid), {"full_name": "Ada"}, format="json")

        assert error_of(response) == (409, "ALREADY_SENT")
        assert event.invitations.get().full_name == ""

    def test_stale_version_is_refused(self, api, event):
        row = EventInvitationFactory(event=event)

        response = api.patch(
            url(event, row.uuid), {"full_name": "Ada"}, format="json", HTTP_IF_MATCH='"old"'
        )

        assert response.status_code == 412

    def test_send_all_counts_what_was_waiting(self, api, event):
        EventInvitationFactory.create_batch(2, event=event)

        answers = [api.post(url(event, "send-all")).json() for _ in range(2)]

        assert answers == [{"queued": 2}, {"queued": 0}]

    def test_sending_again_is_accepted_once_a_day(self, api, event):
        row = EventInvitationFactory(event=event, mailed=True)

        first = api.post(url(event, row.uuid, "resend"))
        second = api.post(url(event, row.uuid, "resend"))

        assert (first.status_code, first.json()["uuid"]) == (202, str(row.uuid))
        assert error_of(second) == (429, "RATE_LIMITED")

    def test_plan_limit_is_told(self, api_for, event):
        colleague = UserFactory(organizer=True)
        poor = EventFactory(owner=colleague, published=True)

        response = api_for(colleague).post(
            url(poor), {"emails": ["ada@example.org"]}, format="json"
        )

        assert error_of(response) == (402, "PLAN_LIMIT_REACHED")
        assert not poor.invitations.exists()

    def test_too_many_calls_are_refused(self, throttled, api, event, settings):
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "bulk": "2/hour"}

        answers = [api.post(url(event, "send-all")).status_code for _ in range(3)]
        reading = api.get(url(event)).status_code

        assert (answers, reading) == ([200, 200, 429], 200)


class TestTenants:
    CALLS = [
        ("get", ()),
        ("post", ()),
        ("post", ("send-all",)),
        ("get", ("{row}",)),
        ("patch", ("{row}",)),
        ("delete", ("{row}",)),
        ("post", ("{row}", "resend")),
    ]

    @pytest.mark.parametrize(("method", "parts"), CALLS)
    @pytest.mark.parametrize(
        ("who", "status"), [("stranger", 404), ("instructor", 403), ("anonymous", 401)]
    )
    def test_it_is_the_managers_matter(
        self, request, api_for, organization, event, method, parts, who, status
    ):
        event.organization = organization
        event.save()
        row = EventInvitationFactory(event=event)
        if who == "anonymous":
            client = request.getfixturevalue("anonymous")
        elif who == "stranger":
            client = api_for(request.getfixturevalue("stranger"))
        else:
            client = api_for(MembershipFactory(organization=organization, role=who).user)
        parts = [str(row.uuid) if part == "{row}" else part for part in parts]

        response = getattr(client, method)(
            url(event, *parts), {"emails": ["ada@example.org"]}, format="json"
        )

        assert response.status_code == status
        assert list(event.invitations.values_list("status", "queued_at")) == [("pending", None)]

    @pytest.mark.parametrize("method", ["get", "patch", "delete"])
    def test_row_of_another_event_is_not_found(self, api, event, organizer, method):
        other = EventInvitationFactory(event=EventFactory(owner=organizer, published=True))

        response = getattr(api, method)(url(event, other.uuid), {"full_name": "A"}, format="json")

        assert response.status_code == 404
        assert EventInvitation.objects.get().full_name == ""


class TestReceiving:
    @pytest.fixture
    def received(self, event):
        return EventInvitationFactory(
            event=event, email="ada@example.org", mailed=True, token="secret"
        )

    def test_link_shows_event_and_masked_address(self, anonymous, received):
        response = anonymous.get(f"{PUBLIC}/secret/")

        shown = response.json()
        assert response.status_code == 200
        assert (shown["email"], shown["response"]) == ("a***@example.org", "")
        assert (shown["event"]["title"], "owner" in shown["event"]) == ("Wound care", False)
        assert response.headers["Cache-Control"] == "no-store"
        assert "ada@" not in response.content.decode()

    def test_looking_is_opening(self, anonymous, received):
        anonymous.get(f"{PUBLIC}/secret/")
        first = EventInvitation.objects.get().opened_at
        anonymous.get(f"{PUBLIC}/secret/")

        row = EventInvitation.objects.get()
        assert (row.status, row.opened_at, first is not None) == ("opened", first, True)

    def test_image_is_opening_too(self, anonymous, received):
        response = anonymous.get(f"{PUBLIC}/secret/open.gif", headers={"Accept": "image/webp"})

        assert (response.status_code, response.headers["Content-Type"]) == (200, "image/gif")
        assert response.content.startswith(b"GIF89a")
        assert EventInvitation.objects.get().status == "opened"

    def test_unknown_image_looks_the_same(self, anonymous, received):
        known = anonymous.get(f"{PUBLIC}/secret/open.gif")
        unknown = anonymous.get(f"{PUBLIC}/guessed/open.gif")

        assert (unknown.status_code, unknown.content) == (200, known.content)
        assert unknown.headers["Cache-Control"] == known.headers["Cache-Control"] == "no-store"

    def test_opening_leaves_final_states_alone(self, anonymous, received):
        EventInvitation.objects.update(status="registered")

        anonymous.get(f"{PUBLIC}/secret/open.gif")

        assert EventInvitation.objects.get().status == "registered"

    @pytest.mark.parametrize("answer", ["accepted", "declined", "maybe"])
    def test_answer_is_kept(self, anonymous, received, answer):
        response = anonymous.post(f"{PUBLIC}/secret/respond/", {"response": answer}, format="json")

        row = EventInvitation.objects.get()
        assert (response.status_code, response.json()["response"]) == (200, answer)
        assert (row.response, row.status, row.responded_at is None) == (answer, "opened", False)

    @pytest.mark.parametrize("body", [{}, {"response": ""}, {"response": "perhaps"}])
    def test_other_answers_are_refused(self, anonymous, received, body):
        response = anonymous.post(f"{PUBLIC}/secret/respond/", body, format="json")

        assert error_of(response) == (400, "VALIDATION_ERROR")
        assert EventInvitation.objects.get().responded_at is None

    def test_cancelled_event_explains_itself_and_takes_no_answer(self, anonymous, received):
        event = received.event
        event.cancel(by=None)

        shown = anonymous.get(f"{PUBLIC}/secret/")
        answered = anonymous.post(f"{PUBLIC}/secret/respond/", {"response": "maybe"}, format="json")

        assert (shown.status_code, shown.json()["event"]["status"]) == (200, "cancelled")
        assert error_of(answered) == (400, "INVALID_STATUS")

    @pytest.mark.parametrize("why", ["guessed", "over", "draft", "deleted"])
    def test_whatever_is_wrong_the_answer_is_the_same(self, anonymous, received, why):
        unknown = anonymous.get(f"{PUBLIC}/unknown/").json()
        values = {
            "guessed": {},
            "over": {
                "starts_at": timezone.now() - timedelta(hours=2),
                "ends_at": timezone.now() - timedelta(hours=1),
            },
            "draft": {"status": "draft"},
            "deleted": {"deleted_at": timezone.now()},
        }
        type(received.event).all_objects.filter(pk=received.event.pk).update(
            **values[why] or {"title": "Same"}
        )
        token = "SECRET" if why == "guessed" else "secret"

        answers = [
            anonymous.get(f"{PUBLIC}/{token}/"),
            anonymous.post(f"{PUBLIC}/{token}/respond/", {"response": "maybe"}, format="json"),
        ]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["error"]["message"] == unknown["error"]["message"]
        assert EventInvitation.objects.get().status == "sent"

    def test_guessing_is_slowed(self, throttled, anonymous, settings, received):
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "token": "2/minute"}

        answers = [anonymous.get(f"{PUBLIC}/guess{turn}/").status_code for turn in range(3)]

        assert answers == [404, 404, 429]


def test_from_the_call_to_the_mailbox(api, event, django_capture_on_commit_callbacks, mailoutbox):
    with django_capture_on_commit_callbacks(execute=True):
        api.post(url(event), {"emails": guests(3)}, format="json")
    outbox.run_due(timezone.now())
    outbox.run_due(timezone.now())

    assert sorted(message.to[0] for message in mailoutbox) == guests(3)
    assert set(OutgoingEmail.objects.values_list("status", flat=True)) == {"sent"}

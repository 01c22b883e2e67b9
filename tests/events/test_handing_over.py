"""Events change hands by the will of those who dispose of them."""

import pytest

from accounts.models import Notification
from billing.models import BillingAccount
from common import outbox
from common.models import AuditEntry, OutgoingEmail
from events import questions, transfer
from events.models import Event
from tests.factories.accounts import (
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
    ZoomConnectionFactory,
)
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import EventFactory, EventSessionFactory, SpeakerFactory

pytestmark = pytest.mark.django_db
TEMPLATE = "5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e"


@pytest.fixture
def event(organization, organizer):
    return EventFactory(
        organization=organization, owner=organizer, slug="course", published=True, title="Course"
    )


@pytest.fixture
def personal(organization, organizer):
    return EventFactory(owner=organizer, title="Mine", slug="mine")


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


def url(event):
    return f"/api/v1/events/{event.uuid}/transfer/"


def stands(event):
    event = Event.all_objects.get(pk=event.pk)
    return event.owner, event.organization


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def test_a_colleague_gets_the_event(api, organizer, organization, colleague, event):
    response = api.post(url(event), {"owner": str(colleague.uuid), "reason": "On leave."})

    assert response.status_code == 200
    body = response.json()
    assert (body["owner"]["uuid"], body["cleared"]) == (str(colleague.uuid), [])
    assert response.headers["ETag"] == api.get(f"/api/v1/events/{event.uuid}/").headers["ETag"]
    assert stands(event) == (colleague, organization)
    line = event.status_history.get()
    assert (line.from_status, line.to_status, line.changed_by, line.reason) == (
        "published",
        "published",
        organizer,
        f"Transferred from {organizer.uuid} to {colleague.uuid}. On leave.",
    )
    entry = AuditEntry.objects.get(action="event.transferred")
    assert entry.payload["from_owner"] == str(organizer.uuid)


def test_both_owners_are_told(api, organizer, colleague, event):
    api.post(url(event), {"owner": str(colleague.uuid)})

    told = OutgoingEmail.objects.filter(kind="event_transferred")
    assert {row.to_email: row.subject for row in told} == {
        organizer.email: "Course has a new owner",
        colleague.email: "Course has a new owner",
    }
    assert "is yours now for Provider Ltd" in told.get(to_email=colleague.email).text
    assert "now belongs to Carl Colleague" in told.get(to_email=organizer.email).text
    notices = Notification.objects.filter(notification_type="event_transferred")
    assert {row.user for row in notices} == {organizer, colleague}


def test_ones_own_event_goes_into_ones_organization(api, organizer, organization, personal):
    response = api.post(
        url(personal),
        {"owner": str(organizer.uuid), "organization": str(organization.uuid)},
    )

    assert (response.status_code, stands(personal)) == (200, (organizer, organization))
    line = personal.status_history.get()
    assert line.reason == f"Transferred from {organizer.uuid} to Provider Ltd."
    assert OutgoingEmail.objects.filter(kind="event_transferred").count() == 1


def test_what_the_new_tenant_may_not_use_is_cleared(api, organizer, organization, personal):
    mine, theirs = (
        SpeakerFactory(owner=organizer, name="Mine"),
        SpeakerFactory(owner=organizer, organization=organization),
    )
    personal.speakers.add(mine, theirs)
    personal.sessions.get().speakers.add(mine)
    Event.objects.filter(pk=personal.pk).update(
        certificate_template=TEMPLATE, search_text="Mine\nMine"
    )

    response = api.post(
        url(personal), {"owner": str(organizer.uuid), "organization": str(organization.uuid)}
    )

    body = response.json()
    assert body["cleared"] == ["certificate_template", "speakers"]
    assert (body["certificate_template"], len(body["speakers"])) == (None, 1)
    personal.refresh_from_db()
    assert [*personal.speakers.all()] == [theirs]
    assert [*personal.sessions.get().speakers.all()] == []
    assert personal.search_text == f"Mine\n{theirs.name}"


def test_a_name_that_is_taken_gets_a_suffix(api, colleague, event):
    EventFactory(owner=colleague, slug="course")

    slug = api.post(url(event), {"owner": str(colleague.uuid)}).json()["slug"]

    assert (slug[:7], len(slug)) == ("course-", 15)


def target(who, organizer, colleague, organization, stranger):
    """Return the bodies of the table below."""
    elsewhere = OrganizationFactory()
    MembershipFactory(organization=elsewhere, user=organizer, role="instructor")
    unreachable = MembershipFactory(role="owner").organization
    instructor = MembershipFactory(organization=organization, role="instructor").user
    former = MembershipFactory(organization=organization, role="admin", ended=True).user
    return {
        "stranger": {"owner": stranger.uuid},
        "instructor": {"owner": instructor.uuid},
        "former member": {"owner": former.uuid},
        "unknown person": {"owner": TEMPLATE},
        "oneself, personally": {"owner": organizer.uuid, "organization": None},
        "where one only teaches": {"owner": organizer.uuid, "organization": elsewhere.uuid},
        "another's organization": {"owner": organizer.uuid, "organization": unreachable.uuid},
        "oneself again": {"owner": organizer.uuid},
        "nobody": {},
        "no uuid": {"owner": "me"},
    }[who]


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("stranger", 403),
        ("instructor", 403),
        ("former member", 403),
        ("unknown person", 403),
        ("oneself, personally", 403),
        ("where one only teaches", 403),
        ("another's organization", 400),
        ("oneself again", 400),
        ("nobody", 400),
        ("no uuid", 400),
    ],
)
def test_other_targets_are_refused(
    api, organizer, colleague, organization, stranger, event, who, status
):
    response = api.post(url(event), target(who, organizer, colleague, organization, stranger))

    assert response.status_code == status
    assert stands(event) == (organizer, organization)
    assert not event.status_history.exists()
    assert not OutgoingEmail.objects.filter(kind="event_transferred").exists()


def test_a_personal_event_is_not_given_to_a_person(api, organizer, stranger, personal):
    response = api.post(url(personal), {"owner": str(stranger.uuid)})

    assert (response.status_code, stands(personal)) == (403, (organizer, None))


@pytest.mark.parametrize(
    ("role", "owns", "status"),
    [
        ("admin", False, 200),
        ("organizer", True, 200),
        ("organizer", False, 403),
        ("instructor", False, 403),
        ("staff", False, 403),
    ],
)
def test_organizers_give_away_only_their_own(
    api_for, organization, colleague, event, role, owns, status
):
    person = MembershipFactory(organization=organization, role=role).user
    if owns:
        Event.objects.filter(pk=event.pk).update(owner=person)

    response = api_for(person).post(url(event), {"owner": str(colleague.uuid)})

    assert response.status_code == status


def test_to_strangers_there_is_nothing_to_give(api_for, anonymous, colleague, stranger, event):
    body = {"owner": str(colleague.uuid)}

    answers = [api_for(stranger).post(url(event), body), anonymous.post(url(event), body)]

    assert [answer.status_code for answer in answers] == [404, 401]


def test_a_target_without_subscription_is_refused(api, organizer, colleague, event):
    BillingAccount.objects.get(user=organizer).subscription.delete()

    response = api.post(url(event), {"owner": str(colleague.uuid)})

    assert error_of(response) == (422, "TARGET_NOT_SUBSCRIBED")


@pytest.fixture
def paid(monkeypatch):
    monkeypatch.setattr(questions.has_payments, "_answer", lambda _event: True)


def test_paid_events_stay_with_who_is_paid(api, paid, organizer, organization, personal):
    SubscriptionFactory(account=BillingAccountFactory(user=None, organization=organization))

    response = api.post(
        url(personal), {"owner": str(organizer.uuid), "organization": str(organization.uuid)}
    )

    assert error_of(response) == (409, "TRANSFER_BLOCKED")
    assert stands(personal) == (organizer, None)


def test_paid_events_move_where_the_same_is_paid(api, paid, organization, colleague, event):
    assert api.post(url(event), {"owner": str(colleague.uuid)}).status_code == 200


def test_superusers_give_to_anybody_who_offers_events(api_for, organizer, stranger, event):
    superuser = UserFactory(superuser=True)

    response = api_for(superuser).post(
        url(event), {"owner": str(stranger.uuid), "organization": None}
    )

    assert (response.status_code, stands(event)) == (200, (stranger, None))
    line = event.status_history.get()
    assert line.reason == f"Transferred from Provider Ltd to {stranger.uuid}."


@pytest.mark.parametrize("organization_named", [True, False])
def test_superusers_give_to_nobody_who_could_not_go_on(
    api_for, attendee, organization, event, organization_named
):
    body = {"owner": str(attendee.uuid), "organization": None}
    if organization_named:
        body["organization"] = str(organization.uuid)

    response = api_for(UserFactory(superuser=True)).post(url(event), body)

    assert (response.status_code, [*response.json()["error"]["details"]]) == (400, ["owner"])


def test_a_failure_leaves_the_event(organizer, organization, colleague, event, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(Event, "record", fail)
    with pytest.raises(RuntimeError):
        transfer.hand_over(event, by=organizer, owner=colleague.uuid)

    assert stands(event) == (organizer, organization)
    assert not event.status_history.exists()


def test_who_lost_the_right_meanwhile_gives_nothing(organizer, colleague, stranger, event):
    with pytest.raises(transfer.NotAllowed):
        transfer.hand_over(event, by=stranger, owner=colleague.uuid)


class TestMeetings:
    @pytest.fixture
    def hosted(self, connection, zoom, organizer, organization, colleague):
        """A published event whose meeting stands at Zoom."""
        event = EventFactory(
            organization=organization, owner=organizer, published=True, zoom_enabled=True
        )
        event.sessions.update(meeting_status="pending")
        outbox.after_commit("events.sync_meeting", event.sessions.get().pk)
        self.work()
        pair = zoom.pair_for("host2")
        ZoomConnectionFactory(
            user=colleague, access_token=pair["access_token"], zoom_user_id="host2"
        )
        return event

    def work(self):
        from django.utils import timezone

        while outbox.run_due(timezone.now()):
            continue

    def meeting(self, event):
        session = event.sessions.get()
        host = session.zoom_connection.zoom_user_id if session.zoom_connection else ""
        return session.meeting_status, session.zoom_meeting_id, host

    def test_meetings_stay_with_their_host(self, hosted, zoom, organizer, colleague):
        before = self.meeting(hosted)

        transfer.hand_over(hosted, by=organizer, owner=colleague.uuid)
        self.work()

        assert before[0] == "ready"
        assert self.meeting(hosted) == before

    def test_meetings_are_made_anew_on_request(self, hosted, zoom, organizer, colleague):
        _, old, _ = self.meeting(hosted)

        transfer.hand_over(hosted, by=organizer, owner=colleague.uuid, move_meetings=True)
        self.work()

        status, new, host = self.meeting(hosted)
        assert (status, host) == ("ready", "host2")
        assert old != new
        assert [*zoom.meetings] == [new]

    def test_sessions_that_want_no_meeting_are_left_alone(self, organizer, organization, colleague):
        event = EventFactory(
            organization=organization,
            owner=organizer,
            published=True,
            zoom_enabled=True,
            is_multi_session=True,
            implicit_session=False,
        )
        EventSessionFactory(event=event, status="completed", meeting_status="ready")

        transfer.hand_over(event, by=organizer, owner=colleague.uuid, move_meetings=True)

        assert self.meeting(event) == ("ready", "", "")

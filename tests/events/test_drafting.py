from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from billing.models import BillingAccount, UsageCounter
from common import codes
from common.exceptions import LimitReached, NotAllowed
from events import catalogue, drafting, questions, slugs
from events.models import Event
from tests.factories.accounts import UserFactory, ZoomConnectionFactory
from tests.factories.events import STARTS_AT, EventFactory


def draft(by, **fields):
    return drafting.create(by=by, **{"title": "Wound care", "starts_at": STARTS_AT, **fields})


def test_attendee_drafts_nothing(attendee):
    with pytest.raises(drafting.OrganizerRequired):
        draft(attendee)


def test_organization_of_others_gets_no_events(organization, stranger):
    with pytest.raises(NotAllowed):
        draft(stranger, organization=organization)


def test_zoom_is_on_for_hosts_who_are_connected(organizer):
    before = draft(organizer).zoom_enabled
    ZoomConnectionFactory(user=organizer)

    chosen = [
        draft(organizer).zoom_enabled,
        draft(organizer, format="in_person").zoom_enabled,
        draft(organizer, zoom_enabled=False).zoom_enabled,
    ]

    assert (before, chosen) == (False, [True, False, False])


def test_failure_of_the_last_step_leaves_nothing(organizer, monkeypatch):
    def fail(*_args, **_kwargs):
        raise LookupError("down")

    monkeypatch.setattr(catalogue, "refresh_search_text", fail)

    with pytest.raises(LookupError):
        draft(organizer, tags=["Skin"])

    assert not Event.all_objects.exists()
    assert not UsageCounter.objects.exists()


def test_session_in_the_past_is_refused(organizer):
    sessions = [
        {"title": "a", "starts_at": STARTS_AT, "duration_minutes": 60},
        {"title": "b", "starts_at": STARTS_AT - timedelta(days=3650), "duration_minutes": 60},
    ]

    with pytest.raises(ValidationError) as refused:
        drafting.create(by=organizer, title="Congress", is_multi_session=True, sessions=sessions)

    assert list(refused.value.message_dict) == ["sessions"]


def test_multi_session_event_may_begin_with_a_stand_in(organizer):
    event = draft(organizer, is_multi_session=True)

    assert event.sessions.get().is_implicit
    assert event.follows_sessions is False


def test_template_that_may_not_be_used_is_refused(organizer, monkeypatch):
    def refuse(_uuid, _event):
        raise questions.UnknownReference

    monkeypatch.setattr(questions.check_reference["certificate_template"], "_answer", refuse)

    with pytest.raises(ValidationError) as refused:
        draft(organizer, certificate_template=uuid4())

    assert refused.value.message_dict == {"certificate_template": ["Not found."]}


def test_template_that_may_be_used_is_kept(organizer, monkeypatch):
    check = questions.check_reference["certificate_template"]
    monkeypatch.setattr(check, "_answer", lambda _uuid, _event: None)
    uuid = uuid4()

    assert draft(organizer, certificate_template=uuid).certificate_template == uuid


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Wound Care 2027", "wound-care-2027"),
        ("Überblick für Ärzte", "uberblick-fur-arzte"),
        ("伤口护理", "event"),
        ("x" * 200, "x" * 200),
    ],
)
def test_slug_is_made_of_the_title(organizer, title, slug):
    assert draft(organizer, title=title).slug == slug


def test_taken_slug_gets_a_suffix_also_when_its_event_is_deleted(organizer):
    first = draft(organizer)
    first.soft_delete(by=organizer)

    second = draft(organizer)

    head, suffix = second.slug.rsplit("-", 1)
    assert (head, len(suffix)) == ("wound-care", 8)


def test_owners_do_not_compete_for_slugs(organizer, stranger):
    assert draft(organizer).slug == draft(stranger).slug == "wound-care"


def test_name_taken_at_the_same_moment_is_tried_again(organizer, monkeypatch):
    EventFactory(owner=organizer, slug="wound-care")
    names = iter(["wound-care", "wound-care-2"])
    monkeypatch.setattr(slugs, "free", lambda *_args, **_kwargs: next(names))

    assert draft(organizer).slug == "wound-care-2"


def test_name_that_is_always_taken_gives_up(organizer, monkeypatch):
    EventFactory(owner=organizer, slug="wound-care")
    monkeypatch.setattr(slugs, "free", lambda *_args, **_kwargs: "wound-care")

    with pytest.raises(IntegrityError):
        draft(organizer)


def test_public_code_is_plain_and_short(organizer):
    code = draft(organizer).public_code

    assert len(code) == 8
    assert not set(code) - set(codes.LOWER_ALPHABET)


@pytest.mark.race
@pytest.mark.skipif(connection.vendor != "postgresql", reason="row locks need PostgreSQL")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_last_event_of_the_plan_is_drafted_once(organizer, at_once):
    subscription = BillingAccount.objects.get(user=organizer).subscription
    subscription.limits_override = {"events_per_month": 1}
    subscription.save()

    outcomes = at_once(*(lambda: draft(organizer) for _ in range(6)))

    assert (
        sorted(type(outcome).__name__ for outcome in outcomes if outcome)
        == [LimitReached.__name__] * 5
    )
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_superuser_drafts_without_an_organizer_account(api_for):
    user = UserFactory(superuser=True)

    response = api_for(user).post(
        "/api/v1/events/", {"title": "Wound care", "starts_at": "2027-03-01T09:00:00Z"}
    )

    assert response.json()["error"]["message"] == "Active subscription required."

from datetime import UTC, datetime, timedelta

import pytest

from events.models import Category, Event
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.factories.events import (
    STARTS_AT,
    EventCustomFieldFactory,
    EventFactory,
    EventSessionFactory,
    SpeakerFactory,
    TagFactory,
)

URL = "/api/v1/public/events/"
SECRETS = {
    "online_url",
    "zoom_join_url",
    "zoom_meeting_id",
    "owner",
    "registration_count",
    "meeting_status",
}


def titles(response):
    return [row["title"] for row in response.json()["results"]]


@pytest.fixture
def event(db):
    """A public event with everything a stranger may and may not see."""
    owner = UserFactory(organizer=True, organizer_display_name="Ada's courses")
    event = EventFactory(
        owner=owner,
        published=True,
        title="Wound care",
        slug="wound-care",
        public_code="abcdefgh",
        online_url="https://meet.example/secret",
        capacity=30,
        places_taken=9,
    )
    event.sessions.update(zoom_join_url="https://zoom.example/j/secret", zoom_meeting_id="91")
    return event


def test_listed_event_tells_nothing_secret(anonymous, event):
    row = anonymous.get(URL).json()["results"][0]

    assert not SECRETS & row.keys()
    assert "sessions" not in row
    assert "secret" not in str(row)
    assert event.owner.email not in str(row)
    assert {
        name: row[name]
        for name in ("organizer_name", "organizer_uuid", "registration_state", "can_register")
    } == {
        "organizer_name": "Ada's courses",
        "organizer_uuid": str(event.owner.uuid),
        "registration_state": "open",
        "can_register": True,
    }
    assert row["price_from"] == {"amount": 0, "currency": "USD"}
    assert row["public_url"].endswith("/events/wound-care-abcdefgh")


def test_detail_tells_sessions_and_questions_but_no_link(anonymous, event):
    EventCustomFieldFactory(event=event, label="Ward")

    body = anonymous.get(f"{URL}{event.uuid}/").json()

    assert "secret" not in str(body)
    assert [field["label"] for field in body["custom_fields"]] == ["Ward"]
    assert set(body["sessions"][0]) == {
        "uuid",
        "title",
        "description",
        "session_number",
        "starts_at",
        "ends_at",
        "duration_minutes",
        "timezone",
        "room",
        "speakers",
        "session_type",
        "status",
        "is_required",
        "cpd_credit_value",
    }


@pytest.mark.parametrize(("taken", "shown"), [(9, None), (10, 20), (30, 0), (31, 0)])
def test_few_places_left_are_told(anonymous, event, taken, shown):
    Event.objects.update(places_taken=taken)

    assert anonymous.get(f"{URL}{event.uuid}/").json()["spots_remaining"] == shown


def test_hidden_profile_is_not_named_by_uuid(anonymous, event):
    event.owner.is_organizer_profile_public = False
    event.owner.save()

    assert anonymous.get(URL).json()["results"][0]["organizer_uuid"] is None


def test_organization_is_the_organizer(anonymous, event):
    event.organization = OrganizationFactory(name="Provider Ltd", is_public=True)
    event.save()

    row = anonymous.get(URL).json()["results"][0]

    assert (row["organizer_name"], row["organizer_uuid"]) == (
        "Provider Ltd",
        str(event.organization.uuid),
    )


STATUSES = {
    "draft": (False, False, 404),
    "published": (True, True, 200),
    "live": (False, True, 200),
    "completed": (False, True, 200),
    "closed": (False, True, 200),
    "cancelled": (False, False, 200),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "shown"), STATUSES.items(), ids=STATUSES)
def test_status_decides_where_an_event_shows(anonymous, status, shown):
    event = EventFactory(**({} if status == "draft" else {status: True}))

    assert (
        anonymous.get(URL).json()["count"] == 1,
        anonymous.get(URL, {"when": "all"}).json()["count"] == 1,
        anonymous.get(f"{URL}{event.uuid}/").status_code,
    ) == shown


VISIBILITIES = {
    "public": (1, 200, 200, 200),
    "unlisted": (0, 200, 200, 404),
    "private": (0, 404, 404, 404),
}


@pytest.mark.parametrize(("visibility", "shown"), VISIBILITIES.items(), ids=VISIBILITIES)
def test_visibility_decides_where_an_event_shows(anonymous, event, visibility, shown):
    Event.objects.update(visibility=visibility)

    assert (
        anonymous.get(URL).json()["count"],
        anonymous.get(f"{URL}{event.uuid}/").status_code,
        anonymous.get(f"{URL}by-slug/any-words-abcdefgh/").status_code,
        anonymous.get(f"{URL}by-slug/wound-care/").status_code,
    ) == shown


def test_unknown_hidden_and_deleted_answer_alike(anonymous, event):
    private = EventFactory(published=True, visibility="private")
    deleted = EventFactory(cancelled=True, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    paths = [f"{row.uuid}" for row in (private, deleted)] + [
        "00000000-0000-4000-8000-000000000000",
        "by-slug/nothing",
    ]

    answers = [anonymous.get(f"{URL}{path}/") for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({str(answer.json()) for answer in answers}) == 1


def test_same_slug_of_two_organizers_is_ambiguous(anonymous, event):
    other = EventFactory(published=True, title="Wound care", slug="wound-care")
    url = f"{URL}by-slug/wound-care/"

    several = anonymous.get(url)
    named = anonymous.get(url, {"owner": str(other.owner.uuid)})
    bad = anonymous.get(url, {"owner": "x"})

    assert (several.status_code, several.json()["error"]["code"]) == (409, "AMBIGUOUS_SLUG")
    assert {row["uuid"] for row in several.json()["error"]["details"]["candidates"]} == {
        str(event.uuid),
        str(other.uuid),
    }
    assert (named.status_code, named.json()["uuid"]) == (200, str(other.uuid))
    assert bad.status_code == 400


@pytest.mark.django_db
def test_when_widens_the_list(anonymous):
    EventFactory(published=True, title="Coming")
    EventFactory(live=True, title="Running", starts_at=datetime.now(UTC))
    EventFactory(completed=True, title="Over", starts_at=STARTS_AT - timedelta(days=3650))

    shown = {
        when: titles(anonymous.get(URL, {"when": when}))
        for when in ("upcoming", "live", "past", "all")
    }

    assert shown == {
        "upcoming": ["Coming"],
        "live": ["Running"],
        "past": ["Over"],
        "all": ["Over", "Running", "Coming"],
    }


LISTS = {
    "category": ({"category": "nursing"}, ["Wound care"]),
    "tag": ({"tag": "dressings"}, ["Wound care"]),
    "search": ({"search": "WOUND care"}, ["Wound care"]),
    "bad words": ({"search": "100% _ '"}, []),
    "order by title": ({"ordering": "-title"}, ["Wound care", "Law"]),
    "order by price": ({"ordering": "price"}, ["Wound care", "Law"]),
    "visibility is no filter here": ({"visibility": "private"}, ["Wound care", "Law"]),
    "deleted are not shown": ({"include_deleted": "true"}, ["Wound care", "Law"]),
}


@pytest.mark.parametrize(("query", "expected"), LISTS.values(), ids=LISTS)
def test_catalogue_is_narrowed_and_ordered(anonymous, event, query, expected):
    event.tags.add(TagFactory(slug="dressings"))
    Event.objects.update(category=Category.objects.get(slug="nursing"))
    EventFactory(
        published=True,
        title="Law",
        starts_at=STARTS_AT + timedelta(days=1),
        lowest_price_amount=5,
        highest_price_amount=5,
    )

    assert titles(anonymous.get(URL, query)) == expected


def test_events_of_one_organizer(anonymous, event):
    EventFactory(published=True, title="Another's")

    assert titles(anonymous.get(URL, {"organizer": str(event.owner.uuid)})) == ["Wound care"]
    assert anonymous.get(URL, {"organizer": "x"}).status_code == 400


def test_shared_caches_may_keep_what_strangers_see(anonymous, api_for, attendee, event):
    public = anonymous.get(URL)
    again = anonymous.get(URL, headers={"If-None-Match": public["ETag"]})
    private = api_for(attendee).get(URL)
    detail = anonymous.get(f"{URL}{event.uuid}/")

    assert public["Cache-Control"] == detail["Cache-Control"] == "public, max-age=60"
    assert again.status_code == 304
    assert private["Cache-Control"] == "no-store"


def test_stale_token_counts_as_none(anonymous, event):
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    assert anonymous.get(URL).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_catalogue_costs_the_same_for_any_number(anonymous, django_assert_num_queries, count):
    for _ in range(count):
        event = EventFactory(published=True)
        event.tags.add(TagFactory())
        event.speakers.add(SpeakerFactory())

    with django_assert_num_queries(4):
        response = anonymous.get(URL)

    assert response.json()["count"] == count


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_public_detail_costs_the_same(anonymous, django_assert_num_queries, count):
    event = EventFactory(published=True, is_multi_session=True, implicit_session=False)
    for _ in range(count):
        EventSessionFactory(event=event).speakers.add(SpeakerFactory())

    with django_assert_num_queries(6):
        response = anonymous.get(f"{URL}{event.uuid}/")

    assert len(response.json()["sessions"]) == count


@pytest.mark.django_db
def test_categories_count_what_is_coming_up(anonymous, django_assert_num_queries):
    nursing = Category.objects.get(slug="nursing")
    EventFactory(published=True, category=nursing)
    EventFactory(category=nursing)

    with django_assert_num_queries(2):
        listed = anonymous.get("/api/v1/events/categories/")

    rows = {row["slug"]: row["event_count"] for row in listed.json()["results"]}
    assert len(rows) == 12
    assert (rows["nursing"], rows["medicine"]) == (1, 0)
    assert anonymous.get("/api/v1/events/categories/nursing/").json()["event_count"] == 1
    assert anonymous.get("/api/v1/events/categories/astrology/").status_code == 404


@pytest.mark.django_db
def test_tags_are_listed_by_use(anonymous):
    rare, common = TagFactory(name="Rare"), TagFactory(name="Common")
    event = EventFactory(published=True)
    event.tags.add(common)

    rows = anonymous.get("/api/v1/events/tags/").json()["results"]

    assert [(row["slug"], row["event_count"]) for row in rows] == [
        (common.slug, 1),
        (rare.slug, 0),
    ]
    assert titles_of_tags(anonymous, "rar") == ["Rare"]


def titles_of_tags(client, search):
    rows = client.get("/api/v1/events/tags/", {"search": search}).json()["results"]
    return [row["name"] for row in rows]


@pytest.mark.parametrize(
    "query", ["page=0", "page=999999", "page=x", "when=never", "page_size=0", "starts_after=x"]
)
def test_bad_query_is_refused(anonymous, db, query):
    assert anonymous.get(f"{URL}?{query}").status_code in {400, 404}

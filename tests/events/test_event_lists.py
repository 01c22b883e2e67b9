from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from events.models import Category
from tests.factories.accounts import PASSWORD, MembershipFactory
from tests.factories.common import StoredFileFactory
from tests.factories.events import (
    STARTS_AT,
    EventCustomFieldFactory,
    EventFactory,
    EventSessionFactory,
    SpeakerFactory,
)

URL = "/api/v1/events/"
DRAFT = {"title": "Wound care basics", "starts_at": "2027-03-01T09:00:00Z"}


def url(event, *parts):
    return "/".join([f"{URL}{event.uuid}", *parts]) + "/"


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_for_any_number(
    api, organizer, organization, django_assert_num_queries, count
):
    for _ in range(count):
        EventFactory(
            owner=organizer,
            organization=organization,
            capacity=5,
            published=True,
            cover_image=StoredFileFactory(content_type="image/png", purpose="image"),
        )
    api.get(URL)

    with django_assert_num_queries(3):
        response = api.get(URL)

    assert response.json()["count"] == count


@pytest.mark.parametrize("count", [1, 3])
def test_detail_costs_the_same_for_any_number(api, organizer, django_assert_num_queries, count):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    for _ in range(count):
        EventCustomFieldFactory(event=event)
        speaker = SpeakerFactory(owner=organizer)
        event.speakers.add(speaker)
        EventSessionFactory(event=event).speakers.add(speaker)

    with django_assert_num_queries(7):
        response = api.get(url(event))

    assert len(response.json()["sessions"]) == count


LISTS = {
    "status": ({"status": "published,live"}, ["Published"]),
    "type": ({"event_type": "course"}, ["Draft"]),
    "format": ({"format": "in_person"}, ["Draft"]),
    "not online": ({"is_online": "false"}, ["Draft"]),
    "visibility": ({"visibility": "unlisted"}, ["Draft"]),
    "starts after": ({"starts_after": "2027-03-02T00:00:00Z"}, ["Draft"]),
    "starts before": ({"starts_before": "2027-03-01T09:00:00Z"}, ["Published"]),
    "credits": ({"cpd_type": "cme"}, ["Published"]),
    "with places": ({"has_capacity": "true"}, ["Draft"]),
    "without places": ({"has_capacity": "false"}, ["Published"]),
    "for money": ({"is_free": "false"}, ["Published"]),
    "personal": ({"organization": "none"}, ["Draft", "Published"]),
    "of an organization": ({"organization": str(uuid4())}, []),
    "category": ({"category": "nursing"}, ["Draft"]),
    "search": ({"search": "skin dressing"}, ["Draft"]),
    "search in vain": ({"search": "skin surgery"}, []),
    "ordering": ({"ordering": "title"}, ["Draft", "Published"]),
    "unknown ordering": ({"ordering": "password"}, ["Draft", "Published"]),
}


@pytest.mark.parametrize(("query", "titles"), LISTS.values(), ids=LISTS)
def test_list_is_narrowed_and_ordered(api, organizer, query, titles):
    EventFactory(
        owner=organizer,
        title="Draft",
        event_type="course",
        format="in_person",
        visibility="unlisted",
        starts_at=STARTS_AT + timedelta(days=2),
        category=Category.objects.get(slug="nursing"),
        search_text="Skin and dressings",
    )
    EventFactory(
        owner=organizer,
        published=True,
        title="Published",
        cpd_credit_type="CME",
        capacity=1,
        places_taken=1,
        highest_price_amount=100,
    )

    assert [row["title"] for row in api.get(URL, query).json()["results"]] == titles


BAD_QUERIES = (
    "status=open",
    "starts_after=x",
    "has_capacity=perhaps",
    "organization=x",
    "page_size=0",
    "search=" + "x" * 101,
)


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_bad_filter_is_refused_by_name(api, query):
    response = api.get(f"{URL}?{query}")

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [query.split("=")[0]]


def test_formula_in_a_title_is_no_formula_in_the_export(api, organizer):
    EventFactory(owner=organizer, title='=HYPERLINK("x")')
    EventFactory(title="Not mine")

    response = api.get(f"{URL}export/")
    lines = b"".join(response.streaming_content).decode().splitlines()

    assert lines[0] == "Title,Starts at,Status,Registration count,Attendance count"
    assert lines[1].startswith('"\'=HYPERLINK(""x"")"')
    assert len(lines) == 2
    assert api.get(f"{URL}export/", {"export_format": "pdf"}).status_code == 400


def test_instructor_exports_nothing(api_for, organization):
    person = MembershipFactory(organization=organization, role="instructor").user
    EventFactory(organization=organization)

    assert api_for(person).get(f"{URL}export/").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_expanded_sessions_cost_the_same_and_hold_no_link(
    api, organizer, django_assert_num_queries, count
):
    for _ in range(count):
        event = EventFactory(owner=organizer)
        event.sessions.update(zoom_join_url="https://zoom.example/j/secret")
        EventCustomFieldFactory(event=event)

    with django_assert_num_queries(6):
        response = api.get(URL, {"expand": "sessions,custom_fields"})

    assert len(response.json()["results"][0]["sessions"]) == 1
    assert "secret" not in response.content.decode()


def test_pages_for_people_open_too(client, organizer):
    event = EventFactory(owner=organizer)
    client.login(email=organizer.email, password=PASSWORD)

    pages = [
        client.get(path, headers={"Accept": "text/html"})
        for path in (URL, f"{URL}{event.uuid}/", "/api/v1/public/events/")
    ]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert all(page["Content-Type"].startswith("text/html") for page in pages)


def exported(api, **query):
    response = api.get(f"{URL}export/", query)
    return response.status_code, b"".join(response.streaming_content)


def test_export_has_the_columns_asked_for_in_their_order(api, organizer, organization):
    event = EventFactory(
        owner=organizer,
        organization=organization,
        title="Wound care",
        cpd_credit_type="CME",
        cpd_credit_value="1.50",
        capacity=40,
    )

    status, body = exported(
        api, columns="uuid,title,organization,capacity,cpd_credit_type,cpd_credit_value"
    )

    assert (status, body.decode().splitlines()) == (
        200,
        [
            "Uuid,Title,Organization,Capacity,CPD credit type,CPD credit value",
            f"{event.uuid},Wound care,Provider Ltd,40,CME,1.50",
        ],
    )


def test_export_of_unknown_columns_and_formats_is_refused(api):
    answers = [
        api.get(f"{URL}export/", query)
        for query in ({"columns": "title,secret"}, {"export_format": "pdf"})
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [[*answer.json()["error"]["details"]] for answer in answers] == [
        ["columns"],
        ["export_format"],
    ]


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_cells_that_a_spreadsheet_would_run_are_text(api, organizer, title):
    EventFactory(owner=organizer, title=title)

    _, csv = exported(api, columns="title")
    _, book = exported(api, columns="title", export_format="xlsx")

    cell = load_workbook(BytesIO(book)).active["A2"]
    assert csv.decode().split("\n", 1)[1].lstrip('"').startswith("'")
    assert cell.data_type == "s"
    assert cell.value.strip() == title.strip()


def test_export_follows_filters_and_scope(api, organizer):
    EventFactory(owner=organizer, title="Draft")
    EventFactory(owner=organizer, title="Offered", published=True)
    EventFactory(title="Not mine", published=True)

    _, body = exported(api, columns="title", status="published")

    assert body.decode().splitlines() == ["Title", "Offered"]


@pytest.mark.parametrize("count", [1, 3])
def test_export_costs_the_same_for_any_number(api, organizer, django_assert_num_queries, count):
    EventFactory.create_batch(count, owner=organizer)

    with django_assert_num_queries(4):
        _, body = exported(api)

    assert len(body.decode().splitlines()) == count + 1


def test_deleted_events_are_shown_to_those_who_manage_them(
    api, api_for, organization, organizer, colleague, stranger
):
    gone = EventFactory(organization=organization, owner=organizer, deleted_at=STARTS_AT)
    instructor = MembershipFactory(organization=organization, role="instructor").user
    people = (organizer, colleague, instructor, stranger)

    listed = [
        [
            row["uuid"]
            for row in api_for(user).get(URL, {"include_deleted": "true"}).json()["results"]
        ]
        for user in people
    ]
    details = [
        api_for(user).get(url(gone), {"include_deleted": "true"}).status_code for user in people
    ]

    assert listed == [[str(gone.uuid)], [str(gone.uuid)], [], []]
    assert details == [200, 200, 404, 404]


@pytest.mark.parametrize(
    ("role", "owns", "deleted", "restored"),
    [
        ("admin", False, 204, 200),
        ("organizer", True, 204, 200),
        ("organizer", False, 403, 404),
        ("instructor", False, 403, 404),
        ("staff", False, 403, 404),
    ],
)
def test_organizers_delete_and_restore_only_their_own(
    api_for, organization, organizer, role, owns, deleted, restored
):
    person = MembershipFactory(organization=organization, role=role).user
    owner = person if owns else organizer
    here = EventFactory(organization=organization, owner=owner)
    gone = EventFactory(organization=organization, owner=owner, deleted_at=STARTS_AT)
    client = api_for(person)

    answers = client.delete(url(here)), client.post(url(gone, "restore"))

    assert [answer.status_code for answer in answers] == [deleted, restored]

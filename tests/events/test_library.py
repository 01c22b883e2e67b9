"""Speakers, categories and images."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from common import files, outbox
from events.models import Category, Event, Speaker
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import (
    CategoryFactory,
    EventFactory,
    EventSessionFactory,
    SpeakerFactory,
)

SPEAKERS = "/api/v1/speakers/"
CATEGORIES = "/api/v1/events/categories/"


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def picture(name="photo.jpg", form="JPEG", size=(40, 30), **options):
    buffer = io.BytesIO()
    Image.new("RGB", size, "navy").save(buffer, form, **options)
    return SimpleUploadedFile(name, buffer.getvalue(), content_type=f"image/{form.lower()}")


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


# Speakers


def test_speaker_joins_the_library(api, organizer):
    body = {
        "name": "Dr. Sue",
        "title": "Nurse",
        "bio": "Twenty years of wounds.",
        "email": "Sue@Example.org",
        "linkedin_url": "https://www.linkedin.com/in/sue",
    }

    response = api.post(SPEAKERS, body)

    sent = response.json()
    assert response.status_code == 201
    assert {name: sent[name] for name in body} == {**body, "email": "sue@example.org"}
    assert (sent["photo_url"], sent["is_linked"], sent["is_active"]) == (None, False, True)
    assert Speaker.objects.get().owner == organizer


def test_photo_is_made_anew(api):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"

    response = api.post(SPEAKERS, {"name": "Sue", "photo": picture(exif=exif)}, format="multipart")

    assert response.status_code == 201
    assert response.json()["photo_url"].startswith("http")
    stored = files.read(Speaker.objects.get().photo)
    assert b"taken at home" not in stored
    assert Image.open(io.BytesIO(stored)).size == (40, 30)
    speaker = Speaker.objects.get()
    assert api.patch(f"{SPEAKERS}{speaker.uuid}/", {"photo": None}).json()["photo_url"] is None


def test_what_is_no_photo_is_refused(api):
    fake = SimpleUploadedFile("photo.png", b"<svg></svg>", content_type="image/png")

    response = api.post(SPEAKERS, {"name": "Sue", "photo": fake}, format="multipart")

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == ["photo"]
    assert not Speaker.objects.exists()


def test_a_proven_address_is_recognised_and_grants_nothing(api, api_for):
    doctor = UserFactory(email="sue@example.org", organizer=True)
    UserFactory(email="new@example.org", email_verified=False, email_verified_at=None)
    linked = api.post(SPEAKERS, {"name": "Sue", "email": "sue@example.org"}).json()
    unproven = api.post(SPEAKERS, {"name": "Neu", "email": "new@example.org"}).json()

    assert (linked["is_linked"], unproven["is_linked"]) == (True, False)
    assert api_for(doctor).get(SPEAKERS).json()["count"] == 0
    moved = api.patch(f"{SPEAKERS}{linked['uuid']}/", {"email": ""}).json()
    assert moved["is_linked"] is False


def test_renaming_renames_in_searches(api, organizer):
    event = EventFactory(owner=organizer)
    speaker = SpeakerFactory(owner=organizer, name="Sue Old")
    event.speakers.add(speaker)

    assert api.patch(f"{SPEAKERS}{speaker.uuid}/", {"name": "Sue New"}).status_code == 200

    outbox.run_due(timezone.now())
    event.refresh_from_db()
    assert "Sue New" in event.search_text


@pytest.mark.parametrize("place", ["event", "session", "deleted event", None])
def test_only_unused_speakers_are_removed(api, organizer, place):
    speaker = SpeakerFactory(owner=organizer)
    if place == "session":
        EventSessionFactory(event__owner=organizer).speakers.add(speaker)
    elif place:
        event = EventFactory(owner=organizer)
        event.speakers.add(speaker)
        if place == "deleted event":
            event.soft_delete(by=organizer)

    response = api.delete(f"{SPEAKERS}{speaker.uuid}/")

    if place:
        assert error_of(response) == (409, "SPEAKER_IN_USE")
        assert api.patch(f"{SPEAKERS}{speaker.uuid}/", {"is_active": False}).status_code == 200
    else:
        assert response.status_code == 204


@pytest.mark.parametrize(
    ("role", "seen", "made", "changed"),
    [
        ("organizer", 200, 201, 200),
        ("instructor", 200, 403, 403),
        ("staff", 200, 403, 403),
        (None, 404, 400, 404),
    ],
)
def test_library_of_an_organization(
    organizer, organization, stranger, api_for, role, seen, made, changed
):
    speaker = SpeakerFactory(owner=organizer, organization=organization)
    person = stranger
    if role:
        person = UserFactory()
        MembershipFactory(organization=organization, user=person, role=role)
    api = api_for(person)
    address = f"{SPEAKERS}{speaker.uuid}/"

    assert api.get(address).status_code == seen
    body = {"name": "New", "organization": str(organization.uuid)}
    assert api.post(SPEAKERS, body).status_code == made
    assert api.patch(address, {"name": "Other"}).status_code == changed
    assert api.delete(address).status_code == (204 if changed == 200 else changed)


def test_attendees_have_no_library(api_for, attendee):
    assert error_of(api_for(attendee).get(SPEAKERS)) == (403, "PERMISSION_DENIED")
    assert error_of(api_for(attendee).post(SPEAKERS, {"name": "X"})) == (403, "PERMISSION_DENIED")


def test_library_is_searched_and_filtered(api, organizer, organization):
    SpeakerFactory(owner=organizer, name="Ann", is_active=False)
    SpeakerFactory(owner=organizer, name="Bob", email="bob@example.org")
    SpeakerFactory(owner=organizer, name="Cy", organization=organization)

    def names(**query):
        return [row["name"] for row in api.get(SPEAKERS, query).json()["results"]]

    assert names() == ["Ann", "Bob", "Cy"]
    assert names(search="bob@") == ["Bob"]
    assert names(is_active="true") == ["Bob", "Cy"]
    assert names(organization="none") == ["Ann", "Bob"]
    assert names(organization=str(organization.uuid)) == ["Cy"]


@pytest.mark.parametrize("count", [1, 3])
def test_library_costs_the_same_for_any_number(api, organizer, count, django_assert_num_queries):
    SpeakerFactory.create_batch(count, owner=organizer)

    with django_assert_num_queries(3):
        assert api.get(SPEAKERS).json()["count"] == count


# Categories


def test_staff_keep_the_categories(api_for, staff_member, anonymous):
    api = api_for(staff_member)

    made = api.post(CATEGORIES, {"name": "Wound Care", "order": 3})

    assert made.status_code == 201
    body = {name: made.json()[name] for name in ("name", "slug", "description", "event_count")}
    assert body == {"name": "Wound Care", "slug": "wound-care", "description": "", "event_count": 0}
    address = f"{CATEGORIES}wound-care/"
    assert api.patch(address, {"is_active": False}).status_code == 200
    assert anonymous.get(address).status_code == 404
    assert api.delete(address).status_code == 204


def test_category_in_use_stays(api_for, staff_member, organizer):
    category = CategoryFactory(slug="used")
    event = EventFactory(owner=organizer, category=category)
    event.soft_delete(by=organizer)

    response = api_for(staff_member).delete(f"{CATEGORIES}used/")

    assert error_of(response) == (409, "CATEGORY_IN_USE")
    assert Category.objects.filter(slug="used").exists()


def test_renamed_category_is_found_by_its_new_name(api_for, staff_member, organizer):
    event = EventFactory(owner=organizer, category=CategoryFactory(slug="old", name="Old words"))

    api_for(staff_member).patch(f"{CATEGORIES}old/", {"name": "New words"})

    outbox.run_due(timezone.now())
    event.refresh_from_db()
    assert "New words" in event.search_text
    assert event.category.slug == "old"


@pytest.mark.parametrize(("who", "status"), [("organizer", 403), ("attendee", 403), (None, 401)])
def test_nobody_else_writes_categories(request, db, api_for, anonymous, who, status):
    CategoryFactory(slug="there")
    api = api_for(request.getfixturevalue(who)) if who else anonymous

    assert api.post(CATEGORIES, {"name": "Mine"}).status_code == status
    assert api.patch(f"{CATEGORIES}there/", {"name": "Mine"}).status_code == status
    assert api.delete(f"{CATEGORIES}there/").status_code == status
    assert api.get(f"{CATEGORIES}there/").status_code == 200


def test_a_name_is_taken_once(api_for, staff_member):
    CategoryFactory(name="Burns", slug="burns")

    response = api_for(staff_member).post(CATEGORIES, {"name": "Burns"})

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == ["name"]


# Images


def image_url(event):
    return f"/api/v1/events/{event.uuid}/upload-image/"


@pytest.mark.parametrize(
    ("name", "form"), [("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.gif", "GIF"), ("a.webp", "WEBP")]
)
def test_event_shows_its_image(api, organizer, anonymous, name, form):
    event = EventFactory(owner=organizer, published=True)

    response = api.post(image_url(event), {"image": picture(name, form)}, format="multipart")

    assert response.status_code == 200
    assert response.json()["cover_image_url"].startswith("http")
    shown = anonymous.get(f"/api/v1/public/events/{event.uuid}/").json()
    assert shown["cover_image_url"].startswith("http")
    assert api.delete(image_url(event)).json()["cover_image_url"] is None


@pytest.mark.parametrize(
    ("upload", "answer"),
    [
        (None, (400, "NO_FILE")),
        (
            SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\nbroken", "image/png"),
            (400, "INVALID_TYPE"),
        ),
        (SimpleUploadedFile("a.svg", b"<svg/>", "image/svg+xml"), (400, "INVALID_TYPE")),
        (SimpleUploadedFile("a.png", b"GIF89a", "image/png"), (400, "INVALID_TYPE")),
        (picture("a.png", "PNG", size=(8001, 10)), (400, "INVALID_TYPE")),
        (
            SimpleUploadedFile("a.png", b"x" * (5 * 1024 * 1024 + 1), "image/png"),
            (413, "FILE_TOO_LARGE"),
        ),
    ],
    ids=["none", "broken", "svg", "mislabelled", "wide", "large"],
)
def test_what_is_no_image_is_refused(api, organizer, upload, answer):
    event = EventFactory(owner=organizer)
    body = {"image": upload} if upload else {}

    response = api.post(image_url(event), body, format="multipart")

    assert error_of(response) == answer
    assert Event.objects.get().cover_image is None


@pytest.mark.parametrize(("role", "status"), [("organizer", 200), ("staff", 403), (None, 404)])
def test_who_may_show_an_image(organizer, organization, stranger, api_for, role, status):
    event = EventFactory(owner=organizer, organization=organization)
    person = stranger
    if role:
        person = UserFactory()
        MembershipFactory(organization=organization, user=person, role=role)

    response = api_for(person).post(image_url(event), {"image": picture()}, format="multipart")

    assert response.status_code == status

from datetime import timedelta

import pytest
from django.utils import timezone

from certificates import issuing, tasks
from certificates.models import Certificate
from registrations import guest_links
from tests.factories.certificates import CertificateFactory, attended
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/users/me/certificates/"


@pytest.fixture
def registration(event, attendee):
    """The attendee was there."""
    return attended(event=event, user=attendee, email=attendee.email, full_name=attendee.full_name)


@pytest.fixture
def certificate(event, registration, organizer):
    issuing.issue_for_event(event, by=organizer)
    return Certificate.objects.get()


@pytest.fixture
def api(api_for, attendee):
    """The holder's client."""
    return api_for(attendee)


def test_holders_see_their_own_certificates(api, certificate):
    CertificateFactory()

    (row,) = api.get(URL).json()["results"]

    assert row == api.get(f"{URL}{certificate.uuid}/").json()
    assert row["uuid"] == str(certificate.uuid)
    assert row["is_downloaded"] is False
    assert row["linkedin_url"].startswith("https://www.linkedin.com/profile/add?")
    assert not {"certificate_data", "attendee_email", "revocation_reason"} & set(row)


@pytest.mark.parametrize("count", [1, 3])
def test_my_certificate_list_query_count(api, attendee, count, django_assert_num_queries):
    for _ in range(count):
        CertificateFactory(registration=attended(user=attendee))

    with django_assert_num_queries(3):
        response = api.get(URL)

    assert response.json()["count"] == count


def test_somebody_elses_certificate_is_not_found(api):
    other = CertificateFactory()

    answers = [
        api.get(f"{URL}{other.uuid}/"),
        api.get(f"{URL}{other.uuid}/download/"),
        api.patch(f"{URL}{other.uuid}/", {"allow_public_verification": False}, format="json"),
        api.post(f"{URL}{other.uuid}/mark-downloaded/"),
    ]

    assert {answer.status_code for answer in answers} == {404}


def test_a_holder_hides_and_shows_the_certificate(api, certificate, anonymous):
    check = f"/api/v1/public/certificates/verify/{certificate.short_code}/"

    hidden = api.patch(
        f"{URL}{certificate.uuid}/",
        {"allow_public_verification": False, "attendee_name": "Forged", "status": "revoked"},
        format="json",
    )

    assert hidden.status_code == 200
    assert (hidden.json()["allow_public_verification"], hidden.json()["linkedin_url"]) == (
        False,
        None,
    )
    assert (hidden.json()["attendee_name"], hidden.json()["status"]) == ("Ada Attendee", "active")
    assert anonymous.get(check).status_code == 404

    api.patch(f"{URL}{certificate.uuid}/", {"allow_public_verification": True}, format="json")
    assert anonymous.get(check).status_code == 200


def test_visibility_is_true_or_false(api, certificate):
    response = api.patch(
        f"{URL}{certificate.uuid}/", {"allow_public_verification": "perhaps"}, format="json"
    )

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["allow_public_verification"]


def test_the_file_is_handed_out_by_link_or_redirect(api, certificate, anonymous):
    early = api.get(f"{URL}{certificate.uuid}/download/")
    tasks.build_artifacts(certificate.pk)

    link = api.get(f"{URL}{certificate.uuid}/download/").json()
    redirect = api.get(f"{URL}{certificate.uuid}/download/?redirect=true")

    certificate.refresh_from_db()
    assert (early.status_code, early.json()["error"]["code"]) == (409, "NO_PDF")
    assert set(link) == {
        "download_url",
        "expires_at",
        "filename",
        "content_type",
        "size",
        "sha256",
    }
    assert link["sha256"] == certificate.pdf_sha256
    assert redirect.status_code == 302
    assert certificate.download_count == 2
    path = redirect.headers["Location"].removeprefix("http://localhost:8000")
    content = b"".join(anonymous.get(path).streaming_content)
    assert content.startswith(b"%PDF-")
    assert len(content) == link["size"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"revoked": True}, "CERTIFICATE_REVOKED"),
        ({"status": "superseded"}, "CERTIFICATE_SUPERSEDED"),
    ],
)
def test_what_is_not_in_force_is_not_handed_out(api, registration, state, code):
    certificate = CertificateFactory(registration=registration, ready=True, **state)
    CertificateFactory(registration=registration, supersedes=certificate)

    response = api.get(f"{URL}{certificate.uuid}/download/")

    assert (response.status_code, response.json()["error"]["code"]) == (409, code)


def test_marking_as_downloaded_counts_no_download(api, certificate):
    first = api.post(f"{URL}{certificate.uuid}/mark-downloaded/").json()["downloaded_at"]
    second = api.post(f"{URL}{certificate.uuid}/mark-downloaded/").json()

    assert (second["is_downloaded"], second["downloaded_at"]) == (True, first)
    assert Certificate.objects.get().download_count == 0


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("is_downloaded=true", 0),
        ("is_downloaded=false", 1),
        ("expires_before=2100-01-01", 0),
        ("event=00000000-0000-4000-8000-000000000000", 0),
        ("search=Advances", 1),
    ],
)
def test_my_list_is_narrowed(api, certificate, query, count):
    assert api.get(f"{URL}?{query}").json()["count"] == count


def test_my_list_is_narrowed_to_an_event(api, certificate, event, attendee):
    CertificateFactory(registration=attended(user=attendee))

    assert api.get(f"{URL}?event={event.uuid}").json()["count"] == 1


def test_a_guest_reads_the_certificate_by_the_registrations_link(event, organizer, anonymous):
    registration = attended(event=event)
    url = f"/api/v1/public/registrations/{guest_links.token_for(registration)}/certificate/"
    missing = anonymous.get(url)
    issuing.issue_for_event(event, by=organizer)
    pending = anonymous.get(url)
    certificate = Certificate.objects.get()
    tasks.build_artifacts(certificate.pk)

    ready = anonymous.get(url)

    assert missing.status_code == 404
    assert (pending.status_code, pending.json()["download_url"]) == (200, None)
    assert ready.json()["uuid"] == str(certificate.uuid)
    assert ready.json()["download_url"].startswith("http://localhost:8000/files/")


def test_an_old_guest_link_has_expired(anonymous):
    starts_at = timezone.now() - timedelta(days=100)
    registration = attended(event=EventFactory(completed=True, starts_at=starts_at))
    CertificateFactory(registration=registration)
    url = f"/api/v1/public/registrations/{guest_links.token_for(registration)}/certificate/"

    assert anonymous.get(url).json()["error"]["code"] == "LINK_EXPIRED"
    assert anonymous.get(url.replace("certificate/", "certificatx/")).status_code == 404

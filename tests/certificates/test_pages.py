import re
from io import BytesIO

import pytest
from django.contrib.staticfiles import finders

from certificates import issuing, links, tasks
from certificates.models import Certificate
from common import files
from common.models import StoredFile
from tests.factories.certificates import CertificateFactory, attended

pytestmark = pytest.mark.django_db

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture
def certificate(event, registration, organizer):
    issuing.issue_for_event(event, by=organizer)
    tasks.build_artifacts(Certificate.objects.get().pk)
    return Certificate.objects.with_relations().get()


def heading(response):
    (found,) = re.findall(r"<h1>(.*?)</h1>", response.content.decode())
    return found


def test_the_page_says_in_words_that_a_certificate_is_valid(client, certificate):
    response = client.get(f"/verify/{certificate.verification_code}/")

    page = response.content.decode()
    assert response.status_code == 200
    assert heading(response) == "This certificate is valid"
    for fact in (
        "Ada Lovelace",
        "Advances in Anaesthesia",
        "1 March 2027",
        "Olga Organizer",
        certificate.certificate_number,
        certificate.content_sha256,
        certificate.pdf_sha256,
    ):
        assert fact in page


def test_pages_carry_their_own_headers_and_no_cookie(client, certificate):
    for path in ("/verify/", f"/verify/{certificate.short_code}/", "/verify/unknown/"):
        response = client.get(path)

        assert response.headers["Content-Security-Policy"] == CSP
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["Cache-Control"] == "no-store"
        assert not response.cookies
        assert b"<script" not in response.content
        assert b'lang="en"' in response.content


def test_the_page_of_a_revoked_certificate_names_the_day(client, certificate, organizer):
    issuing.revoke(certificate, by=organizer, reason="Attendance was forged.")

    response = client.get(f"/verify/{certificate.short_code}/")

    assert re.fullmatch(r"This certificate was revoked on \d{1,2} \w+ \d{4}", heading(response))
    assert b"forged" not in response.content
    assert b"Ada Lovelace" in response.content


def test_the_page_of_a_superseded_certificate_leads_on(client, event):
    old = CertificateFactory(registration=attended(event=event), status="superseded")
    new = CertificateFactory(registration=old.registration, supersedes=old)

    response = client.get(f"/verify/{old.short_code}/")

    assert heading(response) == "This certificate was replaced by a corrected one"
    assert f'href="{new.verification_url}"' in response.content.decode()
    assert old.holder_name not in response.content.decode()


def test_the_page_of_an_expired_certificate_names_the_day(client):
    certificate = CertificateFactory(expires_on="2020-01-31")

    assert heading(client.get(f"/verify/{certificate.short_code}/")) == (
        "This certificate expired on 31 January 2020"
    )


@pytest.mark.parametrize("code", ["unknown", "ABCDEFGH", "%3Cscript%3E", "a%00b", "x" * 5000])
def test_an_unknown_code_is_a_page_too(client, code):
    response = client.get(f"/verify/{code}/")

    assert (response.status_code, heading(response)) == (404, "No certificate found")
    assert b'name="code"' in response.content


def test_a_private_certificate_looks_like_an_unknown_one(client, certificate):
    Certificate.objects.update(allow_public_verification=False)

    private = client.get(f"/verify/{certificate.short_code}/")
    unknown = client.get("/verify/ABCDEFGH/")

    assert private.content == unknown.content


def test_programs_get_json_by_accept(client, certificate):
    found = client.get(f"/verify/{certificate.short_code}/", headers={"accept": "application/json"})
    missing = client.get("/verify/ABCDEFGH/", headers={"accept": "application/json"})

    assert found.json()["certificate_id"] == certificate.short_code
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("abcd-efgh", "/verify/abcd-efgh/"),
        (" ABCD EFGH ", "/verify/ABCDEFGH/"),
        ("//evil.example/", "/verify/evilexample/"),
        ("\r\nSet-Cookie: a", "/verify/Set-Cookiea/"),
        ("///", "/verify/-/"),
        ("x" * 500, f"/verify/{'x' * 40}/"),
    ],
)
def test_the_form_leads_to_the_page_of_the_code(client, typed, address):
    response = client.get("/verify/", {"code": typed})

    assert (response.status_code, response.headers["Location"]) == (302, address)


def test_the_form_asks_for_a_code_or_a_file(client):
    response = client.get("/verify/")

    assert heading(response) == "Check a certificate"
    assert b'name="file"' in response.content


def test_a_file_is_checked_without_token_or_cookie(client, certificate):
    content = files.read(StoredFile.objects.get(key=certificate.pdf_key))
    file, changed = BytesIO(content), BytesIO(content[:-1] + b"x")

    same = client.post("/verify/", {"file": file})
    other = client.post("/verify/", {"file": changed})
    nothing = client.post("/verify/", {"file": ""})

    assert (same.status_code, heading(same)) == (200, "This certificate is valid")
    assert b"byte for byte" in same.content
    assert (other.status_code, heading(other)) == (404, "No certificate found")
    assert (nothing.status_code, heading(nothing)) == (400, "This cannot be answered")


def test_a_file_check_answers_json_too(client, certificate):
    content = BytesIO(files.read(StoredFile.objects.get(key=certificate.pdf_key)))

    response = client.post("/verify/", {"file": content}, headers={"accept": "application/json"})

    assert response.json()["file_matches"] is True


def test_too_many_misses_are_a_page(client):
    for _ in range(31):
        response = client.get("/verify/ABCDEFGH/")

    assert (response.status_code, heading(response)) == (429, "Too many attempts")
    assert int(response.headers["Retry-After"]) > 0


def test_the_link_in_a_mail_opens_the_file(client, certificate):
    path = links.open_link(certificate).removeprefix("http://localhost:8000")

    response = client.get(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("http://localhost:8000/files/")
    certificate.refresh_from_db()
    assert certificate.download_count == 1


def test_the_link_of_a_revoked_certificate_is_a_gone_page(client, certificate, organizer):
    path = links.open_link(certificate).removeprefix("http://localhost:8000")
    issuing.revoke(certificate, by=organizer, reason="Mistake.")

    response = client.get(path)

    assert (response.status_code, heading(response)) == (410, "This link is no longer valid")


def test_a_forged_link_is_not_found(client):
    assert client.get("/certificates/open/forged/").status_code == 404


def test_a_link_before_the_file_is_ready_asks_to_wait(client, event, registration, organizer):
    issuing.issue_for_event(event, by=organizer)
    certificate = Certificate.objects.with_relations().get()
    path = links.open_link(certificate).removeprefix("http://localhost:8000")

    response = client.get(path)

    assert (response.status_code, response.headers["Retry-After"]) == (409, "5")
    assert b"not ready yet" in response.content


def test_asking_for_the_headers_alone_counts_no_view(client, certificate):
    assert client.head(f"/verify/{certificate.short_code}/").status_code == 200

    certificate.refresh_from_db()
    assert certificate.view_count == 0


def test_other_methods_and_types_are_refused(client):
    assert client.put("/verify/").status_code == 405
    assert client.delete("/verify/ABCDEFGH/").status_code == 405
    assert client.post("/verify/", b"x", content_type="text/plain").status_code == 415
    assert client.get("/verify/", headers={"accept": "image/png"}).status_code == 406


def test_every_asset_of_the_pages_is_shipped():
    assert finders.find("certificates/verify.css")
    assert finders.find("certificates/seal.svg")

from io import BytesIO

import pytest
from redis.exceptions import RedisError

from certificates import issuing, tasks, verification
from certificates.models import Certificate
from common import files
from common.models import StoredFile
from tests.factories.certificates import CertificateFactory, attended, award

pytestmark = pytest.mark.django_db

URL = "/api/v1/public/certificates/verify/"
NOTHING = "ZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture(autouse=True)
def _unthrottled(settings):
    settings.THROTTLING_ENABLED = False


@pytest.fixture
def certificate(event, registration, organizer):
    award(registration, value="2.75", credit_type="CME")
    issuing.issue_for_event(event, by=organizer)
    tasks.build_artifacts(Certificate.objects.get().pk)
    return Certificate.objects.with_relations().get()


@pytest.fixture
def pdf(certificate):
    return files.read(StoredFile.objects.get(key=certificate.pdf_key))


def verify(client, code):
    return client.get(f"{URL}{code}/")


def upload(client, content, name="certificate.pdf"):
    file = BytesIO(content)
    file.name = name
    return client.post(URL, {"file": file}, format="multipart")


def test_the_code_tells_everything_public_and_nothing_else(anonymous, certificate):
    response = verify(anonymous, certificate.verification_code)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {
        "valid": True,
        "status": "active",
        "is_expired": False,
        "certificate_id": certificate.short_code,
        "certificate_number": certificate.certificate_number,
        "attendee_name": "Ada Lovelace",
        "event_title": "Advances in Anaesthesia",
        "event_date": "2027-03-01",
        "event_end_date": "2027-03-01",
        "organizer_name": "Olga Organizer",
        "cpd_type": "CME",
        "cpd_credits": "2.75",
        "credits": [
            {
                "scheme": "SIMPLE",
                "name": "Continuing professional development",
                "unit": "CME credits",
                "amount": "2.75",
                "categories": [],
                "activity_number": "",
                "provider_number": "",
            }
        ],
        "issued_at": response.json()["issued_at"],
        "expires_on": None,
        "revoked_at": None,
        "superseded_by": None,
        "content_sha256": certificate.content_sha256,
        "pdf_sha256": certificate.pdf_sha256,
        "verification_url": certificate.verification_url,
        "credential_url": None,
    }


@pytest.mark.parametrize(
    "typed", ["{0}", "{1}-{2}", "{1} {2}", "{3}", " {0} ".replace(" ", "%20"), "{4}"]
)
def test_the_short_code_is_read_without_case_and_hyphens(anonymous, certificate, typed):
    code = certificate.short_code
    spelled = typed.format(code, code[:4], code[4:], code.lower(), f"{code[:4]}-{code[4:]}".lower())

    assert verify(anonymous, spelled).json()["certificate_id"] == code


def test_the_long_code_is_read_as_it_is(anonymous, certificate):
    swapped = certificate.verification_code.swapcase()

    assert verify(anonymous, swapped).status_code == 404


def test_every_other_code_answers_alike(anonymous, certificate, django_assert_num_queries):
    private = CertificateFactory(allow_public_verification=False, ready=True)
    codes = [
        NOTHING,
        "ABCDEFGH",
        private.verification_code,
        private.short_code,
        "x",
        "'%20OR%201=1",
        "%22quoted%22",
        "a%00b",
        "z" * 10_000,
    ]
    bodies = set()
    for code in codes:
        with django_assert_num_queries(1):
            response = verify(anonymous, code)
        bodies.add((response.status_code, response.content))

    assert len(bodies) == 1
    assert {status for status, _ in bodies} == {404}


def test_a_revoked_certificate_is_shown_without_its_reason(anonymous, certificate, organizer):
    issuing.revoke(certificate, by=organizer, reason="Attendance was forged.")

    shown = verify(anonymous, certificate.verification_code)

    body = shown.json()
    assert (body["valid"], body["status"]) == (False, "revoked")
    assert body["revoked_at"] is not None
    assert body["attendee_name"] == "Ada Lovelace"
    assert b"forged" not in shown.content


def test_a_superseded_certificate_leads_to_its_successor(anonymous, event):
    old = CertificateFactory(registration=attended(event=event), status="superseded")
    new = CertificateFactory(registration=old.registration, supersedes=old)

    body = verify(anonymous, old.verification_code).json()

    assert (body["valid"], body["status"]) == (False, "superseded")
    assert body["superseded_by"] == {
        "certificate_id": new.short_code,
        "verification_url": new.verification_url,
    }
    assert body["event_title"] == event.title
    assert {body[key] for key in ("attendee_name", "certificate_number", "issued_at")} == {None}
    assert body["credits"] == []


def test_a_private_successor_is_not_named(anonymous, event):
    old = CertificateFactory(registration=attended(event=event), status="superseded")
    CertificateFactory(
        registration=old.registration, supersedes=old, allow_public_verification=False
    )

    assert verify(anonymous, old.verification_code).json()["superseded_by"] is None


def test_an_expired_certificate_is_not_valid(anonymous):
    certificate = CertificateFactory(expires_on="2020-01-01")

    body = verify(anonymous, certificate.verification_code).json()

    assert (body["valid"], body["status"], body["is_expired"]) == (False, "active", True)


def test_the_unchanged_file_matches(anonymous, certificate, pdf):
    response = upload(anonymous, pdf)

    assert response.status_code == 200
    assert response.json()["file_matches"] is True
    assert response.json()["certificate_id"] == certificate.short_code


def test_the_hash_of_the_file_is_enough(anonymous, certificate):
    for digest in (certificate.pdf_sha256, certificate.pdf_sha256.upper()):
        response = anonymous.post(URL, {"sha256": digest}, format="json")
        assert response.json()["file_matches"] is True


@pytest.mark.parametrize("position", [0, 1000, -200])
def test_a_changed_byte_is_unknown(anonymous, pdf, position):
    changed = bytearray(pdf)
    changed[position] ^= 1

    assert upload(anonymous, bytes(changed)).status_code == 404


def test_a_private_certificates_file_is_unknown_too(anonymous, certificate, pdf):
    Certificate.objects.update(allow_public_verification=False)

    strangers = upload(anonymous, b"%PDF-1.4 something else")
    private = upload(anonymous, pdf)

    assert (private.status_code, private.content) == (strangers.status_code, strangers.content)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"sha256": "abc"}, "sha256"),
        ({"sha256": 7}, "sha256"),
        ([], "non_field_errors"),
        ({"file": "text"}, "file"),
    ],
)
def test_a_check_of_nothing_is_refused(anonymous, body, field):
    response = anonymous.post(URL, body, format="json")

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]


def test_a_file_above_the_limit_is_refused(anonymous):
    response = upload(anonymous, b"%PDF-" + b"x" * (5 * 1024 * 1024))

    assert (response.status_code, response.json()["error"]["code"]) == (413, "FILE_TOO_LARGE")


def test_the_thirty_first_miss_closes_the_check(anonymous, certificate):
    answers = [verify(anonymous, NOTHING).status_code for _ in range(32)]
    known = verify(anonymous, certificate.verification_code)
    file = anonymous.post(URL, {"sha256": certificate.pdf_sha256}, format="json")

    assert answers == [404] * 30 + [429] * 2
    assert (known.status_code, file.status_code) == (429, 429)
    assert 1 <= int(known.headers["Retry-After"]) <= 601
    assert known.json()["error"]["details"]["scope"] == "verify"


def test_hits_close_nothing(anonymous, certificate):
    answers = {verify(anonymous, certificate.short_code).status_code for _ in range(35)}

    assert answers == {200}


def test_another_address_goes_on(anonymous, certificate):
    for _ in range(31):
        verify(anonymous, NOTHING)

    response = anonymous.get(f"{URL}{certificate.short_code}/", REMOTE_ADDR="192.0.2.7")

    assert response.status_code == 200


def test_without_the_cache_the_check_goes_on(anonymous, certificate, monkeypatch):
    class Down:
        def __getattr__(self, name):
            def fail(*args, **kwargs):
                raise RedisError

            return fail

    monkeypatch.setattr(verification, "cache", Down())

    assert verify(anonymous, certificate.short_code).status_code == 200
    assert verify(anonymous, NOTHING).status_code == 404


def test_a_window_that_ends_while_counting_forgives(anonymous, monkeypatch):
    monkeypatch.setattr(verification.cache, "incr", lambda key: (_ for _ in ()).throw(ValueError))

    assert verify(anonymous, NOTHING).status_code == 404


def test_views_count_once_per_address_and_hour(anonymous, certificate):
    for _ in range(3):
        verify(anonymous, certificate.verification_code)
    anonymous.head(f"{URL}{certificate.verification_code}/", REMOTE_ADDR="192.0.2.8")
    anonymous.get(f"{URL}{certificate.verification_code}/", REMOTE_ADDR="192.0.2.7")

    certificate.refresh_from_db()
    assert certificate.view_count == 2
    assert certificate.first_viewed_at is not None


def test_the_people_behind_it_do_not_count(
    api_for, certificate, registration, organizer, attendee, stranger
):
    registration.user = attendee
    registration.save()

    for user in (organizer, attendee):
        verify(api_for(user), certificate.verification_code)
    certificate.refresh_from_db()
    assert certificate.view_count == 0

    verify(api_for(stranger), certificate.verification_code)
    certificate.refresh_from_db()
    assert certificate.view_count == 1


def test_a_bad_token_counts_as_none(anonymous, certificate):
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    assert verify(anonymous, certificate.verification_code).status_code == 200

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from certificates import tasks
from certificates.models import Certificate
from common.models import OutgoingEmail
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.certificates import CertificateFactory, attended, award
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db

READS = ["", "eligibility/", "summary/"]


def url(event, *parts):
    return "/".join([f"/api/v1/events/{event.uuid}/certificates", *map(str, parts), ""])


@pytest.fixture
def api(api_for, organizer):
    """The organizer's client."""
    return api_for(organizer)


@pytest.fixture
def certificate(event, registration, api):
    api.post(url(event, "issue"))
    return Certificate.objects.get()


@pytest.fixture
def shared_event(organizer, organization):
    """An event of the organizer's organization."""
    event = EventFactory(owner=organizer, organization=organization, completed=True)
    CertificateFactory(registration=attended(event=event))
    return event


@pytest.fixture
def member(organization):
    """Somebody of the organization in a role."""

    def of(role):
        user = UserFactory()
        MembershipFactory(organization=organization, user=user, role=role)
        return user

    return of


def test_issuing_answers_what_became_of_everybody(api, event, registration):
    response = api.post(url(event, "issue"), {}, format="json")

    uuid = str(Certificate.objects.get().uuid)
    assert response.status_code == 201
    assert response.json() == {
        "issued": 1,
        "existing": 0,
        "skipped": 0,
        "certificate_uuids": [uuid],
        "results": [
            {
                "registration_uuid": str(registration.uuid),
                "outcome": "issued",
                "certificate_uuid": uuid,
                "code": "",
                "message": "",
                "details": None,
            }
        ],
    }


def test_issuing_again_is_200_with_the_same_certificate(api, event, certificate):
    response = api.post(url(event, "issue"))

    assert response.status_code == 200
    assert (response.json()["issued"], response.json()["existing"]) == (0, 1)
    assert response.json()["certificate_uuids"] == [str(certificate.uuid)]


def test_all_eligible_with_nobody_eligible_is_zeros(api, event):
    response = api.post(url(event, "issue"))

    assert (response.status_code, response.json()["results"]) == (200, [])


def test_a_dry_run_is_200_and_writes_nothing(api, event, registration):
    response = api.post(url(event, "issue"), {"dry_run": True}, format="json")

    assert (response.status_code, response.json()["issued"]) == (200, 1)
    assert not Certificate.objects.exists()


def test_naming_people_in_vain_is_422_with_the_results(api, event):
    foreign = attended()

    response = api.post(
        url(event, "issue"), {"registration_uuids": [str(foreign.uuid)]}, format="json"
    )

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (422, "NOT_FOUND")
    assert error["details"]["results"][0]["outcome"] == "skipped"


def test_the_plan_ends_issuing_with_402(api, event, registration, organizer):
    subscription = organizer.billing_account.subscription
    subscription.limits_override = {"certificates_per_month": 0}
    subscription.save()

    response = api.post(url(event, "issue"))

    assert (response.status_code, response.json()["error"]["code"]) == (402, "PLAN_LIMIT_REACHED")


def test_a_live_event_issues_nothing_yet(api, organizer):
    response = api.post(url(EventFactory(owner=organizer, live=True), "issue"))

    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_STATUS")


def test_an_unknown_template_is_named_in_the_refusal(api, event, registration):
    response = api.post(url(event, "issue"), {"template_uuid": str(uuid4())}, format="json")

    assert response.status_code == 400
    assert response.json()["error"]["details"] == {"template_uuid": ["Not found."]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"registration_uuids": ["x"]}, "registration_uuids"),
        ({"registration_uuids": [str(uuid4())] * 501}, "registration_uuids"),
        ({"registration_uuids": "x"}, "registration_uuids"),
        ({"expires_on": "soon"}, "expires_on"),
        ({"dry_run": "perhaps"}, "dry_run"),
        ({"template_uuid": 7}, "template_uuid"),
    ],
)
def test_a_bad_wish_is_400_on_its_field(api, event, body, field):
    response = api.post(url(event, "issue"), body, format="json")

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]


def test_the_list_shows_managers_everything(api, event, certificate, registration):
    (row,) = api.get(url(event)).json()["results"]

    facts = certificate.certificate_data
    assert row == api.get(url(event, certificate.uuid)).json()
    assert {key: row[key] for key in ("attendee_name", "attendee_email", "status")} == {
        "attendee_name": "Ada Lovelace",
        "attendee_email": "ada@example.org",
        "status": "active",
    }
    assert row["event"] == {
        "uuid": str(event.uuid),
        "title": "Advances in Anaesthesia",
        "starts_at": "2027-03-01T09:00:00Z",
    }
    assert row["registration_uuid"] == str(registration.uuid)
    assert row["template"]["name"] == "Classic"
    assert row["certificate_data"] == facts
    assert row["certificate_id"] == certificate.short_code
    assert (row["supersedes"], row["superseded_by"], row["needs_review"]) == (None, None, False)


def test_a_superseded_certificate_names_its_successor(api, event):
    old = CertificateFactory(registration=attended(event=event), status="superseded")
    new = CertificateFactory(registration=old.registration, supersedes=old)

    shown = api.get(url(event, old.uuid)).json()

    assert shown["superseded_by"] == str(new.uuid)
    assert api.get(url(event, new.uuid)).json()["supersedes"] == str(old.uuid)


@pytest.mark.parametrize("count", [1, 3])
def test_certificate_list_query_count(api, event, count, django_assert_num_queries):
    for _ in range(count):
        CertificateFactory(registration=attended(event=event))

    with django_assert_num_queries(4):
        response = api.get(url(event))

    assert response.json()["count"] == count


@pytest.mark.parametrize("count", [1, 3])
def test_eligibility_query_count(api, event, count, django_assert_num_queries):
    for _ in range(count):
        attended(event=event)

    with django_assert_num_queries(12):
        response = api.get(url(event, "eligibility"))

    assert [row["verdict"] for row in response.json()["results"]] == ["owed"] * count


def test_eligibility_explains_each_person(api, event, certificate):
    attended(event=event, full_name="Ada 𠮷", attendance_finalized_at=timezone.now())

    issued, blocked = api.get(url(event, "eligibility")).json()["results"]

    assert (issued["verdict"], issued["code"], issued["attendee_name"]) == (
        "issued",
        "",
        "Ada Lovelace",
    )
    assert (blocked["verdict"], blocked["code"]) == ("blocked", "NAME_NOT_PRINTABLE")
    assert blocked["missing"] == [{"field": "attendee_name", "characters": ["𠮷"]}]
    assert {"code", "label", "need", "have", "unit", "verdict"} == set(issued["rules"][0])


def test_the_summary_counts(api, event, certificate):
    attended(event=event)
    doubted = CertificateFactory(registration=attended(event=event))
    doubted.flag("ATTENDANCE_CHANGED", found="less")
    CertificateFactory(registration=attended(event=event), revoked=True)

    assert api.get(url(event, "summary")).json() == {
        "total_attended": 4,
        "eligible": 4,
        "issued": 2,
        "pending": 3,
        "revoked": 1,
        "superseded": 0,
        "needs_review": 1,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=active", {"a", "b"}),
        ("status=revoked", {"c"}),
        ("status=active,revoked", {"a", "b", "c"}),
        ("needs_review=true", {"b"}),
        ("needs_review=false", {"a", "c"}),
        ("pdf_status=ready", {"a"}),
        ("cpd_type=CPD", {"a", "b", "c"}),
        ("cpd_type=CME", set()),
        ("issued_after=2100-01-01T00:00:00Z", set()),
        ("issued_before=2100-01-01T00:00:00Z", {"a", "b", "c"}),
        ("search=Quinna%20Quinnb", set()),
        ("search=quinna%20example", {"a"}),
        ("search=b@example.org", {"b"}),
        ("search=Advances", {"a", "b", "c"}),
    ],
)
def test_the_list_is_narrowed(api, event, query, found):
    for letter, facts in {
        "a": {"ready": True},
        "b": {"review_codes": ["ATTENDANCE_CHANGED"]},
        "c": {"revoked": True},
    }.items():
        registration = attended(
            event=event, email=f"{letter}@example.org", full_name=f"Quinn{letter}"
        )
        CertificateFactory(registration=registration, **facts)

    rows = api.get(f"{url(event)}?{query}").json()["results"]

    assert {row["attendee_email"][0] for row in rows} == found


def test_the_template_narrows_and_the_number_is_found(api, event, certificate):
    template = certificate.template.uuid

    assert api.get(f"{url(event)}?template={template}").json()["count"] == 1
    assert api.get(f"{url(event)}?template={uuid4()}").json()["count"] == 0
    assert api.get(f"{url(event)}?search={certificate.certificate_number}").json()["count"] == 1
    assert api.get(f"{url(event)}?search={certificate.short_code}").json()["count"] == 1


@pytest.mark.parametrize("ordering", ["attendee_name", "event_date", "issued_at", "expires_on"])
def test_the_list_is_ordered(api, event, ordering):
    for name in ("B", "A"):
        CertificateFactory(registration=attended(event=event, full_name=name))

    rows = api.get(f"{url(event)}?ordering={ordering}").json()["results"]

    assert len(rows) == 2
    if ordering == "attendee_name":
        assert [row["attendee_name"] for row in rows] == ["A", "B"]


def test_the_template_can_be_expanded(api, event, certificate):
    row = api.get(f"{url(event, certificate.uuid)}?expand=template").json()

    assert row["template"]["orientation"] == "landscape"


def test_revoking_needs_a_reason(api, event, certificate):
    for body in ({}, {"reason": "  "}, {"reason": "ab"}, {"reason": "x" * 501}):
        response = api.post(url(event, certificate.uuid, "revoke"), body, format="json")
        assert (response.status_code, list(response.json()["error"]["details"])) == (
            400,
            ["reason"],
        )


def test_revoking_answers_the_certificate_and_is_final(api, event, certificate):
    first = api.post(url(event, certificate.uuid, "revoke"), {"reason": "Mistake."}, format="json")
    second = api.post(url(event, certificate.uuid, "revoke"), {"reason": "Mistake."}, format="json")

    assert (first.status_code, first.json()["status"]) == (200, "revoked")
    assert first.json()["revocation_reason"] == "Mistake."
    assert (second.status_code, second.json()["error"]["code"]) == (409, "ALREADY_REVOKED")
    skipped = api.post(url(event, "issue")).json()["results"]
    assert [row["code"] for row in skipped] == ["PREVIOUSLY_REVOKED"]


def test_a_stale_version_is_not_revoked(api, event, certificate):
    response = api.post(
        url(event, certificate.uuid, "revoke"),
        {"reason": "Mistake."},
        format="json",
        HTTP_IF_MATCH='"0000000000000000.0"',
    )

    assert response.status_code == 412
    assert Certificate.objects.get().status == "active"


def test_dismissing_a_review_clears_it(api, event, certificate):
    certificate.flag("ATTENDANCE_CHANGED", found="less")

    response = api.post(
        url(event, certificate.uuid, "dismiss-review"), {"reason": "Checked."}, format="json"
    )

    assert (response.status_code, response.json()["review_codes"]) == (200, [])


def test_the_file_can_be_downloaded_whatever_the_status(api, event, certificate):
    early = api.get(url(event, certificate.uuid, "download"))
    tasks.build_artifacts(certificate.pk)
    api.post(url(event, certificate.uuid, "revoke"), {"reason": "Mistake."}, format="json")

    link = api.get(url(event, certificate.uuid, "download"))

    assert (early.status_code, early.json()["error"]["code"]) == (409, "NO_PDF")
    assert early.headers["Retry-After"] == "5"
    assert link.status_code == 200
    certificate.refresh_from_db()
    assert link.json()["sha256"] == certificate.pdf_sha256
    assert certificate.download_count == 0


def test_the_history_is_listed(api, event, certificate, organizer):
    api.post(url(event, certificate.uuid, "revoke"), {"reason": "Mistake."}, format="json")

    rows = api.get(url(event, certificate.uuid, "history")).json()["results"]

    assert [(row["action"], row["reason"]) for row in rows] == [
        ("revoked", "Mistake."),
        ("issued", ""),
    ]
    assert rows[0]["actor"]["uuid"] == str(organizer.uuid)


def test_a_failed_file_is_made_again_and_a_good_one_is_not(
    api, event, certificate, django_capture_on_commit_callbacks
):
    refused = api.post(url(event, certificate.uuid, "rebuild"))
    Certificate.objects.update(pdf_status="failed")

    with django_capture_on_commit_callbacks(execute=True):
        accepted = api.post(url(event, certificate.uuid, "rebuild"))

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NOT_FAILED")
    assert (accepted.status_code, accepted.json()["pdf_status"]) == (202, "pending")
    assert Certificate.objects.get().pdf_status == "ready"


def test_the_mail_is_repeated_at_most_every_ten_minutes(api, event, certificate):
    tasks.build_artifacts(certificate.pk)
    refused = api.post(url(event, certificate.uuid, "resend"))
    Certificate.objects.update(email_sent_at=timezone.now() - timedelta(minutes=11))

    accepted = api.post(url(event, certificate.uuid, "resend"))

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert "Retry-After" in refused.headers
    assert accepted.status_code == 202
    assert OutgoingEmail.objects.filter(kind="certificate_issued").count() == 2


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_certificate_is_never_edited(api, event, certificate, method):
    response = getattr(api, method)(url(event, certificate.uuid), {}, format="json")

    assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_the_event_of_another_tenant_is_not_found(api_for, stranger, event, certificate):
    api = api_for(stranger)
    reads = [*READS, f"{certificate.uuid}/", f"{certificate.uuid}/download/"]
    writes = ["issue/", f"{certificate.uuid}/revoke/", f"{certificate.uuid}/resend/"]

    answers = [api.get(url(event) + path) for path in [*reads, f"{certificate.uuid}/history/"]]
    answers += [api.post(url(event) + path, {"reason": "Mine."}, format="json") for path in writes]

    assert {answer.status_code for answer in answers} == {404}


def test_nobody_reads_without_signing_in(anonymous, event):
    assert anonymous.get(url(event)).status_code == 401


@pytest.mark.parametrize("role", ["instructor", "staff"])
def test_staff_of_the_organization_read_but_do_not_issue(api_for, member, shared_event, role):
    api = api_for(member(role))
    (row,) = api.get(url(shared_event)).json()["results"]

    answers = [
        api.post(url(shared_event, "issue"), {}, format="json"),
        api.post(url(shared_event, row["uuid"], "revoke"), {"reason": "Mistake."}, format="json"),
        api.post(url(shared_event, row["uuid"], "resend")),
        api.post(url(shared_event, row["uuid"], "rebuild")),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert api.get(url(shared_event, "eligibility")).status_code == 200


@pytest.mark.parametrize("role", ["admin", "organizer"])
def test_organizers_of_the_organization_issue(api_for, member, shared_event, role):
    attended(event=shared_event)

    response = api_for(member(role)).post(url(shared_event, "issue"))

    assert (response.status_code, response.json()["issued"]) == (201, 1)


def test_an_expired_trial_keeps_reading_but_issues_nothing(api, event, registration, organizer):
    subscription = organizer.billing_account.subscription
    subscription.trial_end = timezone.now() - timedelta(days=1)
    subscription.save()

    response = api.post(url(event, "issue"))

    assert (response.status_code, response.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
    assert api.get(url(event)).status_code == 200


def test_a_certificate_of_another_event_is_not_found_here(api, event, organizer):
    elsewhere = CertificateFactory(registration=attended(event=EventFactory(owner=organizer)))

    assert api.get(url(event, elsewhere.uuid)).status_code == 404
    assert api.get(url(event, "not-a-uuid")).status_code == 404


def test_credits_are_shown_as_printed(api, event, registration):
    award(registration, value="2.75", credit_type="CME")
    api.post(url(event, "issue"))

    (row,) = api.get(url(event)).json()["results"]

    assert (row["cpd_type"], row["cpd_credits"]) == ("CME", "2.75")
    assert [(line["amount"], line["unit"]) for line in row["credits"]] == [("2.75", "CME credits")]

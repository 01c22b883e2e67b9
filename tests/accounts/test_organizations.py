"""Organizations: founding, seeing, changing; who their people are."""

from uuid import uuid4

import pytest

from accounts import organizations
from accounts.models import Membership, Organization
from accounts.signals import membership_changed
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory

LIST = "/api/v1/organizations/"
pytestmark = pytest.mark.django_db


def detail(organization):
    return f"{LIST}{organization.uuid}/"


def members(organization):
    return f"{LIST}{organization.uuid}/members/"


def member(organization, role):
    return MembershipFactory(organization=organization, role=role).user


def test_an_organizer_founds_an_organization(api_for, organizer):
    heard = []

    def hear(membership, **_):
        heard.append(membership.role)

    membership_changed.connect(hear)

    response = api_for(organizer).post(LIST, {"name": "Wound Care Ltd", "seat_limit": 900})

    membership_changed.disconnect(hear)
    body = response.json()
    assert response.status_code == 201
    assert (body["slug"], body["role"], body["seat_limit"], body["seats_used"]) == (
        "wound-care-ltd",
        "owner",
        5,
        1,
    )
    assert response["Location"].endswith(f"{LIST}{body['uuid']}/")
    assert heard == ["owner"]


def test_a_taken_slug_gets_a_suffix(organizer):
    slugs = [organizations.found(by=organizer, name="Same").slug for _ in range(2)]

    assert slugs[0] == "same"
    assert slugs[1].startswith("same-")


def test_a_slug_that_was_asked_for_and_is_taken_is_refused(api_for, organizer, organization):
    response = api_for(organizer).post(LIST, {"name": "Other", "slug": "provider"})

    assert list(response.json()["error"]["details"]) == ["slug"]


@pytest.mark.parametrize(
    ("traits", "code"),
    [({}, "PERMISSION_DENIED"), ({"unverified": True, "organizer": True}, "EMAIL_NOT_VERIFIED")],
)
def test_only_verified_organizers_found(api_for, traits, code):
    response = api_for(UserFactory(**traits)).post(LIST, {"name": "Mine"})

    assert (response.status_code, response.json()["error"]["code"]) == (403, code)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("primary_color", "red"),
        ("website", "ftp://example.org"),
        ("contact_phone", "12"),
        ("contact_email", "nobody"),
        ("timezone", "Mars/Base"),
    ],
)
def test_bad_values_are_refused_on_their_field(api_for, organizer, field, value):
    response = api_for(organizer).post(LIST, {"name": "Mine", field: value})

    assert list(response.json()["error"]["details"]) == [field]


def test_a_founding_that_fails_leaves_nothing(organizer, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(organizations.audit, "record", fail)
    with pytest.raises(RuntimeError):
        organizations.found(by=organizer, name="Mine")

    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("who", "reads", "writes"),
    [
        ("owner", 200, 200),
        ("admin", 200, 200),
        ("organizer", 200, 403),
        ("instructor", 200, 403),
        ("staff", 200, 403),
        ("stranger", 404, 404),
        ("platform staff", 200, 403),
    ],
)
def test_who_sees_and_who_changes(
    api_for, organizer, organization, stranger, staff_member, who, reads, writes
):
    people = {"owner": organizer, "stranger": stranger, "platform staff": staff_member}
    client = api_for(people.get(who) or member(organization, who))

    read, written = (
        client.get(detail(organization)),
        client.patch(detail(organization), {"name": "N"}),
    )

    assert (read.status_code, written.status_code) == (reads, writes)


def test_only_the_owner_changes_the_slug(api_for, organizer, organization):
    by_admin = api_for(member(organization, "admin")).patch(detail(organization), {"slug": "new"})
    by_owner = api_for(organizer).patch(detail(organization), {"slug": "new"})

    assert (by_admin.status_code, by_owner.status_code) == (403, 200)


def test_verification_and_seats_cannot_be_written(api_for, organizer, organization):
    wanted = {"is_verified": True, "is_active": False, "seat_limit": 900, "role": "staff"}

    response = api_for(organizer).patch(detail(organization), wanted)

    body = response.json()
    assert [body["is_verified"], body["is_active"], body["seat_limit"], body["role"]] == [
        False,
        True,
        5,
        "owner",
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_shows_only_own_memberships(api_for, colleague, count, django_assert_num_queries):
    OrganizationFactory()
    for _ in range(count - 1):
        MembershipFactory(user=colleague)
    MembershipFactory(user=colleague, ended=True)
    client = api_for(colleague)

    with django_assert_num_queries(3):
        body = client.get(LIST).json()

    assert body["count"] == count


def test_platform_staff_list_their_own_organizations_only(api_for, staff_member, organization):
    assert api_for(staff_member).get(LIST).json()["count"] == 0


@pytest.mark.parametrize("count", [1, 3])
def test_members_are_listed(api_for, organizer, organization, count, django_assert_num_queries):
    for _ in range(count):
        member(organization, "staff")
    MembershipFactory(organization=organization, ended=True)
    client = api_for(organizer)

    with django_assert_num_queries(4):
        body = client.get(members(organization)).json()

    first = body["results"][0]
    assert body["count"] == count + 1
    assert first["user"] == {
        "uuid": str(organizer.uuid),
        "full_name": "Olga Organizer",
        "email": "organizer@example.org",
    }
    assert set(first) == {"uuid", "user", "role", "title", "created_at"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("role=owner", ["Olga Organizer"]),
        ("search=carl", ["Carl Colleague"]),
        ("search=colleague@example", ["Carl Colleague"]),
    ],
)
def test_members_can_be_narrowed(api_for, organizer, organization, colleague, query, expected):
    body = api_for(organizer).get(f"{members(organization)}?{query}").json()

    assert [row["user"]["full_name"] for row in body["results"]] == expected


def test_an_unknown_role_is_refused(api_for, organizer, organization):
    response = api_for(organizer).get(f"{members(organization)}?role=king")

    assert (response.status_code, list(response.json()["error"]["details"])) == (400, ["role"])


def test_members_of_foreign_organizations_do_not_exist(api_for, organization, stranger):
    theirs = Membership.objects.get()

    assert api_for(stranger).get(members(organization)).status_code == 404
    assert api_for(stranger).get(f"{members(organization)}{theirs.uuid}/").status_code == 404


def test_a_membership_is_found_only_below_its_own_organization(api_for, organizer, organization):
    other = MembershipFactory(user=organizer, role="owner").organization
    row = organization.memberships.get()

    assert api_for(organizer).get(f"{members(organization)}{row.uuid}/").status_code == 200
    assert api_for(organizer).get(f"{members(other)}{row.uuid}/").status_code == 404


def test_unknown_organizations(api_for, organizer):
    for path in (f"{LIST}{uuid4()}/", f"{LIST}{uuid4()}/members/", f"{LIST}not-a-uuid/"):
        assert api_for(organizer).get(path).status_code == 404

"""What each role may do, and how far somebody reaches."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts import roles
from accounts.models import Membership, User
from accounts.roles import Capability
from tests.factories.accounts import (
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
    UserSessionFactory,
)

O, A, G, I, S = "owner", "admin", "organizer", "instructor", "staff"  # noqa: E741 -- table columns
TABLE = {
    "organization.view": {O, A, G, I, S},
    "members.view": {O, A, G, I, S},
    "organization.edit": {O, A},
    "organization.transfer": {O},
    "organization.delete": {O},
    "billing.manage": {O, A},
    "members.invite": {O, A},
    "members.manage": {O, A},
    "developer.manage": {O, A},
    "audit.view": {O, A},
    "events.view": {O, A, G, I, S},
    "recordings.view": {O, A, G, I, S},
    "certificates.view": {O, A, G, I, S},
    "events.create": {O, A, G},
    "events.manage": {O, A, G},
    "registrations.view": {O, A, G, I, S},
    "registrations.manage": {O, A, G},
    "attendance.check_in": {O, A, G, S},
    "attendance.manage": {O, A, G},
    "certificates.issue": {O, A, G},
    "certificates.design": {O, A, G},
    "courses.manage": {O, A, G},
    "credits.designate": {O, A, G},
    "content.edit": {O, A, G, I},
    "grading": {O, A, G, I},
    "recordings.manage": {O, A, G},
    "contacts.manage": {O, A, G},
    "campaigns.send": {O, A, G},
    "statistics.view": {O, A, G},
    "exports.make": {O, A, G},
}


def test_every_capability_stands_in_the_table():
    assert set(TABLE) == {capability.value for capability in Capability}


@pytest.mark.parametrize("capability", TABLE)
def test_roles_hold_what_the_table_says(capability):
    holders = {role for role, held in roles.CAPABILITIES.items() if capability in held}

    assert holders == TABLE[capability]


@pytest.mark.django_db
def test_members_reach_their_organization_by_role():
    membership = MembershipFactory(role="instructor")

    reach = roles.reach(membership.user)

    assert reach.organizations_with("content.edit") == {membership.organization_id}
    assert reach.organizations_with("events.manage") == frozenset()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "trait",
    [
        {"ended": True},
        {"organization__is_active": False},
        {"organization__deleted_at": "2027-01-01T00:00:00Z"},
    ],
    ids=["ended membership", "inactive organization", "deleted organization"],
)
def test_what_is_over_gives_no_reach(trait):
    membership = MembershipFactory(role="owner", **trait)
    current = MembershipFactory(role="owner", user=membership.user)

    reach = roles.reach(membership.user)

    assert set(reach.organizations) == {current.organization_id}


@pytest.mark.django_db
def test_reach_is_asked_of_the_database_once(django_assert_num_queries):
    user = MembershipFactory().user

    with django_assert_num_queries(1):
        assert roles.reach(user) is roles.reach(user)


@pytest.mark.django_db
def test_refreshing_a_user_asks_again():
    user = UserFactory()
    before = roles.reach(user).organizations
    membership = MembershipFactory(user=user)

    user.refresh_from_db()

    assert (before, set(roles.reach(user).organizations)) == ({}, {membership.organization_id})


def test_anonymous_callers_reach_nothing():
    reach = roles.reach(AnonymousUser())

    assert (reach.personal, reach.organizations_with("events.view")) == (False, frozenset())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("trait", "capability", "expected"),
    [
        ("platform_staff", "events.view", True),
        ("platform_staff", "exports.make", True),
        ("platform_staff", "events.manage", False),
        ("platform_staff", "billing.manage", False),
        ("superuser", "events.manage", True),
        ("organizer", "events.view", False),
    ],
)
def test_people_of_the_platform_see_all_tenants(trait, capability, expected):
    user = UserFactory(**{trait: True})
    user.session = UserSessionFactory(user=user)

    assert roles.reach(user).sees_everything(capability) is expected


@pytest.mark.django_db
def test_without_a_session_people_of_the_platform_are_like_others():
    assert roles.reach(UserFactory(superuser=True)).everywhere == frozenset()


@pytest.mark.django_db
@pytest.mark.parametrize(("second_factor", "expected"), [(True, True), (False, False)])
def test_where_required_staff_need_their_second_factor(settings, second_factor, expected):
    settings.STAFF_REQUIRE_OTP = True
    user = UserFactory(platform_staff=True)
    user.session = UserSessionFactory(user=user, second_factor=second_factor)

    assert roles.is_platform_staff(user) is expected
    assert roles.reach(user).sees_everything("events.view") is expected


@pytest.mark.django_db
def test_a_row_of_an_organization_is_not_its_owners_own():
    # Memberships stand in for tenant-owned rows: they have a user and an organization.
    theirs = MembershipFactory(role="staff")
    mine = MembershipFactory(role="owner", organization=OrganizationFactory())
    condition = roles.reach(mine.user).scope("organization.view", owner="user")

    assert list(Membership.objects.filter(condition)) == [mine]
    assert not roles.reach(theirs.user).may(
        "events.manage", owner_id=theirs.user_id, organization_id=theirs.organization_id
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("whose", "expected"), [("own", True), ("foreign", False)])
def test_personal_rows_are_their_owners_alone(whose, expected):
    user, other = UserFactory.create_batch(2, organizer=True)
    owner: User = user if whose == "own" else other

    reach = roles.reach(user)

    assert reach.may("events.manage", owner_id=owner.pk, organization_id=None) is expected

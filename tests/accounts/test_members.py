"""Members: roles change hands by the rules, people leave, owners hand over."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts import members
from accounts.models import Membership
from accounts.signals import membership_changed
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import (
    PASSWORD,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)

ROOT = "/api/v1/organizations/"
ROLES = ("owner", "admin", "organizer", "instructor", "staff")
pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """What was announced: person, role, whether it is over."""
    told = []

    def hear(membership, **_):
        told.append((membership.user.email, membership.role, membership.ended_at is not None))

    membership_changed.connect(hear)
    yield told
    membership_changed.disconnect(hear)


@pytest.fixture
def admin(organization):
    user = UserFactory(email="admin@example.org", full_name="Anna Admin")
    MembershipFactory(organization=organization, user=user, role="admin")
    return user


def row_of(organization, user):
    return organization.memberships.get(user=user)


def url(row):
    return f"{ROOT}{row.organization.uuid}/members/{row.uuid}/"


def code(response):
    return response.status_code, response.json()["error"]["code"] if response.content else ""


def roles_of(organization):
    current = organization.memberships.filter(ended_at=None)
    return dict(current.values_list("user__email", "role"))


def test_the_owner_changes_a_role(api_for, organizer, organization, colleague, heard):
    row = row_of(organization, colleague)

    response = api_for(organizer).patch(url(row), {"role": "admin", "title": "Head of courses"})

    body = response.json()
    assert (response.status_code, body["role"], body["title"]) == (200, "admin", "Head of courses")
    assert heard == [("colleague@example.org", "admin", False)]
    mail = OutgoingEmail.objects.get(kind="membership_changed")
    assert (mail.to_email, mail.subject) == (
        "colleague@example.org",
        "Your role in Provider Ltd has changed",
    )
    entry = AuditEntry.objects.get(action="organization.member_changed")
    assert (entry.organization_uuid, entry.payload["from_role"], entry.payload["role"]) == (
        organization.uuid,
        "organizer",
        "admin",
    )


def test_a_title_alone_is_no_news(api_for, organizer, organization, colleague, heard):
    row = row_of(organization, colleague)

    response = api_for(organizer).patch(url(row), {"title": "Tutor"})

    assert (response.json()["title"], response.json()["role"]) == ("Tutor", "organizer")
    assert (heard, OutgoingEmail.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("actor", "target", "expected"),
    [
        *(("owner", target, 200) for target in ("admin", "organizer", "instructor", "staff")),
        *(("admin", target, 200) for target in ("organizer", "instructor", "staff")),
        ("admin", "owner", 403),
        ("admin", "admin", 403),
        *(("organizer", target, 403) for target in ROLES),
        *(("instructor", target, 403) for target in ROLES),
        *(("staff", target, 403) for target in ROLES),
    ],
)
def test_who_manages_whom(api_for, organization, organizer, actor, target, expected):
    other = UserFactory()
    if target != "owner":
        MembershipFactory(organization=organization, user=other, role=target)
    row = row_of(organization, organizer if target == "owner" else other)
    acting = organizer
    if actor != "owner":
        acting = MembershipFactory(organization=organization, role=actor).user
    client = api_for(acting)

    changed = client.patch(url(row), {"role": "staff"}).status_code
    row.refresh_from_db()
    assert (changed, row.role) == (expected, "staff" if expected == 200 else target)

    Membership.objects.filter(pk=row.pk).update(role=target)
    removed = client.delete(url(row)).status_code
    row.refresh_from_db()
    assert (removed, row.ended_at is not None) == (
        204 if expected == 200 else 403,
        expected == 200,
    )


@pytest.mark.parametrize("who", ["owner", "admin"])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_nobody_changes_themselves(api_for, organization, organizer, admin, who, method):
    user = organizer if who == "owner" else admin
    row = row_of(organization, user)

    response = getattr(api_for(user), method)(url(row), {"role": "staff"})

    assert code(response) == (409, "CANNOT_CHANGE_SELF")
    assert roles_of(organization)[user.email] == who


def test_not_even_the_platform_leaves_an_organization_without_its_owner(
    api_for, organization, organizer
):
    root = api_for(UserFactory(superuser=True))
    row = row_of(organization, organizer)

    refused = [root.patch(url(row), {"role": "admin"}), root.delete(url(row))]

    assert [each.status_code for each in refused] == [403, 403]
    assert roles_of(organization) == {"organizer@example.org": "owner"}


@pytest.mark.parametrize("role", ["owner", "king", "", None])
def test_ownership_is_no_role_to_give(api_for, organizer, organization, colleague, role):
    row = row_of(organization, colleague)

    response = api_for(organizer).patch(url(row), {"role": role}, format="json")

    assert (response.status_code, list(response.json()["error"]["details"])) == (400, ["role"])


def test_a_removed_member_reaches_nothing_from_the_next_request(
    api_for, organizer, organization, colleague, heard
):
    theirs = api_for(colleague)
    before = theirs.get(f"{ROOT}{organization.uuid}/").status_code

    response = api_for(organizer).delete(url(row_of(organization, colleague)))

    after = theirs.get(f"{ROOT}{organization.uuid}/").status_code
    assert (before, response.status_code, after) == (200, 204, 404)
    assert heard == [("colleague@example.org", "organizer", True)]
    mail = OutgoingEmail.objects.get(kind="membership_changed")
    assert mail.subject == "You no longer belong to Provider Ltd"


def test_an_ended_membership_is_not_found(api_for, organizer, organization):
    row = MembershipFactory(organization=organization, ended=True)

    assert api_for(organizer).delete(url(row)).status_code == 404


def test_a_membership_that_ended_meanwhile_is_refused(organizer, organization, colleague):
    row = row_of(organization, colleague)
    Membership.objects.filter(pk=row.pk).update(ended_at=timezone.now())

    with pytest.raises(members.NotFound):
        members.change(row, by=organizer, role="staff")


def test_power_lost_while_waiting_for_the_lock_is_gone(organization, admin, colleague):
    row = row_of(organization, colleague)
    assert admin.known_reach is None
    members.roles.reach(admin)
    organization.memberships.filter(user=admin).update(role="staff")

    with pytest.raises(members.NotAllowed):
        members.remove(row, by=admin)

    row.refresh_from_db()
    assert row.ended_at is None


def test_a_stale_version_changes_nothing(api_for, organizer, organization, colleague):
    row = row_of(organization, colleague)

    response = api_for(organizer).patch(
        url(row), {"role": "staff"}, headers={"If-Match": '"0000000000000000.0"'}
    )

    assert code(response) == (412, "PRECONDITION_FAILED")
    assert roles_of(organization)[colleague.email] == "organizer"


def test_a_change_that_cannot_be_audited_does_not_happen(
    monkeypatch, organizer, organization, colleague
):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(members.organization_emails, "membership_changed", fail)
    with pytest.raises(RuntimeError):
        members.remove(row_of(organization, colleague), by=organizer)

    assert roles_of(organization)[colleague.email] == "organizer"
    assert not AuditEntry.objects.filter(action="organization.member_removed").exists()


def test_a_member_leaves(api_for, organization, colleague, heard):
    client = api_for(colleague)

    response = client.post(f"{ROOT}{organization.uuid}/leave/")

    assert (response.status_code, response.content) == (204, b"")
    assert client.get(f"{ROOT}{organization.uuid}/").status_code == 404
    assert heard == [("colleague@example.org", "organizer", True)]
    assert AuditEntry.objects.filter(action="organization.member_left").count() == 1


def test_who_left_may_come_back(organization, colleague):
    members.leave(organization, by=colleague)

    MembershipFactory(organization=organization, user=colleague, role="staff")

    assert roles_of(organization)[colleague.email] == "staff"


def test_the_owner_cannot_leave(api_for, organization, organizer):
    response = api_for(organizer).post(f"{ROOT}{organization.uuid}/leave/")

    assert code(response) == (409, "OWNER_CANNOT_LEAVE")
    assert roles_of(organization) == {"organizer@example.org": "owner"}


def test_strangers_and_staff_have_nothing_to_leave(api_for, organization, stranger, staff_member):
    path = f"{ROOT}{organization.uuid}/leave/"

    assert api_for(stranger).post(path).status_code == 404
    assert api_for(staff_member).post(path).status_code == 403


class TestTransfer:
    def path(self, organization):
        return f"{ROOT}{organization.uuid}/transfer-ownership/"

    def test_hands_over_and_tells_both(self, api_for, organizer, organization, colleague, heard):
        row = row_of(organization, colleague)

        response = api_for(organizer).post(self.path(organization), {"member": row.uuid})

        assert (response.status_code, response.json()["role"]) == (200, "admin")
        assert roles_of(organization) == {
            "organizer@example.org": "admin",
            "colleague@example.org": "owner",
        }
        assert heard == [
            ("colleague@example.org", "owner", False),
            ("organizer@example.org", "admin", False),
        ]
        told = OutgoingEmail.objects.filter(kind="ownership_transferred")
        assert set(told.values_list("to_email", flat=True)) == {
            "organizer@example.org",
            "colleague@example.org",
        }

    @pytest.mark.parametrize(
        ("role", "expected"),
        [("admin", 403), ("organizer", 403), ("instructor", 403), ("staff", 403)],
    )
    def test_is_the_owners(self, api_for, organization, colleague, role, expected):
        acting = MembershipFactory(organization=organization, role=role).user
        row = row_of(organization, colleague)

        response = api_for(acting).post(self.path(organization), {"member": row.uuid})

        assert response.status_code == expected
        assert roles_of(organization)["organizer@example.org"] == "owner"

    @pytest.mark.parametrize(
        "traits",
        [{"unverified": True}, {"is_active": False}],
        ids=["unverified", "deactivated"],
    )
    def test_wants_a_verified_heir(self, api_for, organizer, organization, traits):
        heir = UserFactory(**traits)
        row = MembershipFactory(organization=organization, user=heir, role="admin")

        response = api_for(organizer).post(self.path(organization), {"member": row.uuid})

        assert code(response) == (422, "MEMBER_NOT_VERIFIED")
        assert roles_of(organization)["organizer@example.org"] == "owner"

    @pytest.mark.parametrize("whose", ["own", "ended", "foreign"])
    def test_only_to_another_member(self, api_for, organizer, organization, whose):
        rows = {
            "own": row_of(organization, organizer),
            "ended": MembershipFactory(organization=organization, ended=True),
            "foreign": MembershipFactory(),
        }

        response = api_for(organizer).post(self.path(organization), {"member": rows[whose].uuid})

        assert (response.status_code, list(response.json()["error"]["details"])) == (
            400,
            ["member"],
        )

    @pytest.mark.parametrize(
        ("password", "expected"),
        [("", 403), ("wrong-password", 403), (PASSWORD, 200)],
        ids=["none", "wrong", "right"],
    )
    def test_wants_a_fresh_proof(
        self, api_for, organizer, organization, colleague, password, expected
    ):
        client = api_for(organizer)
        row = row_of(organization, colleague)
        body = {"member": row.uuid, "password": password}

        with time_machine.travel(timezone.now() + timedelta(minutes=11)):
            response = client.post(self.path(organization), body)

        assert response.status_code == expected
        if expected == 403:
            assert response.json()["error"]["code"] == "REAUTHENTICATION_REQUIRED"
            assert roles_of(organization)["organizer@example.org"] == "owner"

    def test_of_a_foreign_organization_is_not_found(self, api_for, stranger):
        other = OrganizationFactory()
        row = MembershipFactory(organization=other, role="owner")

        response = api_for(stranger).post(self.path(other), {"member": row.uuid})

        assert response.status_code == 404

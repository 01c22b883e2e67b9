"""Real threads against committed rows: no seat is given twice, one owner, one invitation."""

from collections import Counter
from threading import Barrier
from unittest import mock

import pytest

from accounts import invitations, members
from accounts.models import Membership, MembershipInvitation, Organization, User
from tests.factories.accounts import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.invitations import MembershipInvitationFactory
from tests.races import RACES, together

pytestmark = RACES
ROOT = "/api/v1/"


@pytest.fixture
def owner():
    organization = OrganizationFactory(seat_limit=2)
    user = UserFactory(organizer=True)
    MembershipFactory(organization=organization, user=user, role="owner")
    return user


def accepting(api_for, row):
    client = api_for(UserFactory(email=row.email))
    body = {"token": row.secret}
    return lambda: client.post(f"{ROOT}organization-invitations/accept/", body).status_code


def current(organization):
    return organization.memberships.filter(ended_at=None)


def test_the_last_seat_goes_to_one(api_for, owner):
    organization = Organization.objects.get()
    rows = [MembershipInvitationFactory(organization=organization) for _ in range(2)]

    outcomes = together([accepting(api_for, row) for row in rows])

    assert sorted(outcomes) == [200, 402]
    assert current(organization).count() == 2


def test_without_the_lock_the_last_seat_is_given_twice(api_for, owner):
    """The control: counting the members and adding one later oversells."""
    organization = Organization.objects.get()
    rows = [MembershipInvitationFactory(organization=organization) for _ in range(2)]
    counted = Barrier(2, timeout=30)
    require = invitations._require_seat

    def count_then_wait(organization, *, used):
        require(organization, used=used)
        counted.wait()

    with (
        mock.patch.object(Organization, "lock", return_value=None),
        mock.patch.object(invitations, "_require_seat", count_then_wait),
    ):
        together([accepting(api_for, row) for row in rows])

    assert current(organization).count() == 3


def test_two_transfers_at_once_leave_one_owner(api_for, owner):
    organization = Organization.objects.get()
    heirs = [MembershipFactory(organization=organization, role="admin") for _ in range(2)]
    clients = [api_for(owner) for _ in heirs]
    path = f"{ROOT}organizations/{organization.uuid}/transfer-ownership/"

    def handing_to(client, heir):
        return lambda: client.post(path, {"member": heir.uuid}).status_code

    outcomes = together([handing_to(*pair) for pair in zip(clients, heirs, strict=True)])

    assert sorted(outcomes) == [200, 403]
    held = Counter(current(organization).values_list("role", flat=True))
    assert held == {"owner": 1, "admin": 2}


def test_one_address_asked_sixteen_times_has_one_invitation(owner):
    organization = Organization.objects.get()

    def call():
        found = Organization.objects.get(pk=organization.pk)
        asking = User.objects.get(pk=owner.pk)
        invitations.invite(found, by=asking, email="bob@example.org", role="staff")
        return "asked"

    outcomes = Counter(together([call] * 16))

    assert outcomes == {"asked": 16}
    assert MembershipInvitation.objects.unanswered().count() == 1


def test_one_seat_left_and_many_asked_has_one_invitation(owner):
    organization = Organization.objects.get()

    def asking(number):
        def call():
            found = Organization.objects.get(pk=organization.pk)
            user = User.objects.get(pk=owner.pk)
            invitations.invite(found, by=user, email=f"p{number}@example.org", role="staff")
            return "asked"

        return call

    outcomes = Counter(together([asking(number) for number in range(7)]))

    assert outcomes == {"asked": 1, "SeatLimitReached": 6}


def test_handing_over_to_somebody_who_is_being_removed_does_one_of_both(owner):
    organization = Organization.objects.get()
    heir = MembershipFactory(organization=organization, role="admin")

    def hand_over():
        found = Organization.objects.get(pk=organization.pk)
        user = User.objects.get(pk=owner.pk)
        members.transfer_ownership(found, by=user, member=heir.uuid, password=PASSWORD)
        return "handed over"

    def remove():
        row = Membership.objects.select_related("organization", "user").get(pk=heir.pk)
        members.remove(row, by=User.objects.get(pk=owner.pk))
        return "removed"

    outcomes = set(together([hand_over, remove]))

    assert outcomes in (
        {"handed over", "OnlyTheOwnerManagesHeads"},
        {"removed", "ValidationError"},
    )
    assert current(organization).filter(role="owner").count() == 1

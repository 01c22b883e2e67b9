"""The roles that come along with a session are those that the memberships tell."""

import pytest
from django.utils import timezone

from accounts import roles, sessions, tokens
from accounts.models import Membership, User
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


def came_along(user):
    now = timezone.now()
    claims = tokens.read(
        tokens.pair(sessions.open_for_tokens(user, now=now), now=now).access, tokens.Kind.ACCESS
    )
    session = sessions.by_access_token(claims, now=now, with_memberships=True)
    roles.know(session.user, session.held or ())
    return session.user.known_reach


def test_nobody_belongs_nowhere():
    assert came_along(UserFactory()).organizations == {}


def test_roles_are_those_of_current_memberships_in_business():
    user = UserFactory()
    held = {MembershipFactory(user=user, role=role) for role in ("owner", "staff", "instructor")}
    Membership.objects.filter(pk=MembershipFactory(user=user).pk).update(ended_at=timezone.now())
    MembershipFactory(user=user, organization=OrganizationFactory(is_active=False))
    MembershipFactory(user=user, organization=OrganizationFactory(deleted_at=timezone.now()))
    MembershipFactory()

    found = came_along(user)

    assert found.organizations == {
        each.organization_id: roles.CAPABILITIES[each.role] for each in held
    }
    assert found == roles.reach(User.objects.get(pk=user.pk))

"""The people of the tests; nothing else lives here."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import sessions, tokens
from accounts.models import Organization, User
from common import context, triggers
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory


@pytest.fixture
def organizer(db) -> User:
    """Owns things; on trial."""
    user = UserFactory(organizer=True, email="organizer@example.org", full_name="Olga Organizer")
    SubscriptionFactory(account=BillingAccountFactory(user=user))
    return user


@pytest.fixture
def organization(organizer) -> Organization:
    """The organizer's organization."""
    organization = OrganizationFactory(name="Provider Ltd", slug="provider", created_by=organizer)
    MembershipFactory(organization=organization, user=organizer, role="owner")
    return organization


@pytest.fixture
def colleague(organization) -> User:
    """Belongs to the organizer's organization, as an organizer there."""
    user = UserFactory(email="colleague@example.org", full_name="Carl Colleague")
    MembershipFactory(organization=organization, user=user, role="organizer")
    return user


@pytest.fixture
def attendee(db) -> User:
    """Registers for things."""
    return UserFactory(email="attendee@example.org", full_name="Ada Attendee")


@pytest.fixture
def stranger(db) -> User:
    """An organizer who has nothing to do with the others."""
    user = UserFactory(organizer=True, email="stranger@example.org", full_name="Sam Stranger")
    SubscriptionFactory(account=BillingAccountFactory(user=user))
    return user


@pytest.fixture
def staff_member(db) -> User:
    """Runs the platform."""
    return UserFactory(platform_staff=True, email="staff@example.org", full_name="Stella Staff")


@pytest.fixture
def anonymous() -> APIClient:
    """A client without a token."""
    return APIClient()


@pytest.fixture
def api_for() -> Callable[[User], APIClient]:
    """Return a client signed in as the user, by a session of its own."""

    def signed_in(user: User) -> APIClient:
        now = timezone.now()
        session = sessions.open_for_tokens(user, now=now)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.pair(session, now=now).access}")
        return client

    return signed_in


@pytest.fixture(autouse=True)
def origin():
    """Forget after each test who acted in it, as the end of a request or task does."""
    with context.acting():
        yield


@pytest.fixture(autouse=True, scope="session")
def flushable_tables():
    """Let SQLite empty append-only tables between transactional tests; flush guards them anew."""
    empty = connection.ops.execute_sql_flush

    def unguarded(statements):
        triggers.drop_all(connection)
        empty(statements)

    if connection.vendor == "sqlite":
        connection.ops.execute_sql_flush = unguarded


def pytest_collection_modifyitems(items):
    """Give transactional tests the rows that migrations bring; their flush takes those along."""
    restored = pytest.mark.django_db(transaction=True, serialized_rollback=True)
    for item in items:
        marker = item.get_closest_marker("django_db")
        marked = marker is not None and marker.kwargs.get("transaction", False)
        if marked or "transactional_db" in getattr(item, "fixturenames", ()):
            item.add_marker(restored, append=False)


def pytest_configure(config):
    """Give each process a Redis database of its own: emptying a cache empties all of it."""
    worker = getattr(config, "workerinput", {}).get("workerid", "gw0").removeprefix("gw")
    if settings.REDIS_URL:
        server, _, number = settings.REDIS_URL.rpartition("/")
        settings.REDIS_URL = f"{server}/{int(number) + int(worker)}"
        settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL

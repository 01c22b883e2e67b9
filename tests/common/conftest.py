"""The gadgets of the toolkit tests: their tables, their routes, their owner's client."""

import itertools

import pytest
from django.db import connection
from rest_framework.test import APIClient

from tests.common import toolkit
from tests.common.toolkit import Gadget, Part
from tests.factories.accounts import UserFactory

_number = itertools.count(1)


@pytest.fixture(scope="session")
def toolkit_tables(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(Gadget)
        editor.create_model(Part)


@pytest.fixture
def gadgets(settings, toolkit_tables, db):
    """Serve the toolkit's routes and leave no gadget behind."""
    settings.ROOT_URLCONF = toolkit.__name__
    yield Gadget.all_objects
    if not connection.in_atomic_block:  # a transactional test: Django does not flush our tables
        Part.objects.all().delete()
        Gadget.all_objects.all().hard_delete()


@pytest.fixture
def owner(db):
    return UserFactory(full_name="Olga Owner", email="owner@example.org")


@pytest.fixture
def make(gadgets, owner):
    """Return a maker of the owner's gadgets."""

    def make(**fields):
        fields.setdefault("title", f"Gadget {next(_number)}")
        fields.setdefault("owner_uuid", owner.uuid)
        return Gadget.objects.create(**fields)

    return make


@pytest.fixture
def client_of():
    """Return a maker of clients signed in as a user, apart from the ways of signing in."""

    def client_of(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return client_of


@pytest.fixture
def api(gadgets, owner, client_of):
    return client_of(owner)

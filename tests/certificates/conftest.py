import pytest
from django.core.cache import cache

from common import throttling
from tests.factories.certificates import attended
from tests.factories.events import EventFactory


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()
    throttling.memory.clear()


@pytest.fixture
def event(organizer):
    """The organizer's completed event."""
    return EventFactory(owner=organizer, completed=True, title="Advances in Anaesthesia")


@pytest.fixture
def registration(event):
    """Somebody who was there and has no certificate yet."""
    return attended(event=event, full_name="Ada Lovelace", email="ada@example.org")

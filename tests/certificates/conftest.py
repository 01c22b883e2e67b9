import pytest

from tests.factories.certificates import attended
from tests.factories.events import EventFactory


@pytest.fixture
def event(organizer):
    """The organizer's completed event."""
    return EventFactory(owner=organizer, completed=True, title="Advances in Anaesthesia")


@pytest.fixture
def registration(event):
    """Somebody who was there and has no certificate yet."""
    return attended(event=event, full_name="Ada Lovelace", email="ada@example.org")

"""One script against Zoom's double and, given a token, against Zoom: the double must not lie."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from integrations.zoom import client
from integrations.zoom.client import NewMeeting
from integrations.zoom.failures import ZoomNotFound

TOKEN = os.environ.get("ZOOM_VERIFICATION_TOKEN", "")
pytestmark = pytest.mark.verification


@pytest.fixture(params=["double", "zoom"])
def token(request, settings):
    """Return a token of the double, or of a licensed host at Zoom."""
    if request.param == "double":
        return request.getfixturevalue("zoom").pair_for("host")["access_token"]
    if not TOKEN:
        pytest.skip("needs ZOOM_VERIFICATION_TOKEN, an access token of a licensed host")
    request.getfixturevalue("socket_enabled")
    settings.ZOOM_API_BASE = "https://api.zoom.us/v2"
    return TOKEN


def test_the_life_of_a_meeting(token):
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    mark = f"ref:{starts_at:%Y%m%d%H%M%S}"
    wanted = NewMeeting(
        topic="Verification",
        starts_at=starts_at,
        duration_minutes=30,
        timezone="UTC",
        agenda=mark,
        password="abc12345",
        settings={"approval_type": client.APPROVE_AUTOMATICALLY, "registration_type": 1},
    )

    made = client.create_meeting(wanted, token=token)
    found = client.find_meeting(mark, token=token)
    client.update_meeting(made.id, wanted, token=token)
    ask = {"email": "jo@example.org", "token": token}
    first, again = (client.add_registrant(made.id, full_name="Jo", **ask) for _ in range(2))
    client.cancel_registrant(made.id, registrant_id=first.registrant_id, **ask)
    runs = client.instances(made.id, token=token)
    client.delete_meeting(made.id, token=token)
    client.delete_meeting(made.id, token=token)

    assert (found.id, found.takes_registrants, found.passcode) == (made.id, True, "abc12345")
    assert first.registrant_id == again.registrant_id
    assert first.join_url != made.join_url
    assert runs == []
    with pytest.raises(ZoomNotFound):
        client.meeting(made.id, token=token)

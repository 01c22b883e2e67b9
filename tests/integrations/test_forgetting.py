"""How the inbox forgets people whom Zoom named."""

import json

import pytest

from integrations import forgetting
from tests.factories.integrations import InboundWebhookFactory

pytestmark = pytest.mark.django_db
BODY = json.dumps({"payload": {"object": {"participant": {"user_name": "Ada Guest"}}}})


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        ({"status": "processed"}, 1),
        ({"status": "skipped"}, 1),
        ({"status": "failed"}, 1),
        ({"status": "received"}, 0),
        ({"status": "processed", "subject_ref": "other"}, 0),
        ({"status": "processed", "body": '{"participant": "Bob"}'}, 0),
    ],
)
def test_settled_messages_about_their_meetings_are_emptied(facts, count):
    row = InboundWebhookFactory(**{"body": BODY, "subject_ref": "91", "note": "x", **facts})

    touched = forgetting.forget({"91"}, {"", "ADA GUEST"})

    row.refresh_from_db()
    assert touched == count
    assert (row.body == forgetting.FORGOTTEN, row.note == "") == (count == 1, count == 1)

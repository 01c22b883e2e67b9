"""The inbox in the admin: nothing to edit, one thing to ask for."""

import pytest
from django.test import Client

from common.models import AuditEntry
from tests.factories.accounts import UserFactory
from tests.factories.integrations import InboundWebhookFactory

URL = "/admin/integrations/inboundwebhook/"


@pytest.fixture
def browser(db):
    user = UserFactory(superuser=True)
    client = Client()
    client.force_login(user)
    return client


def test_selected_messages_are_taken_up_again(browser):
    failed = InboundWebhookFactory(status="failed")
    processed = InboundWebhookFactory(status="processed")
    chosen = {"action": "retry", "_selected_action": [failed.pk, processed.pk]}

    page = browser.post(URL, chosen, follow=True).content.decode()

    failed.refresh_from_db()
    processed.refresh_from_db()
    assert (failed.status, processed.status) == ("received", "processed")
    assert "1 done." in page
    assert AuditEntry.objects.filter(action="admin.action", target_uuid=failed.uuid).exists()


def test_a_message_can_be_looked_at_but_not_changed(browser):
    webhook = InboundWebhookFactory()

    page = browser.get(f"{URL}{webhook.pk}/change/").content.decode()

    assert "test.happened" in page
    assert 'name="_save"' not in page
    assert "hostU5er" not in page
    assert browser.post(f"{URL}{webhook.pk}/delete/", {"post": "yes"}).status_code == 403

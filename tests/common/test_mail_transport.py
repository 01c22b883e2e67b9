"""The development transport."""

import json

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from common import delivery
from tests.factories.common import OutgoingEmailFactory

BACKEND = "common.mail_transport.DevelopmentBackend"


@pytest.fixture(autouse=True)
def transport(settings, tmp_path):
    settings.EMAIL_BACKEND = BACKEND
    settings.MAIL_DIR = tmp_path / "mail"


def test_a_message_becomes_a_file_for_the_development_mailbox(db, settings, capsys):
    row = OutgoingEmailFactory(kind="welcome", to_email="ada@example.org", category="security")

    delivery.deliver(row.uuid, now=timezone.now())

    (file,) = settings.MAIL_DIR.iterdir()
    facts = json.loads(file.read_text())
    assert file.name == f"{row.uuid}.json"
    assert facts.pop("created_at").endswith("Z")
    assert facts == {
        "uuid": str(row.uuid),
        "kind": "welcome",
        "to_email": "ada@example.org",
        "subject": "Welcome",
        "text": "Hello.",
        "html": "<p>Hello.</p>",
    }
    assert "mail to ada@example.org (welcome): Welcome\nHello." in capsys.readouterr().out


def test_mail_of_the_framework_itself_is_kept_too(settings, capsys):
    EmailMultiAlternatives("Subject", "Body", "a@example.org", ["b@example.org"]).send()

    (file,) = settings.MAIL_DIR.iterdir()
    facts = json.loads(file.read_text())
    assert (facts["kind"], facts["to_email"], facts["html"]) == ("", "b@example.org", "")

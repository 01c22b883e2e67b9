"""Which messages are held back."""

import pytest
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from accounts.tasks import expire_sessions
from common import retention
from common.mail import Category
from common.models import OutgoingEmail
from tests.factories.accounts import AccountTokenFactory, UserFactory, UserSessionFactory

pytestmark = pytest.mark.django_db
FLAGS = {
    Category.REMINDER: "notify_event_reminders",
    Category.CERTIFICATE: "notify_certificate_issued",
    Category.ORGANIZER_REGISTRATION: "notify_new_registration",
    Category.ORGANIZER_SUMMARY: "notify_event_summary",
    Category.MARKETING: "notify_marketing",
}


def message(user, category, **facts):
    facts = {"to_email": user.email, "recipient_uuid": user.uuid} | facts
    return OutgoingEmail(kind="any", category=category, **facts)


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("wanted", [True, False])
def test_preferences_hold_back_their_category_alone(category, wanted):
    user = UserFactory(**dict.fromkeys(FLAGS.values(), wanted))

    expected = None if wanted or category not in FLAGS else "preference"

    assert preferences.objection(message(user, category)) == expected


def test_a_guest_message_follows_the_account_of_its_address():
    user = UserFactory(notify_event_reminders=False)

    mail = message(user, Category.REMINDER, recipient_uuid=None)

    assert preferences.objection(mail) == "preference"


def test_an_unproven_account_decides_nothing_about_an_address():
    user = UserFactory(unverified=True, notify_event_reminders=False)

    assert preferences.objection(message(user, Category.REMINDER, recipient_uuid=None)) is None


def test_erased_people_get_nothing():
    user = UserFactory()
    mail = message(user, Category.SECURITY)
    user.erase()

    assert preferences.objection(mail) == "recipient_erased"


def test_people_without_an_account_get_everything():
    mail = OutgoingEmail(kind="any", category=Category.REMINDER, to_email="guest@example.org")

    assert preferences.objection(mail) is None


def test_old_sessions_and_secrets_go():
    now = timezone.now()
    ages = [29, 31]
    for days in ages:
        UserSessionFactory(expires_at=now - timezone.timedelta(days=days))
        AccountTokenFactory(expires_at=now - timezone.timedelta(days=days - 23))

    retention.apply(now)
    expire_sessions()

    user = User.objects.first()
    assert sum(user.sessions.count() for user in User.objects.all()) == 1
    assert user is not None
    assert sum(user.account_tokens.count() for user in User.objects.all()) == 1

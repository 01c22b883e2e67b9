"""What people earned outlasts them, until its last day."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from accounts import erasure, privacy
from common import retention
from learning.credits.models import CreditAward, CreditDecision
from tests.factories.certificates import award
from tests.factories.credits import attended
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db


def earned(user, year):
    event = EventFactory(completed=True, starts_at=datetime(year, 3, 1, 9, tzinfo=UTC))
    award(attended(event, user=user, full_name="Ada Attendee"))


def test_awards_and_decisions_stay_with_the_name_until_their_day(attendee):
    earned(attendee, 2026)

    kept = privacy.kept(privacy.of(attendee))
    erasure.erase(attendee, by=attendee, action="account.erased")
    retention.apply(timezone.now())

    assert kept == [privacy.Kept("credit_awards", 1, date(2032, 3, 1))]
    assert CreditAward.objects.get().holder_name == "Ada Attendee"
    assert CreditDecision.objects.count() == 1


@pytest.mark.parametrize(("has_left", "left"), [(True, 0), (False, 1)])
def test_after_their_day_those_of_erased_people_go(attendee, has_left, left):
    earned(attendee, 2010)
    if has_left:
        erasure.erase(attendee, by=attendee, action="account.erased")

    retention.apply(timezone.now())

    assert (CreditAward.objects.count(), CreditDecision.objects.count()) == (left, left)

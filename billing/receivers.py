"""When somebody becomes an organizer, the trial begins; with the account it ends."""

from typing import Any

from django.dispatch import receiver

from accounts import privacy
from accounts.models import User
from accounts.signals import account_erased, organizer_upgraded
from billing import personal_data, subscribing

privacy.collects("billing")(personal_data.collect)
privacy.erases("billing")(personal_data.erase)


@receiver(organizer_upgraded)
def start_trial(user: User, **_: Any) -> None:
    subscribing.start_trial(user)


@receiver(account_erased)
def end_subscription(user: User, **_: Any) -> None:
    subscribing.end(user)

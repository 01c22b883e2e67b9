"""When somebody becomes an organizer, the trial begins."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import organizer_upgraded
from billing import subscribing


@receiver(organizer_upgraded)
def start_trial(user: User, **_: Any) -> None:
    subscribing.start_trial(user)

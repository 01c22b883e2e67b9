"""When somebody becomes an organizer, the trial begins; with the account it ends."""

from functools import partial
from typing import Any

from django.dispatch import receiver

from accounts import manifest, notifications, privacy
from accounts.models import User
from accounts.signals import account_erased, organizer_downgraded, organizer_upgraded
from accounts.webhooks import register_type
from billing import emails, outbound, personal_data, subscribing
from billing.signals import subscription_changed

for _name, _about in emails.NOTICES.items():
    notifications.register_type(_name, _about)
manifest.feature("view_billing", manifest.everybody)
privacy.collects("billing")(personal_data.collect)
privacy.erases("billing")(personal_data.erase)


@receiver(organizer_upgraded)
def start_trial(user: User, **_: Any) -> None:
    subscribing.start_trial(user)


@receiver([account_erased, organizer_downgraded])
def end_subscription(user: User, **_: Any) -> None:
    subscribing.end(user)


for _name, (_about, _example) in outbound.TYPES.items():
    register_type(_name, description=_about, example=_example)
subscription_changed.connect(
    partial(outbound.tell_of_subscription, "subscription.changed"), weak=False
)

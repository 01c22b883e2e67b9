"""When attendance is judged, credits follow."""

from functools import partial
from typing import Any

from django.dispatch import receiver

from accounts import notifications, privacy
from accounts.models import User
from accounts.signals import email_verified
from accounts.webhooks import register_type
from common import retention
from common.outbox import after_commit
from common.triggers import ALWAYS, append_only
from events.models import Event
from learning.credits import awarding, notices, outbound, personal_data, tasks
from learning.credits.models import CreditAward, CreditDecision
from learning.credits.signals import credit_awarded, credit_revoked
from registrations.models import Registration
from registrations.signals import attendance_changed, attendance_finalized, registrations_linked

for _name, _about in notices.TYPES.items():
    notifications.register_type(_name, _about)
privacy.collects("credits")(personal_data.collect)
privacy.keeps("credits")(personal_data.keep)
# Awards first: decisions stay while one rests on them.
retention.rule("credit_awards", days=0)(personal_data.released_awards)
retention.rule("credit_decisions", days=0)(personal_data.released_decisions)
# A guest's row is given to their account once; what must be kept is kept until its day.
RELEASED = "OLD.retain_until < CURRENT_DATE"
append_only(
    CreditAward,
    changes={"user_id": "OLD.user_id IS NULL", "updated_at": ALWAYS},
    deletable=RELEASED,
)
append_only(CreditDecision, deletable=RELEASED)


@receiver(attendance_finalized)
def award_event(event: Event, **_: Any) -> None:
    awarding.request_for_event(event)
    after_commit(tasks.award_event, event.pk, key=f"credits:event:{event.pk}")


@receiver(attendance_changed)
def award_registration(registration: Registration, **_: Any) -> None:
    if registration.event.attendance_finalized_at is None:
        return
    awarding.request_for_registration(registration)
    after_commit(
        tasks.award_registration, registration.pk, key=f"credits:registration:{registration.pk}"
    )


@receiver([email_verified, registrations_linked])
def claim_awards(user: User, **_: Any) -> None:
    after_commit(tasks.claim_awards, user.pk, key=f"credits:claim:{user.pk}")


for _name, (_about, _example) in outbound.TYPES.items():
    register_type(_name, description=_about, example=_example)
credit_awarded.connect(partial(outbound.tell_of_award, "credit.awarded"), weak=False)
credit_revoked.connect(partial(outbound.tell_of_award, "credit.revoked"), weak=False)

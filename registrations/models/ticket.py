"""What a registrant shows at the door."""

import uuid as uuids

from django.db import models

from common.models import BaseModel
from registrations.models.registration import Registration


class Ticket(BaseModel):
    """The code of one confirmed place."""

    registration = models.OneToOneField(
        Registration, on_delete=models.CASCADE, related_name="ticket"
    )
    code = models.UUIDField(default=uuids.uuid4, unique=True, editable=False)
    issued_at = models.DateTimeField()
    checked_in_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"ticket {self.code}"

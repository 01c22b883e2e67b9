"""What registrants answered."""

from django.db import models

from common import validators
from common.models import BaseModel
from events.models import EventCustomField
from registrations.models.registration import Registration


class RegistrationAnswer(BaseModel):
    """One answer to one question of the registration form, with the wording of that day."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="answers")
    field = models.ForeignKey(EventCustomField, on_delete=models.PROTECT, related_name="answers")
    label = models.CharField(max_length=200)
    value = models.JSONField(validators=[validators.bounded_json])

    class Meta(BaseModel.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "field"], name="registrations_registrationanswer_once"
            )
        ]

    def __str__(self) -> str:
        return f"answer to {self.label}"

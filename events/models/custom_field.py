"""What an organizer asks registrants."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from common import validators
from common.models import BaseModel
from events.models.event import Event
from events.querysets import EventCustomFieldQuerySet


class EventCustomField(BaseModel):
    """A question of the registration form of one event."""

    class FieldType(models.TextChoices):
        TEXT = "text"
        TEXTAREA = "textarea"
        SELECT = "select"
        MULTISELECT = "multiselect"
        CHECKBOX = "checkbox"
        RADIO = "radio"
        DATE = "date"
        NUMBER = "number"

    WITH_OPTIONS = frozenset({FieldType.SELECT, FieldType.MULTISELECT, FieldType.RADIO})
    LIMIT = 50  # per event

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="custom_fields")
    label = models.CharField(max_length=200, validators=[validators.plain_line])
    field_type = models.CharField(max_length=12, choices=FieldType.choices)
    required = models.BooleanField(default=False)
    placeholder = models.CharField(max_length=200, blank=True, validators=[validators.plain_line])
    help_text = models.CharField(max_length=500, blank=True, validators=[validators.plain_text])
    default_value = models.CharField(max_length=500, blank=True, validators=[validators.plain_text])
    options = models.JSONField(default=list, blank=True)
    min_value = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    max_value = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    order = models.PositiveIntegerField(default=0)
    show_on_certificate = models.BooleanField(default=False)

    objects = EventCustomFieldQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                F("event"), Lower("label"), name="events_eventcustomfield_label_once"
            ),
            models.CheckConstraint(
                name="events_eventcustomfield_min_is_not_above_max",
                condition=Q(min_value=None) | Q(max_value=None) | Q(min_value__lte=F("max_value")),
            ),
        ]

    def __str__(self) -> str:
        return self.label

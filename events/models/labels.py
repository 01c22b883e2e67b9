"""Words by which the catalogue is sorted."""

from django.db import models

from common import validators
from common.models import BaseModel
from events.querysets import CategoryQuerySet


class Category(BaseModel):
    """A subject of the catalogue, kept by the platform."""

    name = models.CharField(max_length=80, unique=True, validators=[validators.plain_line])
    slug = models.SlugField(max_length=90, unique=True)
    description = models.CharField(max_length=500, blank=True)
    order = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = CategoryQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        verbose_name_plural = "categories"
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class Tag(BaseModel):
    """A free word for events, shared by all organizers and equal by slug."""

    name = models.CharField(max_length=40, validators=[validators.plain_line])
    slug = models.SlugField(max_length=50, unique=True)

    class Meta(BaseModel.Meta):
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

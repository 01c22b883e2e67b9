"""Designs of certificates; one row is one version."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinLengthValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from certificates.querysets import CertificateTemplateQuerySet
from common import validators
from common.models import SoftDeleteModel
from common.querysets import LiveManager

PIXELS: list[MinValueValidator | MaxValueValidator] = [
    MinValueValidator(200),
    MaxValueValidator(5000),
]
TemplateManager = LiveManager.from_queryset(CertificateTemplateQuerySet)


class CertificateTemplate(SoftDeleteModel):
    """One version of a design: a page, what stands where on it, and how it is written."""

    class BackgroundType(models.TextChoices):
        NONE = "none"
        PDF = "pdf"
        PNG = "png"
        JPG = "jpg"

    class Font(models.TextChoices):
        SANS = "sans"
        SERIF = "serif"
        MONO = "mono"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="certificate_templates",
    )
    organization = models.ForeignKey(
        Organization,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="certificate_templates",
    )
    is_shared = models.BooleanField(default=False)
    is_builtin = models.BooleanField(default=False)
    chain = models.UUIDField(default=uuid.uuid4)
    version = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    is_latest_version = models.BooleanField(default=True)
    name = models.CharField(
        max_length=100, validators=[MinLengthValidator(3), validators.plain_line]
    )
    description = models.TextField(max_length=500, blank=True, validators=[validators.plain_text])
    background_type = models.CharField(
        max_length=4, choices=BackgroundType.choices, default=BackgroundType.NONE
    )
    # A storage key, or the name of a drawing of ours such as `builtin:classic`.
    background_file = models.CharField(max_length=500, blank=True)
    background_sha256 = models.CharField(max_length=64, blank=True)
    file_size_bytes = models.PositiveIntegerField(default=0)
    width_px = models.PositiveSmallIntegerField(default=1056, validators=PIXELS)
    height_px = models.PositiveSmallIntegerField(default=816, validators=PIXELS)
    field_positions = models.JSONField(default=dict, blank=True)
    default_font = models.CharField(max_length=5, choices=Font.choices, default=Font.SANS)
    default_font_size = models.PositiveSmallIntegerField(
        default=16, validators=[MinValueValidator(6), MaxValueValidator(200)]
    )
    default_color = models.CharField(
        max_length=7, default="#111827", validators=[validators.hex_color]
    )
    logo_image = models.CharField(max_length=500, blank=True)
    signature_image = models.CharField(max_length=500, blank=True)
    signature_2_image = models.CharField(max_length=500, blank=True)
    signatory_name = models.CharField(
        max_length=120, blank=True, validators=[validators.plain_line]
    )
    signatory_title = models.CharField(
        max_length=120, blank=True, validators=[validators.plain_line]
    )
    signatory_2_name = models.CharField(
        max_length=120, blank=True, validators=[validators.plain_line]
    )
    signatory_2_title = models.CharField(
        max_length=120, blank=True, validators=[validators.plain_line]
    )
    language = models.CharField(max_length=35, default="en")
    validity_months = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = TemplateManager()  # type: ignore[misc]  # the base declares it
    all_objects = CertificateTemplateQuerySet.as_manager()  # type: ignore[misc]  # the same

    class Meta(SoftDeleteModel.Meta):
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["owner", "is_active"], name="certificates_template_owner"),
            models.Index(fields=["organization", "is_shared"], name="certificates_template_shared"),
        ]
        constraints = [
            models.CheckConstraint(
                name="certificates_certificatetemplate_builtin_iff_ownerless",
                condition=Q(is_builtin=True, owner=None) | Q(is_builtin=False, owner__isnull=False),
            ),
            models.CheckConstraint(
                name="certificates_certificatetemplate_shared_in_organization",
                condition=Q(is_shared=False) | Q(organization__isnull=False),
            ),
            models.CheckConstraint(
                name="certificates_certificatetemplate_default_is_latest",
                condition=Q(is_default=False) | Q(is_latest_version=True),
            ),
            models.UniqueConstraint(
                fields=["chain", "version"], name="certificates_certificatetemplate_version"
            ),
            models.UniqueConstraint(
                fields=["chain"],
                condition=Q(is_latest_version=True, deleted_at=None),
                name="certificates_certificatetemplate_one_latest",
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(is_default=True, organization=None, deleted_at=None),
                name="certificates_certificatetemplate_one_default_per_owner",
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(is_default=True, deleted_at=None),
                name="certificates_certificatetemplate_one_default_shared",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"

    @property
    def orientation(self) -> str:
        return "landscape" if self.width_px >= self.height_px else "portrait"

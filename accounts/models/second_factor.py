"""What proves somebody beside the password: a code generator, recovery codes, passkeys."""

from django.db import models
from django.db.models import Q

from accounts.models.people import User
from accounts.models.sessions import UserSession
from accounts.querysets import OwnQuerySet
from common import validators
from common.fields import EncryptedTextField
from common.models import BaseModel


class TotpDevice(BaseModel):
    """The code generator of one person; it counts once confirmed by a code (RFC 6238)."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="totp_device")
    secret = EncryptedTextField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_used_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Code generator of {self.user}"


class RecoveryCode(BaseModel):
    """A code that stands in for the generator once; only its keyed digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["user", "digest"], name="accounts_recoverycode_one_per_digest"
            )
        ]

    def __str__(self) -> str:
        return f"Recovery code of {self.user}"


class Passkey(BaseModel):
    """A key on somebody's device that signs in without a password (WebAuthn)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=100, validators=[validators.plain_line])
    credential_id = models.BinaryField(max_length=1023, unique=True)
    public_key = models.BinaryField()
    sign_count = models.PositiveBigIntegerField(default=0)
    transports = models.JSONField(default=list, blank=True)
    is_backed_up = models.BooleanField(default=False)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = OwnQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class SignInChallenge(BaseModel):
    """A started ceremony that waits for its answer: few minutes, few tries, once.

    `otp` follows a right password; `passkey_create` and `passkey_use` hold the state of WebAuthn.
    """

    class Purpose(models.TextChoices):
        OTP = "otp"
        PASSKEY_CREATE = "passkey_create"
        PASSKEY_USE = "passkey_use"

    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="sign_in_challenges"
    )
    session = models.ForeignKey(
        UserSession, null=True, blank=True, on_delete=models.CASCADE, related_name="challenges"
    )
    digest = models.CharField(max_length=64, unique=True)
    auth_method = models.CharField(
        max_length=10, choices=UserSession.AuthMethod.choices, blank=True
    )
    state = models.JSONField(default=dict, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.CheckConstraint(
                name="accounts_signinchallenge_has_its_person",
                condition=Q(purpose="passkey_use") | Q(user__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} challenge"

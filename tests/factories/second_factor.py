"""Rows of second factors in their smallest valid form."""

import base64
from datetime import timedelta

import factory
from django.utils import timezone
from django_otp.oath import hotp

from accounts.models import Passkey, RecoveryCode, SignInChallenge, TotpDevice
from common import codes
from tests.factories.accounts import UserFactory

KEY = b"12345678901234567890"  # of the vectors of RFC 6238
SECRET = base64.b32encode(KEY).decode()


class TotpDeviceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TotpDevice

    user = factory.SubFactory(UserFactory)
    secret = SECRET
    confirmed_at = factory.LazyFunction(timezone.now)


class RecoveryCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RecoveryCode

    user = factory.SubFactory(UserFactory)
    digest = factory.Sequence(lambda n: codes.digest(f"code {n}"))


class PasskeyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Passkey

    user = factory.SubFactory(UserFactory)
    name = "Phone"
    credential_id = factory.Sequence(lambda n: f"credential {n}".encode())
    public_key = b"key"


class SignInChallengeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SignInChallenge

    user = factory.SubFactory(UserFactory)
    purpose = "otp"
    auth_method = "password"
    digest = factory.Sequence(lambda n: codes.digest(f"challenge {n}"))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=5))


def code_at(at, key=KEY) -> str:
    """Return what the generator shows then."""
    return f"{hotp(key, int(at.timestamp()) // 30):06}"

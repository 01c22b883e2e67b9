"""Rows of accounts in their smallest valid form."""

from datetime import timedelta

import factory
from django.utils import timezone

from accounts.models import (
    AccountToken,
    Membership,
    Notification,
    OAuthFlow,
    Organization,
    User,
    UserSession,
    ZoomConnection,
)
from common import codes

PASSWORD = "Correct-Horse-7-Battery"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        unverified = factory.Trait(email_verified=False, email_verified_at=None)
        organizer = factory.Trait(
            account_type="organizer", upgraded_to_organizer_at=factory.LazyFunction(timezone.now)
        )
        platform_staff = factory.Trait(is_staff=True)
        superuser = factory.Trait(is_staff=True, is_superuser=True)

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    full_name = factory.Sequence(lambda n: f"Person {n}")
    email_verified = True
    email_verified_at = factory.LazyFunction(timezone.now)
    password = factory.django.Password(PASSWORD)


class OrganizationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Provider {n}")
    slug = factory.Sequence(lambda n: f"provider-{n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    class Params:
        ended = factory.Trait(ended_at=factory.LazyFunction(timezone.now))

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = "organizer"


class UserSessionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = UserSession

    class Params:
        in_browser = factory.Trait(
            kind="browser",
            refresh_jti=None,
            session_key_digest=factory.Sequence(lambda n: codes.digest(f"key {n}")),
        )
        ended = factory.Trait(ended_at=factory.LazyFunction(timezone.now), end_reason="terminated")

    user = factory.SubFactory(UserFactory)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))


class AccountTokenFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AccountToken

    user = factory.SubFactory(UserFactory)
    purpose = "verify_email"
    digest = factory.Sequence(lambda n: codes.digest(f"token {n}"))
    email = factory.SelfAttribute("user.email")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=24))


class OAuthFlowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OAuthFlow

    provider = "zoom"
    intent = "connect"
    user = factory.SubFactory(UserFactory)
    session = factory.SubFactory(UserSessionFactory, user=factory.SelfAttribute("..user"))
    redirect_uri = "http://localhost:3000/settings/zoom/callback"
    state_digest = factory.Sequence(lambda n: codes.digest(f"state {n}"))
    code_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=10))


class ZoomConnectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ZoomConnection

    user = factory.SubFactory(UserFactory, organizer=True)
    access_token = "zoom-access-token"
    refresh_token = "zoom-refresh-token"
    token_expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    zoom_user_id = factory.Sequence(lambda n: f"zoom-user-{n}")
    zoom_email = factory.Sequence(lambda n: f"host{n}@example.org")
    zoom_account_id = "zoom-account"
    zoom_user_type = 2


class NotificationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    notification_type = "system"
    title = factory.Sequence(lambda n: f"Notice {n}")

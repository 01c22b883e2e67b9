"""Invitations into organizations in their smallest valid form."""

from datetime import timedelta

import factory
from django.utils import timezone

from accounts.models import MembershipInvitation
from common import codes
from tests.factories.accounts import OrganizationFactory

SECRET = "the-secret-of-the-mail-{}"


class MembershipInvitationFactory(factory.django.DjangoModelFactory):
    """Open for a week; `secret=` is what the mail would hold."""

    class Meta:
        model = MembershipInvitation
        exclude = ("secret",)

    class Params:
        expired = factory.Trait(expires_at=factory.LazyFunction(timezone.now))
        accepted = factory.Trait(accepted_at=factory.LazyFunction(timezone.now))
        declined = factory.Trait(declined_at=factory.LazyFunction(timezone.now))
        revoked = factory.Trait(revoked_at=factory.LazyFunction(timezone.now))

    secret = factory.Sequence(SECRET.format)
    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"invited{n}@example.org")
    role = "organizer"
    digest = factory.LazyAttribute(lambda row: codes.digest(row.secret))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))

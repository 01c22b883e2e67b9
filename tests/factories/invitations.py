"""Invitations into organizations in their smallest valid form."""

from datetime import timedelta

import factory
from django.utils import timezone

from accounts.models import MembershipInvitation
from common import codes
from tests.factories.accounts import OrganizationFactory


class MembershipInvitationFactory(factory.django.DjangoModelFactory):
    """Open for a week; the row's `secret` is what the mail would hold."""

    class Meta:
        model = MembershipInvitation

    class Params:
        expired = factory.Trait(expires_at=factory.LazyFunction(timezone.now))
        accepted = factory.Trait(accepted_at=factory.LazyFunction(timezone.now))
        declined = factory.Trait(declined_at=factory.LazyFunction(timezone.now))
        revoked = factory.Trait(revoked_at=factory.LazyFunction(timezone.now))

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"invited{n}@example.org")
    role = "organizer"
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        secret = codes.token()
        row = super()._create(model_class, *args, digest=codes.digest(secret), **kwargs)
        row.secret = secret
        return row

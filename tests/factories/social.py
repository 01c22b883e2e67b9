"""Accounts at Google and Microsoft, in their smallest valid form."""

import factory
from django.utils import timezone

from accounts.models import SocialAccount
from tests.factories.accounts import UserFactory


class SocialAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SocialAccount

    user = factory.SubFactory(UserFactory)
    provider = "google"
    issuer = factory.LazyAttribute(lambda row: f"https://{row.provider}.example")
    subject = factory.Sequence(lambda n: f"subject-{n}")
    email = factory.SelfAttribute("user.email")
    connected_at = factory.LazyFunction(timezone.now)

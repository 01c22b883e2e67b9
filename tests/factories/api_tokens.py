"""Keys for programs in their smallest valid form; each secret is known to the tests."""

from datetime import timedelta

import factory
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken
from common import codes
from tests.factories.accounts import UserFactory

SECRET = "S" * 43


class ApiTokenFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ApiToken

    class Params:
        expired = factory.Trait(
            expires_at=factory.LazyFunction(lambda: timezone.now() - timedelta(seconds=1))
        )
        revoked = factory.Trait(revoked_at=factory.LazyFunction(timezone.now))

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Program {n}")
    prefix = factory.Sequence(lambda n: f"{n:08d}")
    digest = codes.digest(SECRET)
    scopes = ["events:read"]
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))


def written(token: ApiToken, secret: str = SECRET) -> str:
    return f"cpd_{token.prefix}_{secret}"


def program(token: ApiToken | str) -> APIClient:
    """Return a client that carries the token."""
    client = APIClient()
    shown = token if isinstance(token, str) else written(token)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {shown}")
    return client

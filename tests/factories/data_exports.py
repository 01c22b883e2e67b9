"""Copies of data in their smallest valid form."""

import factory
from django.utils import timezone

from accounts.models import DataExport
from tests.factories.accounts import UserFactory


class DataExportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DataExport

    user = factory.SubFactory(UserFactory)
    requested_at = factory.LazyFunction(timezone.now)

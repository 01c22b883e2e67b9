"""Which suppressions apply."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from contacts.models import Suppression


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Addresses that get no more mail."""

    def live(self) -> Self:
        """Leave out those that were lifted."""
        return self.filter(lifted_at=None)

    def known_as(self, hashes: Collection[str]) -> Self:
        """Keep those of the addresses with these hashes."""
        return self.filter(email_hash__in=hashes)

"""Nested resources have their organization once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from rest_framework.request import Request

from accounts import roles
from accounts.models import Organization
from accounts.requests import AuthenticatedRequest
from accounts.roles import Capability
from common.exceptions import NotAllowed
from common.viewsets import BaseViewSet

M = TypeVar("M", bound=Model)


class OrganizationScopedMixin(BaseViewSet[M]):
    """Confine a nested viewset to one organization the caller belongs to.

    `organization_capability` is what the caller must have there, also for reading.
    """

    request: AuthenticatedRequest
    scoped_by = "the organization, which the caller sees"
    schema_tag = "organizations"
    organization_capability: str = Capability.ORGANIZATION_VIEW

    @cached_property
    def organization(self) -> Organization:
        visible = Organization.objects.visible_to(self.request.user)
        organization = get_object_or_404(visible, uuid=self.kwargs["organization_uuid"])
        reach = roles.reach(self.request.user)
        if not reach.may(self.organization_capability, organization_id=organization.pk):
            raise NotAllowed
        return organization

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse strangers before their body is looked at."""
        super().initial(request, *args, **kwargs)
        _ = self.organization

    @contextmanager
    def locked(self, row: M) -> Iterator[M]:
        """Hold the organization before the row: every verb on its people does so."""
        with transaction.atomic():
            self.organization.lock()
            with super().locked(row) as current:
                yield current

"""Tools of the people who run the platform, and everybody's own jobs."""

from collections.abc import Callable
from typing import TypeVar

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from common import audit, callers, context, mail, outbox, scopes
from common.filters import BaseFilter
from common.models import (
    AuditEntry,
    AuditHead,
    BaseModel,
    Job,
    OutboxTask,
    OutgoingEmail,
    PeriodicRun,
)
from common.pagination import CursorPaginationByCreated, StandardPagination
from common.permissions import IsPlatformStaff
from common.views.serializers import (
    AuditEntrySerializer,
    AuditStatusSerializer,
    JobSerializer,
    OutboxTaskSerializer,
    OutgoingEmailSerializer,
    PeriodicRunSerializer,
)
from common.viewsets import BaseViewSet, ListMixin, RetrieveMixin

R = TypeVar("R", bound=BaseModel)


class JobFilter(BaseFilter):
    class Meta(BaseFilter.Meta):
        model = Job
        fields = ("kind", "status")


class TaskFilter(BaseFilter):
    class Meta(BaseFilter.Meta):
        model = OutboxTask
        fields = ("status", "name", "queue")


class EmailFilter(BaseFilter):
    class Meta(BaseFilter.Meta):
        model = OutgoingEmail
        fields = ("status", "kind", "category", "to_email")


class AuditFilter(BaseFilter):
    actor = django_filters.UUIDFilter("actor_uuid", label="Who did it.")
    target = django_filters.UUIDFilter("target_uuid", label="What it was done to.")
    organization = django_filters.UUIDFilter("organization_uuid", label="Whose it is.")

    class Meta(BaseFilter.Meta):
        model = AuditEntry
        fields = ("action",)


class JobViewSet(ListMixin[Job], RetrieveMixin[Job], BaseViewSet[Job]):
    """Long work you asked for, with its progress and, once done, its file."""

    resource = scopes.ANY
    scoped_by = "requested_by_uuid"
    queryset = Job.objects.select_related("file")
    serializer_class = JobSerializer
    filterset_class = JobFilter
    pagination_class = CursorPaginationByCreated

    def get_queryset(self) -> QuerySet[Job]:
        jobs = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return jobs.none()
        mine = jobs.filter(requested_by_uuid=self.request.user.uuid)  # type: ignore[union-attr]  # signed in
        token = context.current().token_uuid
        return mine.filter(**{f"args__{callers.API_TOKEN}": str(token)}) if token else mine


class StaffViewSet(ListMixin[R], BaseViewSet[R]):
    """What the people who run the platform may see."""

    scoped_by = "platform staff"
    permission_classes = (IsPlatformStaff,)
    pagination_class: type[BasePagination] = CursorPaginationByCreated

    def put_back(self, verb: Callable[[R], None], note: str) -> Response:
        """Carry out the verb as platform staff, audited, and answer with the row."""
        row = self.get_object()
        with context.acting(actor_type=AuditEntry.ActorType.STAFF), transaction.atomic():
            verb(row)
            audit.record(note, target=row)
        return self.answer(row)


class StaffTaskViewSet(RetrieveMixin[OutboxTask], StaffViewSet[OutboxTask]):
    """Durable tasks: what is due, what failed and why."""

    queryset = OutboxTask.objects.all()
    serializer_class = OutboxTaskSerializer
    filterset_class = TaskFilter

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: str) -> Response:
        """Try a failed task again, with all its attempts."""
        return self.put_back(outbox.retry, "task.retried")


class StaffEmailViewSet(RetrieveMixin[OutgoingEmail], StaffViewSet[OutgoingEmail]):
    """The mail log, without the messages themselves."""

    queryset = OutgoingEmail.objects.all()
    serializer_class = OutgoingEmailSerializer
    filterset_class = EmailFilter

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: str) -> Response:
        """Send a failed message again."""
        return self.put_back(mail.retry, "email.retried")


class StaffAuditViewSet(StaffViewSet[AuditEntry]):
    """The audit log."""

    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter

    @extend_schema(responses=AuditStatusSerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def status(self, request: Request) -> Response:
        """Show the end of the audit chain."""
        head = AuditHead.objects.first() or AuditHead()
        unsealed = AuditEntry.objects.filter(sequence=None).count()
        return Response(
            {
                "last_sequence": head.last_sequence,
                "last_hash": head.last_hash,
                "last_verified_at": head.last_verified_at,
                "ok": head.broken_at is None,
                "unsealed": unsealed,
            }
        )


class StaffPeriodicViewSet(StaffViewSet[PeriodicRun]):
    """When the scheduled tasks last ran."""

    queryset = PeriodicRun.objects.all()
    serializer_class = PeriodicRunSerializer
    pagination_class = StandardPagination
    ordering = ("name",)

"""The stock admin, with what every model of ours needs, and the machinery's own tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from common import audit, context, mail, outbox
from common.exceptions import DomainError
from common.fields import CurrencyField, EncryptedTextField, MinorUnitsField
from common.models import (
    AuditEntry,
    AuditHead,
    IdempotencyRecord,
    Job,
    OutboxTask,
    OutgoingEmail,
    PeriodicRun,
    StoredFile,
)

M = TypeVar("M", bound=Model)


class AuditedAdmin(admin.ModelAdmin[M]):
    """Audit every change; status, money and moments are read-only, encrypted columns unseen.

    State changes are actions that call the same verbs as the API, by way of `carry_out`.
    """

    show_full_result_count = False
    list_per_page = 50
    # Columns that only a verb may write, beside those recognised by name or kind.
    settled_fields: ClassVar[tuple[str, ...]] = ()

    def get_exclude(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        hidden = [f.name for f in self.opts.fields if isinstance(f, EncryptedTextField)]
        return [*(super().get_exclude(request, obj) or ()), *hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        settled = [f.name for f in self.opts.fields if _is_settled(f)]
        return list(
            dict.fromkeys(
                [*super().get_readonly_fields(request, obj), *settled, *self.settled_fields]
            )
        )

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> Any:
        self._audit(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> Any:
        self._audit(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self._audit(request, row, "deleted", "")
        return super().log_deletions(request, queryset)

    def carry_out(
        self, request: HttpRequest, rows: QuerySet[M], verb: Callable[..., Any], **kwargs: Any
    ) -> int:
        """Call the verb on each row as the API would; refusals are shown, the others go on."""
        done = 0
        for row in rows:
            try:
                with acting_as_staff(request):
                    verb(row, **kwargs)
                    self._audit(request, row, "action", verb.__name__)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal.text}", messages.WARNING)
            else:
                done += 1
        self.message_user(request, f"{done} done.", messages.SUCCESS)
        return done

    def _audit(self, request: HttpRequest, row: Any, what: str, message: Any) -> None:
        with acting_as_staff(request):
            audit.record(f"admin.{what}", target=row, change=message)


class LedgerAdmin(AuditedAdmin[M]):
    """Rows nobody edits or deletes: logs, ledgers and queues."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may see the rows and change the model by permission may ask for another try."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


@contextmanager
def acting_as_staff(request: HttpRequest) -> Iterator[None]:
    """Attribute audit entries of the block to the person in the admin."""
    person: Any = request.user
    with context.acting(actor_type=AuditEntry.ActorType.STAFF, actor_uuid=person.uuid):
        yield


def _is_settled(field: Any) -> bool:
    return field.name == "status" or isinstance(field, MinorUnitsField | CurrencyField)


@admin.register(OutboxTask)
class OutboxTaskAdmin(LedgerAdmin[OutboxTask]):
    list_display = ("name", "queue", "status", "attempts", "due_at", "finished_at")
    list_filter = ("status", "queue", "name")
    search_fields = ("name", "key", "request_id")
    ordering = ("-id",)
    actions = ("retry",)

    @admin.action(description="Try the selected failed tasks again", permissions=["retry"])
    def retry(self, request: HttpRequest, rows: QuerySet[OutboxTask]) -> None:
        self.carry_out(request, rows, outbox.retry)


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(LedgerAdmin[OutgoingEmail]):
    list_display = ("kind", "category", "to_email", "status", "skip_reason", "created_at")
    list_filter = ("status", "category", "kind")
    search_fields = ("to_email", "kind", "provider_message_id")
    ordering = ("-id",)
    actions = ("retry",)

    @admin.action(description="Send the selected failed messages again", permissions=["retry"])
    def retry(self, request: HttpRequest, rows: QuerySet[OutgoingEmail]) -> None:
        self.carry_out(request, rows, mail.retry)


@admin.register(AuditEntry)
class AuditEntryAdmin(LedgerAdmin[AuditEntry]):
    list_display = ("sequence", "at", "action", "actor_type", "actor_uuid", "target_type")
    list_filter = ("actor_type", "action")
    search_fields = ("action", "=actor_uuid", "=target_uuid", "request_id")
    ordering = ("-id",)


@admin.register(AuditHead)
class AuditHeadAdmin(LedgerAdmin[AuditHead]):
    list_display = ("last_sequence", "last_verified_at", "broken_at")


@admin.register(PeriodicRun)
class PeriodicRunAdmin(LedgerAdmin[PeriodicRun]):
    list_display = ("name", "last_started_at", "last_finished_at", "last_error")
    search_fields = ("name",)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(LedgerAdmin[IdempotencyRecord]):
    """Answers may hold what only their caller should read, so the body stays hidden."""

    list_display = ("method", "path", "state", "response_status", "expires_at")
    list_filter = ("state", "method")
    search_fields = ("path",)
    exclude = ("response_body", "key")
    ordering = ("-id",)


@admin.register(StoredFile)
class StoredFileAdmin(LedgerAdmin[StoredFile]):
    list_display = ("filename", "purpose", "content_type", "size", "scan_status", "created_at")
    list_filter = ("purpose", "store", "scan_status")
    search_fields = ("filename", "sha256")
    ordering = ("-id",)


@admin.register(Job)
class JobAdmin(LedgerAdmin[Job]):
    list_display = ("kind", "status", "done", "total", "error_count", "created_at")
    list_filter = ("status", "kind")
    ordering = ("-id",)

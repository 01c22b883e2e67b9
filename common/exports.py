"""Lists as files: streamed at once, or made by a job when they are long."""

import tempfile
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, TypeVar, cast

from django.db.models import Model
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common import audit, jobs, sheets
from common.exceptions import RuleViolation
from common.models import Job
from common.renderers import CSV_TYPE, XLSX_TYPE, CsvRenderer, Renderer, XlsxRenderer
from common.serializers import Serializer
from common.sheets import Column, Sheet
from common.viewsets import BaseViewSet

__all__ = ["Column", "ExportMixin"]

M = TypeVar("M", bound=Model)

STREAM_LIMIT: Final = 100_000
JOB_LIMIT: Final = 1_000_000
PARAMETERS: Final = [
    OpenApiParameter(
        "export_format",
        enum=list(sheets.TYPES),
        default="csv",
        description="The type of the file; wins over Accept.",
    ),
    OpenApiParameter("columns", description="Comma-separated names of columns, in this order."),
]


class ExportTooLarge(RuleViolation):
    code = "EXPORT_TOO_LARGE"
    message = "The export has too many rows. Narrow the filters, or POST to make a file of it."


class JobLinkSerializer(Serializer):
    """Where to look for long work."""

    uuid = serializers.UUIDField(read_only=True)
    url = serializers.URLField(read_only=True)
    status = serializers.ChoiceField(choices=Job.Status.choices, read_only=True)


class JobStartedSerializer(Serializer):
    """The answer to a request for long work."""

    job = JobLinkSerializer(read_only=True)


def job_started(job: Job, request: Request) -> Response:
    """Answer 202 with the job that does the work."""
    url = request.build_absolute_uri(f"/api/v1/jobs/{job.uuid}/")
    body = {"job": {"uuid": job.uuid, "url": url, "status": job.status}}
    return Response(body, status=HTTPStatus.ACCEPTED)


def asked_type(request: Request) -> str:
    """Return csv or xlsx: `export_format`, else `format`, else `Accept`, else csv."""
    for parameter in ("export_format", "format"):
        asked = request.query_params.get(parameter)
        if asked in sheets.TYPES:
            return asked
        if asked is not None:
            raise ValidationError({parameter: ["Choose csv or xlsx."]})
    accepted: str = request.accepted_renderer.format
    return accepted if accepted in sheets.TYPES else "csv"


class ExportMixin(BaseViewSet[M]):
    """The list as a file: the same scope, filters, search and ordering, without pages."""

    export_name: ClassVar[str] = ""
    export_columns: ClassVar[Sequence[Column]] = ()

    @extend_schema(
        parameters=PARAMETERS,
        responses={
            (200, CSV_TYPE): OpenApiTypes.STR,
            (200, XLSX_TYPE): OpenApiTypes.BINARY,
        },
    )
    @action(
        detail=False,
        methods=["get"],
        throttle_scope="export",
        renderer_classes=[Renderer, CsvRenderer, XlsxRenderer],
    )
    def export(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        """Download the list as CSV or spreadsheet."""
        sheet = self.sheet()
        if sheet.rows.count() > STREAM_LIMIT:
            raise ExportTooLarge(details={"max": STREAM_LIMIT})
        self.note_export(sheet)
        if sheet.file_type == "csv":
            chunks = sheets.csv_chunks(sheet.records())
            response: HttpResponseBase = StreamingHttpResponse(
                chunks, content_type=f"{CSV_TYPE}; charset=utf-8"
            )
        else:
            book = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by the response
            sheet.write(book)
            book.seek(0)
            response = FileResponse(book, content_type=XLSX_TYPE)
        response.headers["Content-Disposition"] = f'attachment; filename="{sheet.filename}"'
        return response

    @extend_schema(parameters=PARAMETERS, request=None, responses={202: JobStartedSerializer})
    @export.mapping.post
    def export_job(self, request: Request, **kwargs: Any) -> Response:
        """Make a file of up to a million rows; the answer names the job that does it."""
        self.action = "export"  # the same rows as the file at once would have
        sheet = self.sheet()
        total = sheet.rows.count()
        if total > JOB_LIMIT:
            raise ExportTooLarge(details={"max": JOB_LIMIT})
        self.note_export(sheet)
        job = jobs.start(
            "export",
            by=cast("Model", request.user),
            task="common.write_export",
            args={"path": request.path, "query": request.META.get("QUERY_STRING", "")},
            total=total,
        )
        return job_started(job, request)

    def sheet(self) -> Sheet:
        """Return what the request asks for."""
        rows = self.filter_queryset(self.get_readable_queryset())
        return Sheet(self._chosen_columns(), rows, asked_type(self.request), self.export_name)

    def note_export(self, sheet: Sheet) -> None:
        """Leave a trace of who took what out."""
        caller = cast("Model", self.request.user)
        audit.record(
            "list.exported",
            by=caller,
            owner=caller,
            resource=self.export_name,
            file_type=sheet.file_type,
            filters=self.request.query_params.dict(),
        )

    def _chosen_columns(self) -> Sequence[Column]:
        asked = [part for part in self.request.query_params.get("columns", "").split(",") if part]
        if not asked:
            return [column for column in self.export_columns if not column.is_optional]
        known = {column.key: column for column in self.export_columns}
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise ValidationError({"columns": [f"Unknown column: {unknown[0]}."]})
        return [known[name] for name in asked]

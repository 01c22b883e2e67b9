"""A copy of one's data, the end of one's account, and both for people without one."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import data_exports, erasure
from accounts.models import DataExport, User
from accounts.requests import AuthenticatedRequest
from accounts.serializers import privacy as shapes
from common.permissions import IsPlatformStaff
from common.viewsets import BaseViewSet, ScopedViewSet


class DataExportViewSet(ScopedViewSet[DataExport]):
    """Copies of everything that is known about the caller."""

    request: AuthenticatedRequest
    schema_tag = "users"
    permission_classes = [IsAuthenticated]
    lookup_url_kwarg = "request_uuid"
    queryset = DataExport.objects.select_related("file")
    serializer_class = shapes.DataExportSerializer
    action_serializers = {"create": shapes.ExportRequestSerializer}
    further_refusals = {"download": (409, 410)}

    @extend_schema(responses={200: shapes.DataExportSerializer, 202: shapes.DataExportSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Ask for a copy; one of the last 24 hours is answered again."""
        body = self.validated(shapes.ExportRequestSerializer)
        return _asked(data_exports.request(self.request.user, now=timezone.now(), **body))

    def status(self, request: Request, **kwargs: Any) -> Response:
        """Tell how far the copy is."""
        return Response(shapes.DataExportSerializer(self.get_object()).data)

    @extend_schema(responses=shapes.DataDownloadSerializer)
    def download(self, request: Request, **kwargs: Any) -> Response:
        """Return a link to the finished copy."""
        link = data_exports.download(self.get_object(), now=timezone.now())
        return Response(shapes.DataDownloadSerializer(link).data)


class DeleteAccountViewSet(BaseViewSet[User]):
    """The end of the caller's account."""

    request: AuthenticatedRequest
    scoped_by = "the caller's own account"
    schema_tag = "users"
    throttle_scope = "auth"
    serializer_class = shapes.AccountDeletedSerializer
    action_serializers = {"destroy": shapes.DeleteAccountSerializer}

    @extend_schema(responses={200: shapes.AccountDeletedSerializer})
    def destroy(self, request: Request) -> Response:
        """Delete the account and everything that belongs to it. It cannot be undone."""
        body = self.validated(shapes.DeleteAccountSerializer)
        user = self.request.user
        erasure.require_proof(user, password=body["password"], now=timezone.now())
        kept = erasure.delete_account(user, reason=body["reason"])
        answer = {
            "message": "Your account was deleted.",
            "kept": [asdict(each) for each in kept],
        }
        return Response(shapes.AccountDeletedSerializer(answer).data)


class PersonViewSet(BaseViewSet[DataExport]):
    """People without an account, whose requests were checked by hand."""

    request: AuthenticatedRequest
    scoped_by = "platform staff"
    schema_tag = "staff"
    permission_classes = [IsPlatformStaff]
    throttle_scope = "export"
    queryset = DataExport.objects.all()
    serializer_class = shapes.DataExportSerializer
    action_serializers = {"export": shapes.PersonSerializer, "erase": shapes.PersonSerializer}

    @extend_schema(responses={200: shapes.DataExportSerializer, 202: shapes.DataExportSerializer})
    def export(self, request: Request) -> Response:
        """Ask for a copy of what is known about the address; fetched as one's own copies are."""
        body = self.validated(shapes.PersonSerializer)
        staff = self.request.user
        return _asked(data_exports.request_for_address(staff, now=timezone.now(), **body))

    @extend_schema(responses={200: shapes.ErasedSerializer})
    def erase(self, request: Request) -> Response:
        """Erase what is known about the address. It cannot be undone."""
        body = self.validated(shapes.PersonSerializer)
        erased = erasure.erase_for_address(by=self.request.user, now=timezone.now(), **body)
        return Response(shapes.ErasedSerializer({"erased": erased}).data)


def _asked(outcome: tuple[DataExport, bool]) -> Response:
    export, is_new = outcome
    code = status.HTTP_202_ACCEPTED if is_new else status.HTTP_200_OK
    return Response(shapes.DataExportSerializer(export).data, status=code)

"""What anybody may ask: is this certificate real?"""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from certificates import artifacts, verification
from certificates.models import Certificate
from certificates.serializers import (
    CertificateSerializer,
    FileCheckSerializer,
    FileVerificationSerializer,
    GuestCertificateSerializer,
    VerificationSerializer,
)
from common import throttling
from common.dispatch import PublicView
from common.exceptions import NotFound
from common.parsers import StrictJSONParser, UploadParser
from common.uploads import FileTooLarge
from registrations import guest_links

MAX_FILE_BYTES = 5 * 1024 * 1024


@extend_schema(tags=["public"])
class VerifyView(PublicView):
    """Check a certificate by its code."""

    throttle_scope = "verify"

    @extend_schema(
        operation_id="certificates_verify",
        summary="Check a certificate by its code",
        responses=VerificationSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        address = throttling.client_address(request)
        certificate = verification.by_code(code, address=address)
        if request.method == "GET":
            verification.note_view(certificate, viewer=request.user, address=address)
        return Response(VerificationSerializer(verification.public_facts(certificate)).data)


@extend_schema(tags=["public"])
class VerifyFileView(PublicView):
    """Check a file: is it, byte for byte, a certificate that was issued?"""

    throttle_scope = "verify_upload"
    further_refusals = {"post": (404,)}
    idempotent = False
    parser_classes = (StrictJSONParser, UploadParser)

    @extend_schema(
        operation_id="certificates_verify_file",
        summary="Check a certificate by its file",
        request={
            "multipart/form-data": FileCheckSerializer,
            "application/json": FileCheckSerializer,
        },
        responses=FileVerificationSerializer,
    )
    def post(self, request: Request) -> Response:
        certificate = compared(request)
        facts = {**verification.public_facts(certificate), "file_matches": True}
        return Response(FileVerificationSerializer(facts).data)


def compared(request: Request) -> Certificate:
    """Return the certificate of the file, or of the hash, in the body."""
    serializer = FileCheckSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    given, address = serializer.validated_data, throttling.client_address(request)
    if "sha256" in given:
        return verification.by_digest(given["sha256"], address=address)
    if given["file"].size > MAX_FILE_BYTES:
        raise FileTooLarge
    return verification.by_file(given["file"].file, address=address)


@extend_schema(tags=["certificates"])
class GuestCertificateView(PublicView):
    """The certificate of a registration, for whoever holds its link."""

    throttle_scope = "token"
    further_refusals = {"get": (410,)}

    @extend_schema(
        operation_id="public_registrations_certificate_retrieve",
        summary="Read the certificate of a guest registration",
        responses=GuestCertificateSerializer,
    )
    def get(self, request: Request, token: str) -> Response:
        registration = guest_links.registration_for(token, now=timezone.now())
        certificate = (
            Certificate.objects.active().with_relations().filter(registration=registration).first()
        )
        if certificate is None:
            raise NotFound
        ready = certificate.pdf_status == Certificate.PdfStatus.READY
        link = artifacts.download_for_holder(certificate) if ready else None
        return Response(
            {
                **CertificateSerializer(certificate).data,
                "download_url": link.download_url if link else None,
                "expires_at": link.expires_at if link else None,
            }
        )

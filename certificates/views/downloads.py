"""How a download is answered: with a link, or by going there."""

from dataclasses import asdict

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from certificates.serializers import DownloadSerializer
from common.files import Download

REDIRECT = OpenApiParameter("redirect", OpenApiTypes.BOOL, description="`true` goes to the file.")
ANSWERS = {
    200: DownloadSerializer,
    302: OpenApiResponse(description="With `redirect=true`: to the file."),
}


def answer(request: Request, link: Download) -> Response:
    """Answer the link, or a redirect to it with `redirect=true`."""
    if request.query_params.get("redirect", "").lower() == "true":
        return Response(status=status.HTTP_302_FOUND, headers={"Location": link.download_url})
    return Response(DownloadSerializer(asdict(link)).data)

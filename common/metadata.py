"""What OPTIONS tells: how to speak to a resource, nothing about its rows."""

from typing import TYPE_CHECKING, Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:  # the views module itself loads this one
    from rest_framework.views import APIView


class Metadata(BaseMetadata):
    """Name, description, media types. Fields and choices stand in the schema."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, Any]:
        return {
            "name": view.get_view_name(),
            "description": view.get_view_description(),
            "renders": [renderer.media_type for renderer in view.renderer_classes],
            "parses": [parser.media_type for parser in view.parser_classes],
        }

"""How a view becomes operations of the schema: names, words, headers, refusals, security."""

import re
from collections import defaultdict
from functools import cache
from http import HTTPStatus
from typing import Any

from django.apps import apps
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, build_basic_type
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.fields import Field
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.serializers import BaseSerializer

from common import idempotency, scopes
from common.dispatch import Pipeline
from common.openapi import components
from common.viewsets import BaseViewSet, RetrieveMixin, ScopedViewSet

Operation = dict[str, Any]

STANDARD = {
    "list": "List {many}",
    "retrieve": "Read {one}",
    "create": "Create {one}",
    "update": "Replace {one}",
    "partial_update": "Change {one}",
    "destroy": "Delete {one}",
}
BY_METHOD = {
    "GET": "retrieve",
    "POST": "",
    "PUT": "update",
    "PATCH": "partial_update",
    "DELETE": "destroy",
}
KEY_TEXT = "Makes a repetition of this request answer like the first one, for 24 hours."
IF_MATCH_TEXT = "Go on only when the resource still has this ETag; `*` takes any version."
IF_NONE_MATCH_TEXT = "Answer 304 without a body when the resource still has this ETag."


class Schema(AutoSchema):
    """The rules of this API, read off the views; `@extend_schema` only where they mislead."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Operation | None:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        for parameter in operation.get("parameters", ()):
            _bound(parameter)
        responses = operation["responses"]
        if self._is_conditional():
            responses["304"] = {"description": "Nothing has changed since that ETag."}
        for refused in self._refusals():
            name = components.name(refused)
            responses.setdefault(str(int(refused)), {"$ref": f"#/components/responses/{name}"})
        for status, response in responses.items():
            headers = self._headers(status, response)
            if headers:
                response["headers"] = headers | response.get("headers", {})
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def get_operation_id(self) -> str:
        """Return `<resource>_<verb>`: events_list, events_publish."""
        tokens = [token.replace("-", "_") for token in self._tokenize_path()] or ["root"]
        own = self._own_part(tokens)
        if not own and self._is_said_by("_".join(tokens)):
            return "_".join(tokens)
        return "_".join([*tokens[: len(tokens) - own], *self._verb()])

    def get_summary(self) -> str:
        described = getattr(self._handler(), "__doc__", None)
        action = self._action()
        if action in STANDARD:
            return STANDARD[action].format(**self._nouns())
        if described:
            return str(described).strip().splitlines()[0].rstrip(".")
        words = re.sub(r"[_-]+", " ", action or self.get_operation_id())
        return f"{words.capitalize()} {self._nouns()['one']}".strip() if action else words

    def get_description(self) -> str:  # type: ignore[override]  # as in the parent
        text = super().get_description() or ""
        scope = self._token_scope()
        if not scope:
            return text
        wanted = "any" if scope == scopes.ANY else f"`{scope}`"
        limits = ", personal tokens only" if getattr(self.view, "personal", False) else ""
        return f"{text}\n\nScope of API tokens: {wanted}{limits}.".strip()

    def get_tags(self) -> list[str]:
        return [str(getattr(self.view, "schema_tag", "")) or (self._tokenize_path() or ["root"])[0]]

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Return the class's name, with its app in front where two apps use the same one."""
        name = str(super().get_serializer_name(serializer, direction))
        app = type(serializer).__module__.partition(".")[0]
        return f"{app.capitalize()}{name}" if name in _shared_names() else name

    def get_request_serializer(self) -> Any:
        """Return the input; an action that names none takes no body."""
        if not isinstance(self.view, BaseViewSet) or self._action() in STANDARD:
            return super().get_request_serializer()
        if self._action() not in self.view.action_serializers:
            return None
        return self.view.get_serializer_class()

    def get_response_serializers(self) -> Any:
        """Return the output: what is written is answered in the shape of a detail."""
        if self.method in SAFE_METHODS or self.method == "DELETE":
            return super().get_response_serializers()
        if isinstance(self.view, BaseViewSet):
            return self.view.get_output_serializer_class()
        return super().get_response_serializers()

    def get_override_parameters(self) -> list[Any]:
        headers = []
        if self._takes_key():
            headers.append(_header(idempotency.HEADER, KEY_TEXT))
        if self._has_version():
            headers.append(_header("If-Match", IF_MATCH_TEXT))
        if self._is_conditional():
            headers.append(_header("If-None-Match", IF_NONE_MATCH_TEXT))
        return headers

    def get_auth(self) -> list[dict[str, Any]]:
        """Return who may call: nobody in particular, or the holder of one of the credentials."""
        if self._is_public():
            return [{}]
        scope = self._token_scope()
        named = [] if scope == scopes.ANY else [scope]
        tokens: list[dict[str, Any]] = [{"apiToken": named}] if scope else []
        return [{"bearerAuth": []}, *tokens, {"sessionAuth": []}]

    def _get_response_for_code(self, serializer: Any, *args: Any, **kwargs: Any) -> Operation:
        """Take a single field for an answer too: a map from names to shapes."""
        if isinstance(serializer, Field) and not isinstance(serializer, BaseSerializer):
            serializer = self._map_serializer_field(serializer, "response")  # type: ignore[no-untyped-call]  # the library's
        shape: Operation = super()._get_response_for_code(serializer, *args, **kwargs)  # type: ignore[no-untyped-call]  # the same
        return shape

    def _own_part(self, tokens: list[str]) -> int:
        """Return how many parts of the path stand for the action itself; its name says them."""
        if self._action() in {None, *STANDARD}:
            return 0
        names = getattr(self.view, "action_map", None) or {}
        paths = [getattr(getattr(self.view, name, None), "url_path", "") for name in names.values()]
        own = [part for part in max(paths, default="").split("/") if re.fullmatch(r"[\w-]+", part)]
        return len(own) if len(own) < len(tokens) else 0

    def _is_said_by(self, path: str) -> bool:
        """Tell whether the path already says what the action does: password/change."""
        action = self._action()
        if action in {None, *STANDARD}:
            return False
        words = set(path.split("_"))
        return words >= set(str(action).split("_")) or str(action).replace("_", "") in words

    def _verb(self) -> list[str]:
        action = self._action()
        if action is None:
            return [part for part in [BY_METHOD[self.method]] if part]
        # The first request adds HEAD to the map.
        named = getattr(self.view, "action_map", None) or {}
        names = [name for method, name in named.items() if method != "head"]
        ambiguous = action not in STANDARD and names.count(action) > 1
        return [action, BY_METHOD[self.method] or "create"] if ambiguous else [action]

    def _action(self) -> str | None:
        return getattr(self.view, "action", None)

    def _handler(self) -> Any:
        return getattr(self.view, self._action() or self.method.lower(), None)

    def _nouns(self) -> dict[str, str]:
        model = getattr(getattr(self.view, "queryset", None), "model", None)
        if model is None:
            words = self._tokenize_path()[-1:] or ["resource"]
            plural = words[0].replace("-", " ").replace("_", " ")
            return {"one": plural.removesuffix("s"), "many": plural}
        names = model._meta
        return {"one": str(names.verbose_name), "many": str(names.verbose_name_plural)}

    def _is_public(self) -> bool:
        return all(isinstance(each, AllowAny) for each in self.view.get_permissions())

    def _token_scope(self) -> str:
        """Return the scope with which an API token may call; empty where none may."""
        return "" if self._is_public() else scopes.needed(self.view, self.method)

    def _is_paged(self) -> bool:
        return bool(self._get_paginator())  # type: ignore[no-untyped-call]  # the library's

    def _is_throttled(self) -> bool:
        return isinstance(self.view, Pipeline)

    def _takes_key(self) -> bool:
        return (
            self.method == "POST"
            and getattr(self.view, "idempotent", False)
            and self.path.startswith(idempotency.PREFIX)
            and not self.path.startswith(idempotency.EXEMPT)
        )

    def _is_conditional(self) -> bool:
        return isinstance(self.view, RetrieveMixin) and self._action() == "retrieve"

    def _has_version(self) -> bool:
        on_row = f"{{{getattr(self.view, 'lookup_url_kwarg', None) or 'uuid'}}}" in self.path
        changes = on_row or self._action() in {"update", "partial_update", "destroy"}
        writes = self.method not in SAFE_METHODS
        return writes and changes and isinstance(self.view, ScopedViewSet)

    def _refusals(self) -> list[HTTPStatus]:
        writes = self.method not in SAFE_METHODS
        wanted = {
            HTTPStatus.BAD_REQUEST: True,
            HTTPStatus.UNAUTHORIZED: not self._is_public(),
            HTTPStatus.FORBIDDEN: not self._is_public() or writes,
            HTTPStatus.NOT_FOUND: "{" in self.path or self._is_paged(),
            HTTPStatus.NOT_ACCEPTABLE: self._is_throttled(),
            HTTPStatus.CONFLICT: writes,
            HTTPStatus.PRECONDITION_FAILED: self._has_version(),
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: writes,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE: writes,
            HTTPStatus.UNPROCESSABLE_ENTITY: writes,
            HTTPStatus.TOO_MANY_REQUESTS: self._is_throttled(),
            HTTPStatus.SERVICE_UNAVAILABLE: True,
        }
        # A view names what only it refuses: `further_refusals = {"create": (402,)}`.
        told = getattr(self.view, "further_refusals", {})
        further = told.get(self._action() or self.method.lower(), ())
        return [status for status, applies in wanted.items() if applies] + [
            *map(HTTPStatus, further)
        ]

    def _headers(self, status: str, response: dict[str, Any]) -> dict[str, Any]:
        """Name the headers of a success; those of refusals stand with the refusal."""
        if "$ref" in response:
            return {}
        names = ["X-Request-ID"]
        if self._is_throttled():
            names += ["RateLimit", "RateLimit-Policy"]
        if self._is_list_view() and self._is_paged():
            names.append("Link")
        elif (
            status.startswith("2")
            and isinstance(self.view, ScopedViewSet)
            and "content" in response
        ):
            names.append("ETag")
        if status == "201":
            names.append("Location")
        if self._takes_key():
            names.append("Idempotency-Replayed")
        return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


@cache
def _shared_names() -> frozenset[str]:
    """Return the names that serializers of several apps have."""
    ours = {config.name for config in apps.get_app_configs()}
    places: dict[str, set[str]] = defaultdict(set)
    waiting: list[type[Any]] = [BaseSerializer]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        places[each.__name__].add(each.__module__.partition(".")[0])
    return frozenset(name for name, found in places.items() if len(found & ours) > 1)


class SlugRelated(OpenApiSerializerFieldExtension):
    """A related row named by one of its columns: its uuid, else a text such as a code."""

    target_class = "rest_framework.relations.SlugRelatedField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        is_uuid = str(self.target.slug_field).endswith("uuid")
        return dict(build_basic_type(OpenApiTypes.UUID if is_uuid else OpenApiTypes.STR) or {})


class UuidRelated(OpenApiSerializerFieldExtension):
    """A related row by its uuid."""

    target_class = "common.serializers.UuidRelatedField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        return dict(build_basic_type(OpenApiTypes.UUID) or {})


def _header(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, required=False, description=text
    )


def _bound(parameter: dict[str, Any]) -> None:
    """Say the limits of paging, which REST framework does not."""
    if parameter["in"] != "query":
        return
    if parameter["name"] == "page":
        parameter["schema"] |= {"minimum": 1, "default": 1}
    if parameter["name"] == "page_size":
        parameter["schema"] |= {"minimum": 1, "maximum": 100, "default": 20}

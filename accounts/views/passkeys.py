"""The signed-in person's passkeys, and signing in with one."""

from dataclasses import asdict
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts import passkeys, passwords, sign_in, tokens
from accounts.models import Passkey
from accounts.requests import AuthenticatedRequest
from accounts.serializers import second_factor as shapes
from accounts.serializers.access import SignedInSerializer
from accounts.serializers.zoom import FreshProofOfIdentitySerializer
from common.viewsets import DestroyMixin, ListMixin, PublicViewSet, UpdateMixin


class PasskeyViewSet(ListMixin[Passkey], UpdateMixin[Passkey], DestroyMixin[Passkey]):
    """The keys on one's devices that sign in without a password."""

    request: AuthenticatedRequest
    schema_tag = "users"
    permission_classes = [IsAuthenticated]
    idempotent = False
    queryset = Passkey.objects.all()
    serializer_class = shapes.PasskeySerializer
    action_serializers = {
        "create": shapes.NewPasskeySerializer,
        "partial_update": shapes.RenamePasskeySerializer,
    }

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]  # it depends on the method
        return "" if self.request.method in SAFE_METHODS else "auth"

    @extend_schema(responses={200: shapes.CeremonySerializer, 201: shapes.PasskeySerializer})
    def create(self, request: Request) -> Response:
        """Add a passkey: first without a credential, for the options to make one by; then with."""
        body, now = self.validated(shapes.NewPasskeySerializer), timezone.now()
        self._require_fresh(body)
        user = self.request.user
        if "credential" not in body:
            return Response(passkeys.begin_adding(user, now=now))
        made = passkeys.add(user, body["credential"], body["name"], now=now)
        return self.answer(made, status.HTTP_201_CREATED)

    def perform_update(self, serializer: BaseSerializer[Passkey]) -> None:
        body, row = serializer.validated_data, cast("Passkey", serializer.instance)
        self._require_fresh(body)
        passkeys.rename(row, name=body.get("name", row.name), by=self.request.user)

    @extend_schema(request=FreshProofOfIdentitySerializer, responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Remove the passkey; the last way to sign in stays."""
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, row: Passkey) -> None:
        self._require_fresh(self.validated(FreshProofOfIdentitySerializer))
        passkeys.remove(row, by=self.request.user)

    def _require_fresh(self, body: dict[str, Any]) -> None:
        given = body.get("password", "")
        passwords.require_fresh(self.request.user, password=given, now=timezone.now())


class PasskeySignInViewSet(PublicViewSet[Passkey]):
    """A passkey for tokens; it needs neither address nor password."""

    schema_tag = "auth"
    throttle_scope = "auth"
    serializer_class = SignedInSerializer
    action_serializers = {"finish": shapes.AssertionSerializer}

    @extend_schema(responses={200: shapes.CeremonySerializer})
    def begin(self, request: Request) -> Response:
        """Start signing in; the answer holds a challenge of five minutes."""
        return Response(passkeys.begin_signing_in(now=timezone.now()))

    def finish(self, request: Request) -> Response:
        """Sign in with the challenge signed by a passkey."""
        now = timezone.now()
        body = self.validated(shapes.AssertionSerializer)
        session = sign_in.by_passkey(body["credential"], now=now)
        answer = {**asdict(tokens.pair(session, now=now)), "user": session.user}
        return Response(SignedInSerializer(answer).data)

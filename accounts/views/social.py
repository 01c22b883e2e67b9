"""Sign-in with Google and Microsoft."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import passwords, social, tokens
from accounts.models import SocialAccount, UserSession
from accounts.requests import AuthenticatedRequest
from accounts.serializers import social as shapes
from accounts.serializers.zoom import FreshProofOfIdentitySerializer
from common.viewsets import DestroyMixin, ListMixin, PublicViewSet


class SocialSignInViewSet(PublicViewSet[SocialAccount]):
    """Sign-in by the word of Google or Microsoft; signed-in callers link that account to theirs.

    The browser keeps `flow_token`; without it nobody completes a sign-in that another started.
    """

    schema_tag = "auth"
    throttle_scope = "auth"
    idempotent = False
    external = True
    further_refusals = {"begin": (403, 404), "complete": (401, 403, 404, 409)}
    serializer_class = shapes.SocialStartSerializer
    action_serializers = {"complete": shapes.SocialCallbackSerializer}

    def begin(self, request: Request, provider: str) -> Response:
        """Start a sign-in with `google` or `microsoft`."""
        start = social.begin(provider, session=self._session(), now=timezone.now())
        return Response(shapes.SocialStartSerializer(asdict(start)).data)

    @extend_schema(
        responses=PolymorphicProxySerializer(
            component_name="SocialCallbackAnswer",
            serializers=[shapes.SocialSignedInSerializer, shapes.SocialAccountSerializer],
            resource_type_field_name=None,
        )
    )
    def complete(self, request: Request, provider: str) -> Response:
        """Complete it with what the provider sent back: a token pair, or the account linked."""
        now = timezone.now()
        answer = self.validated(shapes.SocialCallbackSerializer)
        found = social.complete(provider, session=self._session(), answer=answer, now=now)
        if isinstance(found, SocialAccount):
            return Response(shapes.SocialAccountSerializer(found).data)
        pair = asdict(tokens.pair(found.session, now=now))
        told = {**pair, "user": found.session.user, "created": found.created}
        return Response(shapes.SocialSignedInSerializer(told).data)

    def _session(self) -> UserSession | None:
        session: Any = self.request.auth
        return session if isinstance(session, UserSession) else None


class SocialAccountViewSet(ListMixin[SocialAccount], DestroyMixin[SocialAccount]):
    """The accounts at Google and Microsoft that sign one in."""

    request: AuthenticatedRequest
    schema_tag = "users"
    permission_classes = [IsAuthenticated]
    queryset = SocialAccount.objects.all()
    serializer_class = shapes.SocialAccountSerializer
    ordering = ("provider",)

    @extend_schema(request=FreshProofOfIdentitySerializer, responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take one away; wants a fresh proof of identity, and leaves the last way to sign in."""
        user = self.request.user
        body = self.validated(FreshProofOfIdentitySerializer)
        with self.guarded() as row:
            passwords.require_fresh(user, password=body["password"], now=timezone.now())
            social.unlink(row, by=user)
        return Response(status=status.HTTP_204_NO_CONTENT)

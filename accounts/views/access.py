"""Signing up, signing in, proving an address, setting a password."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import email_change, passwords, second_factor, sessions, sign_in, tokens, verification
from accounts.models import User, UserSession
from accounts.requests import AuthenticatedRequest
from accounts.serializers import access as shapes
from accounts.sign_up import SignUp, sign_up
from common.exceptions import NotAuthenticated
from common.outbox import after_commit
from common.viewsets import BaseViewSet, PublicViewSet


class AddressViewSet(PublicViewSet[User]):
    """Accounts and their addresses; no answer tells whether an address has an account."""

    schema_tag = "auth"
    throttle_scope = "auth"
    serializer_class = shapes.MessageSerializer
    action_serializers = {
        "sign_up": shapes.SignUpSerializer,
        "verify_email": shapes.VerifySerializer,
        "resend_verification": shapes.AddressSerializer,
        "password_reset": shapes.AddressSerializer,
        "confirm_password_reset": shapes.NewPasswordSerializer,
    }

    @extend_schema(responses={201: shapes.SignedUpSerializer})
    def sign_up(self, request: Request) -> Response:
        """Sign up as an attendee; a mail asks for proof of the address."""
        wanted = SignUp(**self.validated(shapes.SignUpSerializer))
        answer = {
            "message": "Account created. Please check your email to verify.",
            "user": {"uuid": sign_up(wanted), "email": wanted.email, "full_name": wanted.full_name},
        }
        return Response(shapes.SignedUpSerializer(answer).data, status=status.HTTP_201_CREATED)

    def verify_email(self, request: Request) -> Response:
        """Prove the address, or disown the account, by the mailed secret.

        The secret of a mail to a new address puts that address in place of the old one.
        """
        body = self.validated(shapes.VerifySerializer)
        if body["reject"]:
            verification.disown(body["token"], now=timezone.now())
            return _say("The account was deleted.")
        email_change.confirm(body["token"], now=timezone.now())
        return _say("Email verified successfully.")

    def resend_verification(self, request: Request) -> Response:
        """Ask for another verification mail."""
        self._ask("accounts.ask_verification")
        return _say("If an unverified account exists, a verification email has been sent.")

    def password_reset(self, request: Request) -> Response:
        """Ask for a mail that lets one set a new password."""
        self._ask("accounts.ask_password_reset")
        return _say("If an account exists, a password reset email has been sent.")

    def confirm_password_reset(self, request: Request) -> Response:
        """Set a new password by the mailed secret; every session ends."""
        body = self.validated(shapes.NewPasswordSerializer)
        passwords.reset(body["token"], body["new_password"], now=timezone.now())
        return _say("Password reset successfully.")

    def _ask(self, task: str) -> None:
        # The same row is written for an unknown address, so that both take the same time.
        email = self.validated(shapes.AddressSerializer)["email"]
        known = User.objects.filter(email=email).values_list("uuid", flat=True).first()
        after_commit(task, str(known or uuid4()))


class SignInViewSet(PublicViewSet[User]):
    """Credentials for tokens."""

    schema_tag = "auth"
    throttle_scope = "auth"
    serializer_class = shapes.SignedInSerializer
    further_refusals = {"obtain": (401,), "answer_code": (401,)}
    action_serializers = {
        "obtain": shapes.CredentialsSerializer,
        "answer_code": shapes.CodeSerializer,
    }

    def obtain(self, request: Request) -> Response:
        """Sign in with address and password."""
        now = timezone.now()
        user = sign_in.by_password(**self.validated(shapes.CredentialsSerializer), now=now)
        second_factor.challenge_for(user, auth_method=sign_in.AuthMethod.PASSWORD, now=now)
        return self._welcome(sign_in.open_session(user, now=now), now)

    def answer_code(self, request: Request) -> Response:
        """Finish signing in with a code of the second factor."""
        now = timezone.now()
        body = self.validated(shapes.CodeSerializer)
        return self._welcome(sign_in.by_code(**body, now=now), now)

    def _welcome(self, session: UserSession, now: datetime) -> Response:
        answer = {**asdict(tokens.pair(session, now=now)), "user": session.user}
        return Response(shapes.SignedInSerializer(answer).data)


class TokenViewSet(PublicViewSet[UserSession]):
    """The tokens of a session: exchange them, or end it."""

    schema_tag = "auth"
    throttle_scope = "refresh"
    serializer_class = shapes.TokenPairSerializer
    further_refusals = {"refresh": (401,), "logout": (401,)}
    action_serializers = {
        "refresh": shapes.RefreshSerializer,
        "logout": shapes.LogoutSerializer,
    }

    def throttle_key(self, scope: str) -> str:
        """Count by the session whose token is presented, wherever it comes from."""
        session = self.request.auth
        if isinstance(session, UserSession):
            return str(session.uuid)
        body = shapes.LogoutSerializer(data=self.request.data)
        raw = body.validated_data.get("refresh", "") if body.is_valid() else ""
        claims = tokens.peek(raw, tokens.Kind.REFRESH)
        return str(claims.session) if claims else ""

    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair; the old one is worthless then."""
        body = self.validated(shapes.RefreshSerializer)
        return Response(asdict(sessions.rotate(body["refresh"], now=timezone.now())))

    @extend_schema(responses={204: None})
    def logout(self, request: Request) -> Response:
        """Sign out: end the session of the access token, or that of the refresh token."""
        refresh = self.validated(shapes.LogoutSerializer).get("refresh")
        session: Any = request.auth
        if session is not None:
            sessions.end(session, sessions.EndReason.LOGOUT, by=session.user)
        elif refresh:
            sessions.end_by_refresh_token(refresh, now=timezone.now())
        else:
            raise NotAuthenticated
        return Response(status=status.HTTP_204_NO_CONTENT)


class IdentityViewSet(BaseViewSet[User]):
    """Proofs that a signed-in person gives once more."""

    scoped_by = "the caller's own account"
    schema_tag = "auth"
    throttle_scope = "auth"
    serializer_class = shapes.MessageSerializer
    action_serializers = {
        "change_password": shapes.ChangePasswordSerializer,
        "reauthenticate": shapes.ReauthenticateSerializer,
    }
    request: AuthenticatedRequest

    def change_password(self, request: Request) -> Response:
        """Change the password; every other session ends."""
        body = self.validated(shapes.ChangePasswordSerializer)
        passwords.change(
            self.request.user,
            body["current_password"],
            body["new_password"],
            keep=self.request.user.session,
        )
        return _say("Password changed successfully.")

    @extend_schema(responses={200: shapes.FreshProofSerializer})
    def reauthenticate(self, request: Request) -> Response:
        """Confirm password or code, for what wants a fresh proof of identity."""
        session: Any = request.auth
        now = timezone.now()
        body = self.validated(shapes.ReauthenticateSerializer)
        fresh_until = sign_in.again(session, **body, now=now)
        answer = {"authenticated_at": now, "fresh_until": fresh_until}
        return Response(shapes.FreshProofSerializer(answer).data)


def _say(message: str) -> Response:
    return Response({"message": message})

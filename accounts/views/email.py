"""The address of the signed-in person's account."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import email_change
from accounts.models import User
from accounts.requests import AuthenticatedRequest
from accounts.serializers.access import MessageSerializer
from accounts.serializers.email import EmailChangeSerializer
from common.viewsets import BaseViewSet


class EmailViewSet(BaseViewSet[User]):
    """Moving one's account to another address; the answer does not tell whether it is taken."""

    scoped_by = "the caller's own account"
    request: AuthenticatedRequest
    schema_tag = "users"
    throttle_scope = "auth"
    serializer_class = MessageSerializer
    action_serializers = {"change": EmailChangeSerializer}

    @extend_schema(responses={202: MessageSerializer})
    def change(self, request: Request) -> Response:
        """Ask for another address; it counts once the secret mailed to it was used.

        That secret goes to `/auth/verify-email/`, like the one of a new account.
        """
        body = self.validated(EmailChangeSerializer)
        email_change.ask(self.request.user, **body, now=timezone.now())
        answer = {"message": "Please follow the link that was sent to the new address."}
        return Response(answer, status=status.HTTP_202_ACCEPTED)

"""The type of requests behind sign-in."""

from rest_framework.request import Request

from accounts.models import User


class AuthenticatedRequest(Request):
    """A request whose user is known; declared on viewsets behind `IsAuthenticated`."""

    user: User

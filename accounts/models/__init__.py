"""Who somebody is: people, organizations, sessions, proofs and connections."""

from accounts.models.organizations import Membership, Organization
from accounts.models.people import User
from accounts.models.proofs import AccountToken
from accounts.models.sessions import UserSession
from accounts.models.zoom import OAuthFlow, ZoomConnection

__all__ = [
    "AccountToken",
    "Membership",
    "OAuthFlow",
    "Organization",
    "User",
    "UserSession",
    "ZoomConnection",
]

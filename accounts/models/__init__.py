"""Who somebody is: people, organizations, sessions, proofs, keys, notices and connections."""

from accounts.models.api_tokens import ApiToken
from accounts.models.data_exports import DataExport
from accounts.models.invitations import MembershipInvitation
from accounts.models.notifications import Notification
from accounts.models.organizations import Membership, Organization
from accounts.models.people import User
from accounts.models.proofs import AccountToken
from accounts.models.second_factor import Passkey, RecoveryCode, SignInChallenge, TotpDevice
from accounts.models.sessions import UserSession
from accounts.models.social import SocialAccount
from accounts.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.models.zoom import OAuthFlow, ZoomConnection

__all__ = [
    "AccountToken",
    "ApiToken",
    "DataExport",
    "Membership",
    "MembershipInvitation",
    "Notification",
    "OAuthFlow",
    "Organization",
    "Passkey",
    "RecoveryCode",
    "SignInChallenge",
    "SocialAccount",
    "TotpDevice",
    "User",
    "UserSession",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "ZoomConnection",
]

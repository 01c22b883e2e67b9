"""Who somebody is, by the word of Google or Microsoft: OpenID Connect, code flow with PKCE.

https://openid.net/specs/openid-connect-core-1_0.html; Authlib exchanges the code and judges the
ID token. What may be trusted is an identity: issuer and subject, never the address alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.integrations.base_client import OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from joserfc.errors import JoseError

from integrations import doubles
from integrations.oidc import http
from integrations.oidc.failures import OidcRefused

PROVIDERS: Final = ("google", "microsoft")
DISCOVERY: Final = {
    "google": "https://accounts.google.com/.well-known/openid-configuration",
    "microsoft": "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
}
SCOPES: Final = "openid email profile"
# The one algorithm that both sign with, whatever a discovery document may offer: a token signed
# by HMAC with the public key, or not at all, is no token.
ALGORITHMS: Final = ("RS256",)
LEEWAY_SECONDS: Final = 30
KNOWN_FOR: Final = 24 * 60 * 60  # seconds a discovery document and keys are kept
KEYS_PAUSE: Final = 5 * 60  # seconds between two looks for an unknown key
MAX_CLAIM: Final = 255
DOUBLE: Final = "oidc-double"  # the double takes any client
GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Whatever a malformed answer makes its reader stumble over.
UNREADABLE: Final = (
    JoseError,
    OAuthError,
    LookupError,
    ArithmeticError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)
# Of this process: documents and keys are public, and signing in does not wait for a cache.
memory = LocMemCache("integrations.oidc", {})


@dataclass(frozen=True)
class Identity:
    """Somebody as a provider knows them; the address is theirs only where it is verified."""

    provider: str
    issuer: str
    subject: str
    email: str
    email_is_verified: bool
    name: str


def is_configured(provider: str) -> bool:
    """Tell whether there is such a provider, or its double, to ask."""
    return all(_credentials(provider))


def redirect_uri(provider: str) -> str:
    """Return where the provider sends people back to."""
    address: str = getattr(settings, f"{provider.upper()}_REDIRECT_URI")
    return address


def authorization_url(provider: str, *, state: str, nonce: str, code_verifier: str) -> str:
    """Return where a person says who they are; raises OidcFailure while that cannot be told."""
    asking = _Provider(provider)
    with asking.session(redirect_uri(provider)) as session:
        try:
            url, _ = session.create_authorization_url(
                asking.load_server_metadata()["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=code_verifier,
                prompt="select_account",
            )
        except UNREADABLE as error:
            raise OidcRefused(type(error).__name__) from error
    return str(url)


def identify(
    provider: str, *, code: str, code_verifier: str, nonce: str, redirect_uri: str
) -> Identity:
    """Exchange the code and return whom the ID token names; raises OidcFailure."""
    asking = _Provider(provider)
    try:
        answer = asking.exchange(code, code_verifier, redirect_uri)
        claims = asking.parse_id_token(
            answer,
            nonce,
            claims_options={
                "iss": {"essential": True, "validate": asking.is_issuer},
                "aud": {"essential": True, "value": asking.client_id},
            },
            claims_cls=CodeIDToken,
            leeway=LEEWAY_SECONDS,
        )
        return _identity(provider, claims)
    except UNREADABLE as error:
        raise OidcRefused(type(error).__name__) from error


class _Provider(OpenIDMixin):  # type: ignore[misc]  # Authlib has no types
    """One provider, in the shape in which Authlib judges ID tokens."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client_id, self.client_secret = _credentials(name)
        self.address = _discovery_url(name)

    def session(self, redirect_uri: str = "") -> OAuth2Session:
        session = OAuth2Session(
            self.client_id,
            self.client_secret,
            scope=SCOPES,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        http.prepare(session, address=self.address)
        return session

    def exchange(self, code: str, code_verifier: str, redirect_uri: str) -> dict[str, Any]:
        with self.session(redirect_uri) as session:
            answer: dict[str, Any] = session.fetch_token(
                self.load_server_metadata()["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
            )
        answer["id_token"]  # an answer without one names nobody
        return answer

    def load_server_metadata(self) -> dict[str, Any]:
        known: dict[str, Any] | None = memory.get(self.address)
        if known is None:
            known = {
                **self._read(self.address),
                "id_token_signing_alg_values_supported": list(ALGORITHMS),
            }
            memory.set(self.address, known, KNOWN_FOR)
        return known

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        """Return the provider's keys; look for new ones at most every few minutes."""
        address = self.load_server_metadata()["jwks_uri"]
        known: dict[str, Any] | None = memory.get(address)
        if known is not None and not force:
            return known
        if known is not None and not memory.add(f"{address}#looked", 1, KEYS_PAUSE):
            return known
        found = self._read(address)
        memory.set(address, found, KNOWN_FOR)
        memory.set(f"{address}#looked", 1, KEYS_PAUSE)
        return found

    def is_issuer(self, claims: Mapping[str, Any], issuer: Any) -> bool:
        """Tell whether it is the provider's name; Microsoft's holds the tenant of the token.

        https://learn.microsoft.com/entra/identity-platform/id-tokens#validate-tokens
        """
        named = str(self.load_server_metadata()["issuer"])
        if self.name == "google":
            return bool(issuer == named)
        tenant = str(claims.get("tid"))
        is_theirs = issuer == named.replace("{tenantid}", tenant) and f"/{tenant}/" in issuer
        return bool(is_theirs and GUID.fullmatch(tenant))

    def _read(self, address: str) -> dict[str, Any]:
        with self.session() as session:
            answer = session.get(address, withhold_token=True, allow_redirects=False)
        facts = answer.json() if answer.ok else None
        if not isinstance(facts, dict):
            raise OidcRefused(f"HTTP {answer.status_code}")
        return facts


def _identity(provider: str, claims: Mapping[str, Any]) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_CLAIM:
        raise OidcRefused("The subject is no name.")
    email = claims.get("email")
    name = claims.get("name")
    return Identity(
        provider=provider,
        issuer=str(claims["iss"]),
        subject=subject,
        email=email.strip().lower() if isinstance(email, str) else "",
        email_is_verified=_is_verified(provider, claims),
        name=name if isinstance(name, str) else "",
    )


def _is_verified(provider: str, claims: Mapping[str, Any]) -> bool:
    """Tell whether the provider vouches for the address.

    Microsoft's `email` is whatever a tenant's administrator wrote unless `xms_edov` is true,
    which tokens spell in several ways:
    https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
    """
    if provider == "google":
        return claims.get("email_verified") is True
    return claims.get("xms_edov") in (True, "1", "true")


def _credentials(provider: str) -> tuple[str, str]:
    if _is_played(provider):
        return DOUBLE, DOUBLE
    name = provider.upper()
    return getattr(settings, f"{name}_CLIENT_ID"), getattr(settings, f"{name}_CLIENT_SECRET")


def _discovery_url(provider: str) -> str:
    if _is_played(provider):
        return f"{doubles.start()['oidc']}/{provider}/.well-known/openid-configuration"
    configured: str = getattr(settings, f"{provider.upper()}_DISCOVERY_URL")
    return configured or DISCOVERY[provider]


def _is_played(provider: str) -> bool:
    return doubles.plays("oidc") and not getattr(settings, f"{provider.upper()}_CLIENT_ID")

"""Google and Microsoft as far as sign-in needs them: discovery, consent, tokens, keys.

https://openid.net/specs/openid-connect-core-1_0.html, code flow with PKCE (RFC 7636). Whoever one
says one is, one is; subjects follow from addresses, so that a link survives a restart.
"""

import base64
import hashlib
import html
import json
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from integrations.doubles.server import Answer, Call, Double

PROVIDER: Final = "/(?P<provider>google|microsoft)"
TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
ISSUERS: Final = {
    "google": "https://accounts.google.example",
    "microsoft": "https://login.microsoft.example/{tenantid}/v2.0",
}
# By what each provider says that the address is its owner's.
VERIFIED_CLAIM: Final = {"google": "email_verified", "microsoft": "xms_edov"}
LIFETIME: Final = 3600
KEY_ID: Final = "double-1"
CONSENT: Final = """<!doctype html><html lang=en><meta charset=utf-8><title>Sign in</title>
<h1>Sign in with {provider}</h1>
<form>{hidden}
<p><label>Address <input name=email type=email required autofocus></label></p>
<p><label>Name <input name=name></label></p>
<p><label><input name=verified type=checkbox value=true checked> The address is verified</label></p>
<p><button>Continue</button> <button name=denied value=true formnovalidate>Cancel</button></p>
</form></html>"""


class OidcDouble(Double):
    """Both providers, each under its name."""

    routes: ClassVar = (
        ("GET", f"{PROVIDER}/.well-known/openid-configuration", "discovery"),
        ("GET", f"{PROVIDER}/authorize", "authorize"),
        ("POST", f"{PROVIDER}/token", "token"),
        ("GET", f"{PROVIDER}/keys", "keys"),
    )
    provider = "oidc"

    def reset(self) -> None:
        super().reset()
        self.codes: dict[str, dict[str, str]] = {}
        self.key_id = KEY_ID
        # Tests put lies here: claims that differ, and another way to sign them.
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed

    def discovery(self, _call: Call, provider: str) -> Answer:
        """Tell where everything is."""
        home = f"{self.url}/{provider}"
        # A person reaches the double by the product's own port.
        seen = f"{settings.PUBLIC_BASE_URL}/dev/oidc/{provider}" if settings.DEBUG else home
        facts = {
            "issuer": ISSUERS[provider],
            "authorization_endpoint": f"{seen}/authorize",
            "token_endpoint": f"{home}/token",
            "jwks_uri": f"{home}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return Answer(body=facts)

    def authorize(self, call: Call, provider: str) -> Answer:
        """Ask who one is, or take ``email``, ``name`` and ``verified`` from the address."""
        asked = dict(call.query)
        if asked.get("code_challenge_method") != "S256" or "redirect_uri" not in asked:
            return Answer(HTTPStatus.BAD_REQUEST, {"error": "invalid_request"})
        if asked.get("denied"):
            return _back(asked, error="access_denied")
        if not asked.get("email"):
            return _consent(provider, asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "provider": provider}
        return _back(asked, code=code)

    def token(self, call: Call, provider: str) -> Answer:
        """Exchange a code once, by its client and with its verifier."""
        form = call.form()
        asked = self.codes.pop(form.get("code", ""), {})
        agrees = (
            asked.get("provider") == provider
            and asked.get("redirect_uri") == form.get("redirect_uri")
            and asked.get("code_challenge") == _challenge(form.get("code_verifier", ""))
            and asked.get("client_id") == _client_of(call)
        )
        if not agrees:
            return Answer(HTTPStatus.BAD_REQUEST, {"error": "invalid_grant"})
        facts = {"token_type": "Bearer", "expires_in": LIFETIME, "scope": asked.get("scope", "")}
        id_token = self.sign({**self.identity(provider, asked), **self.claims})
        access_token = secrets.token_urlsafe(16)
        return Answer(body={**facts, "access_token": access_token, "id_token": id_token})

    def keys(self, _call: Call, provider: str) -> Answer:
        """Show the public key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key().public_key()))
        return Answer(body={"keys": [{**public, "kid": self.key_id, "use": "sig", "alg": "RS256"}]})

    def identity(self, provider: str, asked: Mapping[str, str]) -> dict[str, Any]:
        """Return the claims of whoever consented."""
        now = int(time.time())
        email = asked["email"]
        claims = {
            "iss": ISSUERS[provider].format(tenantid=TENANT),
            "aud": asked["client_id"],
            "sub": hashlib.sha256(f"{provider} {email.lower()}".encode()).hexdigest()[:24],
            "iat": now,
            "exp": now + LIFETIME,
            "nonce": asked.get("nonce", ""),
            "email": email,
            "name": asked.get("name", ""),
            VERIFIED_CLAIM[provider]: asked.get("verified") == "true",
        }
        return {**claims, "tid": TENANT} if provider == "microsoft" else claims

    def signed(self, claims: dict[str, Any]) -> str:
        """Return the claims signed with the double's key."""
        return jwt.encode(claims, private_key(), algorithm="RS256", headers={"kid": self.key_id})


@cache
def private_key() -> rsa.RSAPrivateKey:
    """Return the key of this process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _consent(provider: str, asked: Mapping[str, str]) -> Answer:
    hidden = "".join(
        f'<input type=hidden name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in asked.items()
    )
    text = CONSENT.format(provider=provider.capitalize(), hidden=hidden)
    return Answer(body=text, content_type="text/html; charset=utf-8")


def _back(asked: Mapping[str, str], **facts: str) -> Answer:
    query = urlencode({**facts, "state": asked.get("state", "")})
    return Answer(HTTPStatus.FOUND, headers={"Location": f"{asked['redirect_uri']}?{query}"})


def _client_of(call: Call) -> str:
    """Return whose name is in the Basic header; the double takes any secret."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return ""
    return base64.b64decode(encoded).decode().partition(":")[0]


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

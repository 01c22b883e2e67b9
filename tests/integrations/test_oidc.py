"""Asking Google and Microsoft who somebody is, against their double over a socket."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone
from rest_framework.test import APIClient

from integrations import doubles
from integrations.doubles.oidc import ISSUERS, TENANT, private_key
from integrations.oidc import client, http
from integrations.oidc.failures import OidcRefused, OidcUnavailable

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
NONCE = "nonce-of-the-flow"
OTHER_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


@pytest.fixture(autouse=True)
def double():
    """The double as it is after its start; the client has forgotten what it knew of it."""
    double = doubles.oidc_double()
    double.reset()
    client.memory.clear()
    return double


def consent(provider="google", **asked):
    """Go where a person is sent, say who one is, and return what comes back."""
    url = client.authorization_url(provider, state="s", nonce=NONCE, code_verifier=VERIFIER)
    facts = {"email": "Ada@Example.org", "name": "Ada", "verified": "true"} | asked
    answer = requests.get(url, params=facts, allow_redirects=False, timeout=5)
    returned = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: value for name, [value] in returned.items()}


def identify(provider="google", code=None, **changes):
    facts = {
        "code": code or consent(provider)["code"],
        "code_verifier": VERIFIER,
        "nonce": NONCE,
        "redirect_uri": client.redirect_uri(provider),
    }
    return client.identify(provider, **(facts | changes))


def test_the_authorization_address(double):
    url = urlsplit(
        client.authorization_url("google", state="s", nonce=NONCE, code_verifier=VERIFIER)
    )

    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{double.url}/google/authorize"
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["oidc-double"],
        "redirect_uri": ["http://localhost:3000/auth/google/callback"],
        "scope": ["openid email profile"],
        "state": ["s"],
        "nonce": [NONCE],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
        "prompt": ["select_account"],
    }


@pytest.mark.parametrize("provider", client.PROVIDERS)
def test_a_person_is_identified(provider):
    found = identify(provider)

    assert found == client.Identity(
        provider=provider,
        issuer=ISSUERS[provider].format(tenantid=TENANT),
        subject=hashlib.sha256(f"{provider} ada@example.org".encode()).hexdigest()[:24],
        email="ada@example.org",
        email_is_verified=True,
        name="Ada",
    )


@pytest.mark.parametrize(
    ("provider", "claims", "is_verified"),
    [
        ("google", {"email_verified": True}, True),
        ("google", {"email_verified": False}, False),
        ("google", {"email_verified": "true"}, False),
        ("google", {"email_verified": 1}, False),
        ("google", {"email_verified": None, "xms_edov": True}, False),
        ("microsoft", {"xms_edov": True}, True),
        ("microsoft", {"xms_edov": "1"}, True),
        ("microsoft", {"xms_edov": False}, False),
        ("microsoft", {"xms_edov": "0"}, False),
        ("microsoft", {"xms_edov": [True]}, False),
        ("microsoft", {"xms_edov": None, "email_verified": True}, False),
    ],
)
def test_when_an_address_counts_as_verified(double, provider, claims, is_verified):
    double.claims = claims

    assert identify(provider).email_is_verified is is_verified


def unsigned(claims):
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "double-1"})


def signed_by_another_key(claims):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "double-1"})


def signed_with_the_public_key_as_secret(claims):
    public = private_key().public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "typ": "JWT", "kid": "double-1"}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, claims)]
    seal = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(seal).rstrip(b"=")]).decode()


def signed_without_its_end(claims):
    return doubles.oidc_double().signed(claims)[:-8]


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        signed_by_another_key,
        signed_with_the_public_key_as_secret,
        signed_without_its_end,
        lambda claims: "no token",
        lambda claims: "",
        lambda claims: None,
        lambda claims: {"sub": claims["sub"]},
    ],
)
@pytest.mark.parametrize("provider", client.PROVIDERS)
def test_a_forged_token_names_nobody(double, provider, forge):
    code = consent(provider)["code"]
    double.sign = forge

    with pytest.raises(OidcRefused):
        identify(provider, code=code)


HOUR_AGO = 3600
GOOGLE, MICROSOFT = ISSUERS["google"], ISSUERS["microsoft"]


@pytest.mark.parametrize(
    ("provider", "claims"),
    [
        ("google", {"nonce": "another"}),
        ("google", {"nonce": None}),
        ("google", {"aud": "another-client"}),
        ("google", {"aud": ["oidc-double", "another-client"]}),
        ("google", {"azp": "another-client"}),
        ("google", {"iss": "https://accounts.evil.example"}),
        ("google", {"iss": MICROSOFT.format(tenantid=TENANT), "tid": TENANT}),
        ("google", {"iss": None}),
        ("google", {"exp": 1}),
        ("google", {"exp": None}),
        ("google", {"exp": "soon"}),
        ("google", {"iat": 9_999_999_999}),
        ("google", {"nbf": 9_999_999_999}),
        ("google", {"sub": ""}),
        ("google", {"sub": 17}),
        ("google", {"sub": "x" * 256}),
        ("microsoft", {"tid": OTHER_TENANT}),
        ("microsoft", {"tid": None}),
        ("microsoft", {"tid": "{tenantid}", "iss": MICROSOFT}),
        ("microsoft", {"tid": "x/../y", "iss": MICROSOFT.format(tenantid="x/../y")}),
        ("microsoft", {"iss": MICROSOFT.format(tenantid=OTHER_TENANT)}),
        ("microsoft", {"iss": GOOGLE}),
        ("microsoft", {"iss": f"https://evil.example/{TENANT}/v2.0"}),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else value,
)
def test_a_token_for_somebody_else_somewhere_else_or_once_names_nobody(double, provider, claims):
    double.claims = claims

    with pytest.raises(OidcRefused):
        identify(provider)


def test_any_tenant_of_microsoft_may_vouch(double):
    double.claims = {"tid": OTHER_TENANT, "iss": MICROSOFT.format(tenantid=OTHER_TENANT)}

    assert identify("microsoft").issuer == MICROSOFT.format(tenantid=OTHER_TENANT)


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "unknown"},
        {"code_verifier": "another-verifier-of-sufficient-length-for-the-rfc"},
        {"redirect_uri": "http://localhost:3000/elsewhere"},
    ],
)
def test_a_code_is_good_for_who_asked_for_it(changes):
    with pytest.raises(OidcRefused):
        identify(**changes)


def test_a_code_is_good_once():
    code = consent()["code"]
    identify(code=code)

    with pytest.raises(OidcRefused):
        identify(code=code)


def test_a_code_of_the_other_provider_is_refused():
    code = consent("google")["code"]

    with pytest.raises(OidcRefused):
        identify("microsoft", code=code)


def test_whoever_cancels_comes_back_without_a_code():
    assert consent(denied="true") == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize(
    ("path", "fault", "failure"),
    [
        ("/google/token", {"answer": doubles.OidcDouble.said(500)}, OidcUnavailable),
        ("/google/token", {"answer": doubles.OidcDouble.said(429)}, OidcUnavailable),
        ("/google/token", {"drop": True}, OidcUnavailable),
        ("/google/token", {"answer": doubles.OidcDouble.said(302, Location="/x")}, OidcUnavailable),
        ("/google/token", {"answer": doubles.OidcDouble.said(200, "x" * 600_000)}, OidcUnavailable),
        ("/google/token", {"answer": doubles.OidcDouble.said(200, "no json")}, OidcRefused),
        ("/google/token", {"answer": doubles.OidcDouble.said(200, [1])}, OidcRefused),
        ("/google/token", {"answer": doubles.OidcDouble.said(200, {})}, OidcRefused),
        ("/google/token", {"answer": doubles.OidcDouble.said(401, {"error": "x"})}, OidcRefused),
        ("/google/keys", {"answer": doubles.OidcDouble.said(200, {"keys": []})}, OidcRefused),
        ("/google/keys", {"answer": doubles.OidcDouble.said(200, {"keys": 7})}, OidcRefused),
        ("/google/keys", {"answer": doubles.OidcDouble.said(404, {})}, OidcRefused),
        ("/google/keys", {"answer": doubles.OidcDouble.said(503, {})}, OidcUnavailable),
    ],
)
def test_bad_answers_have_a_name(double, path, fault, failure):
    code = consent()["code"]
    double.fail(path, **fault)

    with pytest.raises(failure):
        identify(code=code)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (doubles.OidcDouble.said(500), OidcUnavailable),
        (doubles.OidcDouble.said(200, "no json"), OidcRefused),
        (doubles.OidcDouble.said(200, []), OidcRefused),
        (doubles.OidcDouble.said(200, {}), OidcRefused),
    ],
)
def test_without_a_discovery_document_nobody_is_sent_anywhere(double, answer, failure):
    double.fail(".*openid-configuration", answer=answer)

    with pytest.raises(failure):
        client.authorization_url("google", state="s", nonce=NONCE, code_verifier=VERIFIER)


def test_documents_and_keys_are_read_once(double):
    identify()
    identify()

    assert double.count("GET", "/google/keys") == 1
    assert double.count("GET", ".*openid-configuration") == 1


def test_an_unknown_key_is_looked_for_at_most_every_five_minutes(double):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        identify()
        double.key_id = "double-2"
        with pytest.raises(OidcRefused):
            identify()
        asked_too_soon = double.count("GET", "/google/keys")
        clock.move_to(start + timedelta(minutes=5, seconds=1))
        found = identify()

    assert (asked_too_soon, found.email) == (1, "ada@example.org")
    assert double.count("GET", "/google/keys") == 2


def test_a_key_that_stays_unknown_is_not_asked_for_again(double):
    start = timezone.now()
    double.sign = lambda claims: jwt.encode(
        claims, private_key(), algorithm="RS256", headers={"kid": "unknown"}
    )
    with time_machine.travel(start, tick=False) as clock:
        codes = [consent()["code"] for _ in range(3)]
        clock.move_to(start + timedelta(minutes=6))
        for code in codes:
            with pytest.raises(OidcRefused):
                identify(code=code)

    assert double.count("GET", "/google/keys") == 1


@pytest.mark.parametrize("provider", client.PROVIDERS)
def test_without_keys_and_double_there_is_no_provider(settings, provider):
    settings.PROVIDER_DOUBLES = False

    assert client.is_configured(provider) is False


def test_a_configured_provider_is_not_played(settings, double):
    settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = "our-id", "our-secret"
    settings.GOOGLE_DISCOVERY_URL = f"{double.url}/google/.well-known/openid-configuration"

    asked = parse_qs(
        client.authorization_url("google", state="s", nonce=NONCE, code_verifier=VERIFIER)
    )

    assert asked["client_id"] == ["our-id"]
    assert identify("microsoft").email == "ada@example.org"
    assert doubles.plays("oidc")


def test_both_configured_nobody_is_played(settings):
    settings.GOOGLE_CLIENT_ID = settings.MICROSOFT_CLIENT_ID = "our-id"

    assert "oidc" not in doubles.start()
    assert doubles.plays("oidc") is False


def test_no_proxy_stands_between_us_and_the_double(monkeypatch):
    code = consent()["code"]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert identify(code=code).email == "ada@example.org"


def test_calls_are_bounded_in_time(monkeypatch, double):
    monkeypatch.setattr(http, "TIMEOUT", (1, 0.05))
    code = consent()["code"]
    double.fail("/google/token", delay=0.5)

    with pytest.raises(OidcUnavailable):
        identify(code=code)


def test_a_person_sees_the_consent_page_at_our_own_port(settings):
    settings.DEBUG = True
    url = client.authorization_url("google", state="s", nonce=NONCE, code_verifier=VERIFIER)

    parts = urlsplit(url)
    page = APIClient().get(f"{parts.path}?{parts.query}", HTTP_ACCEPT="text/html")
    answer = APIClient().get(f"{parts.path}?{parts.query}&email=a@example.org")

    assert url.startswith(f"{settings.PUBLIC_BASE_URL}/dev/oidc/google/authorize?")
    assert 'name="state" value="s"' in page.content.decode()
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("http://localhost:3000/auth/google/callback?code=")


def test_outside_development_there_is_no_double_to_see():
    assert APIClient().get("/dev/oidc/google/keys").status_code == 404


@pytest.mark.parametrize("left_out", ["code_challenge_method", "redirect_uri"])
def test_the_double_wants_pkce_and_an_address_to_return_to(double, left_out):
    asked = {"code_challenge_method": "S256", "redirect_uri": "http://localhost/"}
    del asked[left_out]

    answer = requests.get(f"{double.url}/google/authorize", params=asked, timeout=5)

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_the_double_wants_to_know_whose_code_it_is(double):
    asked = requests.post(f"{double.url}/google/token", data={"code": "x"}, timeout=5)

    assert (asked.status_code, asked.json()) == (400, {"error": "invalid_grant"})

"""Connecting a Zoom account, against Zoom's double over a socket."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine

from integrations.zoom import client, http, oauth
from integrations.zoom.failures import ZoomAuthFailed, ZoomUnavailable
from integrations.zoom.oauth import ZoomGrantRefused

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def granted(state="state", **query):
    """Go where a person is sent, agree, and return what comes back."""
    url = oauth.authorization_url(state=state, code_verifier=VERIFIER)
    answer = requests.get(url, params=query, allow_redirects=False, timeout=5)
    return {
        name: value
        for name, [value] in parse_qs(urlsplit(answer.headers["Location"]).query).items()
    }


def exchange(code, **changes):
    facts = {"code_verifier": VERIFIER, "redirect_uri": oauth.redirect_uri()} | changes
    return oauth.exchange(code=code, **facts)


def test_the_authorization_address(zoom):
    url = urlsplit(oauth.authorization_url(state="s", code_verifier=VERIFIER))

    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{zoom.url}/oauth/authorize"
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["zoom-double"],
        "redirect_uri": ["http://localhost:3000/settings/zoom/callback"],
        "state": ["s"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
    }


@time_machine.travel(NOW, tick=False)
def test_a_code_becomes_tokens_of_the_person_who_agreed(zoom):
    answer = granted(state="abc", user="hostA")

    pair = exchange(answer["code"])

    assert answer["state"] == "abc"
    assert pair.expires_at == NOW + timedelta(hours=1)
    assert oauth.missing_scopes(pair.scopes) == []
    assert client.me(token=pair.access_token).id == "hostA"


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "x" * 43}, {"redirect_uri": "http://localhost:3000/elsewhere"}],
    ids=["verifier", "place"],
)
def test_a_code_needs_its_verifier_and_its_place(zoom, changes):
    with pytest.raises(ZoomGrantRefused):
        exchange(granted()["code"], **changes)


def test_a_code_works_once(zoom):
    code = granted()["code"]
    exchange(code)

    with pytest.raises(ZoomGrantRefused):
        exchange(code)


def test_an_unknown_code_is_refused(zoom):
    with pytest.raises(ZoomGrantRefused):
        exchange("unknown")


def test_a_refresh_replaces_both_tokens_and_uses_up_the_old_one(zoom):
    first = exchange(granted(user="hostA")["code"])

    second = oauth.refresh(first.refresh_token)

    assert first.refresh_token != second.refresh_token
    assert client.me(token=second.access_token).id == "hostA"
    with pytest.raises(ZoomGrantRefused):
        oauth.refresh(first.refresh_token)


def test_after_a_revocation_nothing_works(zoom):
    pair = exchange(granted()["code"])

    oauth.revoke(pair.access_token)
    oauth.revoke(pair.access_token)

    with pytest.raises(ZoomAuthFailed):
        client.me(token=pair.access_token)
    with pytest.raises(ZoomGrantRefused):
        oauth.refresh(pair.refresh_token)


@pytest.mark.parametrize(
    "fault",
    [{"drop": True}, {"status": 500}, {"status": 429}, {"status": 302}],
    ids=["dropped", "500", "429", "302"],
)
def test_outages_are_no_refusals(zoom, fault):
    facts = fault if "drop" in fault else {"answer": zoom.said(**fault, Location="/")}
    zoom.fail("/oauth/token", **facts)

    with pytest.raises(ZoomUnavailable):
        oauth.refresh("zoom-refresh.host.1")


def test_an_answer_lost_after_the_work_leaves_the_old_token_used_up(zoom):
    first = exchange(granted()["code"])
    zoom.fail("/oauth/token", drop=True, after=True)

    with pytest.raises(ZoomUnavailable):
        oauth.refresh(first.refresh_token)
    with pytest.raises(ZoomGrantRefused):
        oauth.refresh(first.refresh_token)


REFUSALS = {
    "nothing": (200, {}),
    "blank": (200, {"access_token": ""}),
    "invalid grant": (400, {"error": "invalid_grant", "reason": "Invalid Token!"}),
    "invalid client": (401, {"error": "invalid_client"}),
    "a code of Zoom": (400, {"code": 4741, "message": "The token has been revoked."}),
}


@pytest.mark.parametrize(("status", "body"), REFUSALS.values(), ids=REFUSALS)
def test_an_answer_without_a_token_is_a_refusal(zoom, status, body):
    zoom.fail("/oauth/token", answer=zoom.said(status, body))

    with pytest.raises(ZoomGrantRefused):
        oauth.refresh("zoom-refresh.host.1")


@pytest.mark.parametrize(
    "body", ["<html>", [], {"access_token": "a", "expires_in": "soon"}], ids=str
)
def test_an_answer_that_cannot_be_read_is_an_outage(zoom, body):
    zoom.fail("/oauth/token", answer=zoom.said(200, body))

    with pytest.raises(ZoomUnavailable):
        oauth.refresh("zoom-refresh.host.1")


@time_machine.travel(NOW, tick=False)
def test_without_a_lifetime_a_token_lives_an_hour_and_the_refresh_token_stays(zoom):
    zoom.fail("/oauth/token", answer=zoom.said(200, {"access_token": "a"}))

    pair = oauth.refresh("zoom-refresh.host.1")

    assert pair == oauth.TokenPair("a", "zoom-refresh.host.1", NOW + timedelta(hours=1), ())


@pytest.mark.parametrize("status", [429, 503])
def test_a_revocation_that_zoom_could_not_take_is_an_outage(zoom, status):
    zoom.fail("/oauth/revoke", answer=zoom.said(status))

    with pytest.raises(ZoomUnavailable):
        oauth.revoke("zoom-access.host.1")


CLASSIC = ["user:read", "meeting:read", "meeting:write"]
ADMIN = [group[1] for group in oauth.REQUIRED_SCOPES]


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (CLASSIC, []),
        (ADMIN, []),
        (["user:read", "meeting:read"], 5),
        ([], 10),
    ],
    ids=["classic", "admin", "reading only", "none"],
)
def test_missing_scopes(scopes, missing):
    found = oauth.missing_scopes(scopes)

    assert found == missing if isinstance(missing, list) else len(found) == missing


def test_without_keys_and_doubles_zoom_is_not_configured(settings):
    settings.ZOOM_CLIENT_ID, settings.PROVIDER_DOUBLES = "", False

    assert oauth.is_configured() is False


def test_a_double_makes_zoom_configured():
    assert (oauth.is_configured(), oauth.client_id()) == (True, "zoom-double")


def test_a_real_zoom_is_asked_where_it_is_configured(settings):
    settings.ZOOM_CLIENT_ID, settings.ZOOM_CLIENT_SECRET = "id", "secret"

    url = oauth.authorization_url(state="s", code_verifier=VERIFIER)

    assert url.startswith("https://zoom.us/oauth/authorize?response_type=code&client_id=id&")
    assert (oauth.is_configured(), http.api_base()) == (True, "https://api.zoom.us/v2")

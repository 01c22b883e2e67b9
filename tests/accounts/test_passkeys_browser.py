"""A passkey in a real browser: made and used on a page of the client, by its own script."""

from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import Passkey, UserSession
from tests.common.test_browser_docs import browser_page
from tests.common.test_browser_docs import pytestmark as needs_browser

pytestmark = [
    *(mark for mark in needs_browser if mark.name != "django_db"),
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
CLIENT = "http://localhost:3000"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
CALL = """async ([api, path, body, access]) => {
  const answer = await fetch(api + path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json', ...(access && {Authorization: `Bearer ${access}`}),
    },
    body: JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
}"""
MAKE = """async (options) => {
  const wanted = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.create({publicKey: wanted})).toJSON();
}"""
SIGN = """async (options) => {
  const wanted = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  return (await navigator.credentials.get({publicKey: wanted})).toJSON();
}"""


def test_a_browser_makes_a_passkey_and_signs_in_with_it(live_server, settings, attendee):
    now = timezone.now()
    settings.FRONTEND_URL = CLIENT
    settings.PUBLIC_BASE_URL = live_server.url
    access = tokens.pair(sessions.open_for_tokens(attendee, now=now), now=now).access
    api = f"http://localhost:{urlsplit(live_server.url).port}/api/v1"

    with browser_page() as (page, seen):
        # The page comes from no address at all, which browsers keep away from this machine.
        page.context.grant_permissions(["local-network-access"])
        page.route(f"{CLIENT}/**", lambda route: route.fulfill(body="<!doctype html>Client"))
        page.goto(f"{CLIENT}/settings/security")
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})

        def call(path, body, token=""):
            return page.evaluate(CALL, [api, path, body, token])

        _, options = call("/users/me/passkeys/", {}, access)
        credential = page.evaluate(MAKE, options)
        added, _ = call("/users/me/passkeys/", {"credential": credential, "name": "Laptop"}, access)
        _, options = call("/auth/passkey/options/", {})
        signed = page.evaluate(SIGN, options)
        entered, answer = call("/auth/passkey/", {"credential": signed})
        again, refusal = call("/auth/passkey/", {"credential": signed})

    assert (added, entered, answer["user"]["email"]) == (201, 200, attendee.email)
    assert (again, refusal["error"]["code"]) == (400, "PASSKEY_REJECTED")
    assert Passkey.objects.values_list("name", "user").get() == ("Laptop", attendee.pk)
    assert UserSession.objects.latest("id").auth_method == "passkey"
    assert [problem for problem in seen.problems if "400" not in problem] == []

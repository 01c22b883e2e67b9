"""Signing in with Google and Microsoft, linking and unlinking; against the double over HTTP."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import OAuthFlow, SocialAccount, User, UserSession
from common.models import AuditEntry, OutgoingEmail
from integrations import doubles
from integrations.oidc import client as oidc
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.second_factor import TotpDeviceFactory
from tests.factories.social import SocialAccountFactory

LINKS = "/api/v1/users/me/social-accounts/"
ADA = "ada@example.org"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def double():
    """The double as it is after its start."""
    double = doubles.oidc_double()
    double.reset()
    oidc.memory.clear()
    return double


@pytest.fixture
def with_second_factor():
    """Switch the second factor of a user on."""

    def switch_on(user):
        TotpDeviceFactory(user=user)
        return user

    return switch_on


def address(provider, step):
    return f"/api/v1/auth/{provider}/{step}/"


def consent(api, provider="google", **asked):
    """Start at the product, say who one is, and return what the browser then holds."""
    start = api.get(address(provider, "login")).json()
    facts = {"email": ADA, "name": "Ada Lovelace", "verified": "true"} | asked
    answer = requests.get(
        start["authorization_url"], params=facts, allow_redirects=False, timeout=5
    )
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {
        "flow_token": start["flow_token"],
        "code": query.get("code", [""])[0],
        "state": query["state"][0],
    }


def enter(api, provider="google", **asked):
    return api.post(address(provider, "callback"), consent(api, provider, **asked))


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def kinds(email=ADA):
    rows = OutgoingEmail.objects.filter(to_email=email).order_by("id")
    return list(rows.values_list("kind", flat=True))


def links_of(user):
    return list(user.social_accounts.order_by("provider").values_list("provider", "email"))


class TestStart:
    def test_the_answer_says_where_to_go(self, anonymous, double):
        answer = anonymous.get(address("google", "login"))

        body = answer.json()
        flow = OAuthFlow.objects.get()
        assert answer.status_code == 200
        assert body.keys() == {"authorization_url", "flow_token", "expires_in"}
        assert body["expires_in"] == 600
        assert body["authorization_url"].startswith(f"{double.url}/google/authorize?")
        assert (flow.intent, flow.user, flow.session) == ("login", None, None)
        assert flow.redirect_uri == "http://localhost:3000/auth/google/callback"

    def test_nothing_that_completes_it_is_kept_readable(self, anonymous):
        body = anonymous.get(address("google", "login")).json()
        query = parse_qs(urlsplit(body["authorization_url"]).query)

        [kept] = OAuthFlow.objects.values()

        secrets = (body["flow_token"], query["state"][0])
        assert not any(secret in str(kept) for secret in secrets)
        assert OAuthFlow.objects.filter(nonce=query["nonce"][0]).exists()

    @pytest.mark.parametrize("provider", ["zoom", "github", "Google"])
    @pytest.mark.parametrize("step", ["login", "callback"])
    def test_other_providers_are_not_found(self, anonymous, provider, step):
        call = anonymous.get if step == "login" else anonymous.post

        assert error_of(call(address(provider, step))) == (404, "NOT_FOUND")

    def test_without_keys_there_is_no_such_way(self, anonymous, settings):
        settings.PROVIDER_DOUBLES = False

        answer = anonymous.get(address("google", "login"))

        assert error_of(answer) == (503, "PROVIDER_NOT_CONFIGURED")
        assert not OAuthFlow.objects.exists()

    def test_a_provider_that_is_down(self, anonymous, double):
        double.fail(".*openid-configuration", answer=double.said(500))

        answer = anonymous.get(address("google", "login"))

        assert error_of(answer) == (503, "PROVIDER_UNAVAILABLE")
        assert not OAuthFlow.objects.exists()

    def test_an_unproven_account_links_nothing(self, api_for):
        user = UserFactory(unverified=True)

        assert error_of(api_for(user).get(address("google", "login"))) == (
            403,
            "EMAIL_NOT_VERIFIED",
        )


@pytest.mark.parametrize("provider", oidc.PROVIDERS)
class TestSigningIn:
    def test_a_new_address_makes_a_verified_attendee(self, anonymous, provider):
        response = enter(anonymous, provider)

        user = User.objects.get()
        session = UserSession.objects.get()
        body = response.json()
        claims = tokens.read(body.pop("access"), tokens.Kind.ACCESS)
        assert body.pop("refresh")
        assert (response.status_code, body) == (
            200,
            {
                "user": {
                    "uuid": str(user.uuid),
                    "email": ADA,
                    "full_name": "Ada Lovelace",
                    "account_type": "attendee",
                    "email_verified": True,
                },
                "created": True,
            },
        )
        assert (claims.user, claims.session) == (user.uuid, session.uuid)
        assert (session.auth_method, session.second_factor) == (provider, False)
        assert not user.has_usable_password()
        assert links_of(user) == [(provider, ADA)]
        assert kinds() == ["welcome"]

    def test_whoever_is_linked_comes_in_again(self, anonymous, provider):
        enter(anonymous, provider)

        body = enter(anonymous, provider).json()

        assert (body["created"], User.objects.count()) == (False, 1)
        assert UserSession.objects.filter(auth_method=provider).count() == 2

    def test_a_proven_account_of_the_address_is_linked_and_told(self, anonymous, provider):
        ada = UserFactory(email=ADA)
        session = sessions.open_for_tokens(ada, now=timezone.now())

        body = enter(anonymous, provider).json()

        ada.refresh_from_db()
        session.refresh_from_db()
        assert (body["created"], body["user"]["uuid"]) == (False, str(ada.uuid))
        assert links_of(ada) == [(provider, ADA)]
        assert (ada.check_password(PASSWORD), session.ended_at) == (True, None)
        assert "social_account_linked" in kinds()

    def test_an_unproven_account_of_the_address_is_handed_over(self, anonymous, api_for, provider):
        ada = UserFactory(unverified=True, email=ADA)
        planted = sessions.open_for_tokens(ada, now=timezone.now())
        stranger = api_for(ada)
        other = "microsoft" if provider == "google" else "google"
        SocialAccountFactory(user=ada, provider=other)

        body = enter(anonymous, provider).json()

        ada.refresh_from_db()
        planted.refresh_from_db()
        assert (body["created"], ada.email_verified, ada.has_usable_password()) == (
            False,
            True,
            False,
        )
        assert planted.end_reason == "password_reset"
        assert stranger.get("/api/v1/users/me/").status_code == 401
        assert links_of(ada) == [(provider, ADA)]
        assert sorted(kinds()) == ["social_account_linked", "welcome"]

    def test_an_address_nobody_vouches_for_is_refused(self, anonymous, provider):
        ada = UserFactory(email=ADA)

        response = enter(anonymous, provider, verified="false")

        assert error_of(response) == (403, "EMAIL_NOT_VERIFIED")
        assert (links_of(ada), UserSession.objects.count(), User.objects.count()) == ([], 0, 1)

    def test_a_linked_identity_needs_no_verified_address(self, anonymous, provider):
        enter(anonymous, provider)

        response = enter(anonymous, provider, verified="false")

        assert (response.status_code, response.json()["created"]) == (200, False)


class TestIdentity:
    def test_the_subject_counts_and_not_the_address(self, anonymous, double):
        double.claims = {"sub": "ada-1"}
        first = enter(anonymous).json()
        other = UserFactory(email="other@example.org")

        again = enter(anonymous, email="other@example.org").json()

        assert again["user"]["uuid"] == first["user"]["uuid"]
        assert links_of(other) == []
        assert SocialAccount.objects.get().email == "other@example.org"

    def test_a_second_identity_of_the_provider_does_not_take_the_account(self, anonymous, double):
        enter(anonymous)
        double.claims = {"sub": "whoever-has-the-address-now"}

        response = enter(anonymous)

        assert error_of(response) == (409, "ALREADY_LINKED")
        assert (UserSession.objects.count(), SocialAccount.objects.count()) == (1, 1)

    def test_one_person_may_have_both_providers(self, anonymous):
        enter(anonymous, "google")
        enter(anonymous, "microsoft")

        assert links_of(User.objects.get()) == [("google", ADA), ("microsoft", ADA)]

    @pytest.mark.parametrize("is_linked", [True, False])
    def test_a_deactivated_account_stays_shut(self, anonymous, is_linked):
        user = UserFactory(email=ADA)
        if is_linked:
            enter(anonymous)
            UserSession.objects.all().delete()
        User.objects.filter(pk=user.pk).update(is_active=False)

        response = enter(anonymous)

        assert error_of(response) == (401, "AUTHENTICATION_FAILED")
        assert not UserSession.objects.exists()

    @pytest.mark.parametrize(
        ("name", "full_name"),
        [
            ("Ada", "Ada"),
            (" Ada \t King\n", "Ada King"),
            ("Ada\x00\x1b[31m", "Ada[31m"),
            ("", "ada"),
            ("A", "ada"),
            ("x" * 300, "x" * 255),
            (None, "ada"),
            (["Ada"], "ada"),
        ],
    )
    def test_the_name_of_a_new_account(self, anonymous, double, name, full_name):
        double.claims = {"name": name}

        enter(anonymous)

        assert User.objects.get().full_name == full_name

    @pytest.mark.parametrize("email", [None, "", "no address", 7, f"{'x' * 64}@{'y' * 240}.org"])
    def test_without_an_address_there_is_no_account(self, anonymous, double, email):
        double.claims = {"email": email}

        assert error_of(enter(anonymous)) == (403, "EMAIL_NOT_VERIFIED")
        assert not User.objects.exists()

    def test_capitals_make_no_second_account(self, anonymous):
        user = UserFactory(email=ADA)

        body = enter(anonymous, email="ADA@Example.ORG").json()

        assert (body["user"]["uuid"], User.objects.count()) == (str(user.uuid), 1)


class TestCallback:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"code": ""}, "MISSING_PARAMS"),
            ({"state": ""}, "MISSING_PARAMS"),
            ({"state": "unknown"}, "INVALID_STATE"),
            ({"flow_token": ""}, "INVALID_STATE"),
            ({"flow_token": "foreign"}, "INVALID_STATE"),
            ({"code": ["x"]}, "VALIDATION_ERROR"),
            ({"code": "unknown"}, "OAUTH_FAILED"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, anonymous, changes, code):
        answer = consent(anonymous) | changes

        response = anonymous.post(address("google", "callback"), answer, format="json")

        assert error_of(response) == (400, code)
        assert not User.objects.exists()

    def test_the_refusal_of_a_provider_has_a_fixed_message(self, anonymous, double):
        answer = consent(anonymous)
        double.fail("/google/token", answer=double.said(400, {"error": "<script>", "x": "secret"}))

        error = anonymous.post(address("google", "callback"), answer).json()["error"]

        assert (error["code"], error["message"]) == (
            "OAUTH_FAILED",
            "The sign-in was not completed. Please try again.",
        )
        assert "script" not in str(error)

    def test_an_outage_is_told_from_a_refusal(self, anonymous, double):
        answer = consent(anonymous)
        double.fail("/google/token", drop=True)

        response = anonymous.post(address("google", "callback"), answer)

        assert error_of(response) == (503, "PROVIDER_UNAVAILABLE")

    def test_a_flow_is_used_up_by_the_first_look(self, anonymous, double):
        answer = consent(anonymous)
        anonymous.post(address("google", "callback"), answer | {"flow_token": "foreign"})

        response = anonymous.post(address("google", "callback"), answer)

        assert error_of(response) == (400, "INVALID_STATE")
        assert double.count("POST", "/google/token") == 0

    def test_a_flow_is_good_once(self, anonymous):
        answer = consent(anonymous)
        anonymous.post(address("google", "callback"), answer)

        assert error_of(anonymous.post(address("google", "callback"), answer)) == (
            400,
            "INVALID_STATE",
        )
        assert UserSession.objects.count() == 1

    def test_a_flow_lives_ten_minutes(self, anonymous):
        answer = consent(anonymous)

        with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
            response = anonymous.post(address("google", "callback"), answer)

        assert error_of(response) == (400, "INVALID_STATE")

    def test_a_flow_belongs_to_its_provider(self, anonymous):
        answer = consent(anonymous, "google")

        assert error_of(anonymous.post(address("microsoft", "callback"), answer)) == (
            400,
            "INVALID_STATE",
        )

    def test_a_flow_of_zoom_signs_nobody_in(self, anonymous, organizer, api_for):
        url = api_for(organizer).get("/api/v1/users/me/zoom/connect/").json()
        state = parse_qs(urlsplit(url["authorization_url"]).query)["state"][0]

        response = anonymous.post(
            address("google", "callback"), {"code": "x", "state": state, "flow_token": "x"}
        )

        assert error_of(response) == (400, "INVALID_STATE")
        assert OAuthFlow.objects.get().used_at is None


class TestSecondFactor:
    def test_a_code_is_asked_for(self, anonymous, with_second_factor):
        user = with_second_factor(UserFactory(email=ADA))
        enter(anonymous)

        response = enter(anonymous)

        error = response.json()["error"]
        assert error_of(response) == (401, "OTP_REQUIRED")
        assert error["details"]["challenge"]
        assert not UserSession.objects.filter(user=user).exists()

    def test_what_a_stranger_set_up_on_an_unproven_account_is_gone(
        self, anonymous, with_second_factor
    ):
        user = with_second_factor(UserFactory(email=ADA, unverified=True))

        response = enter(anonymous)

        assert response.status_code == 200
        assert not hasattr(User.objects.get(pk=user.pk), "totp_device")


class TestLinking:
    def test_a_signed_in_caller_links(self, api_for, attendee):
        response = enter(api_for(attendee), email="private@example.net")

        row = SocialAccount.objects.get()
        assert (response.status_code, response.json()) == (
            200,
            {
                "uuid": str(row.uuid),
                "provider": "google",
                "email": "private@example.net",
                "connected_at": response.json()["connected_at"],
                "last_login_at": None,
            },
        )
        assert row.user == attendee
        assert kinds(attendee.email) == ["social_account_linked"]
        assert AuditEntry.objects.filter(action="social_account.linked").count() == 1
        assert UserSession.objects.count() == 1

    def test_identity_must_have_been_proven_just_now(self, api_for, attendee):
        api = api_for(attendee)
        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
            stale = api.get(address("google", "login"))
            api.post("/api/v1/auth/reauthenticate/", {"password": PASSWORD})
            fresh = api.get(address("google", "login"))

        assert error_of(stale) == (403, "REAUTHENTICATION_REQUIRED")
        assert fresh.status_code == 200
        assert OAuthFlow.objects.count() == 1

    def test_the_link_signs_in(self, api_for, anonymous, attendee):
        enter(api_for(attendee), email="private@example.net", verified="false")

        body = enter(anonymous, email="private@example.net", verified="false").json()

        assert (body["user"]["email"], body["created"]) == (attendee.email, False)

    def test_an_identity_linked_elsewhere_is_refused(self, api_for, anonymous, attendee):
        enter(anonymous)

        response = enter(api_for(attendee))

        assert error_of(response) == (409, "ALREADY_LINKED")
        assert links_of(attendee) == []
        assert kinds(attendee.email) == []

    def test_a_second_account_of_a_provider_is_refused(self, api_for, attendee):
        enter(api_for(attendee), email="one@example.net")

        response = enter(api_for(attendee), email="two@example.net")

        assert error_of(response) == (409, "ALREADY_LINKED")
        assert links_of(attendee) == [("google", "one@example.net")]

    @pytest.mark.parametrize("who", ["nobody", "another person", "another session"])
    def test_a_linking_belongs_to_its_session(self, api_for, anonymous, attendee, stranger, who):
        answer = consent(api_for(attendee))
        callers = {
            "nobody": anonymous,
            "another person": api_for(stranger),
            "another session": api_for(attendee),
        }

        response = callers[who].post(address("google", "callback"), answer)

        assert error_of(response) == (400, "INVALID_STATE")
        assert not SocialAccount.objects.exists()


class TestList:
    @pytest.mark.parametrize("count", [1, 2])
    def test_ones_own_are_listed(self, api_for, attendee, count, django_assert_num_queries):
        SocialAccountFactory()
        rows = [
            SocialAccountFactory(user=attendee, provider=provider)
            for provider in oidc.PROVIDERS[:count]
        ]
        api = api_for(attendee)

        with django_assert_num_queries(3):
            body = api.get(LINKS).json()

        assert [each["uuid"] for each in body["results"]] == [str(row.uuid) for row in rows]
        assert body["results"][0].keys() == {
            "uuid",
            "provider",
            "email",
            "connected_at",
            "last_login_at",
        }

    def test_nobody_else_sees_them(self, anonymous):
        assert error_of(anonymous.get(LINKS)) == (401, "NOT_AUTHENTICATED")


class TestUnlinking:
    def test_one_goes(self, api_for, attendee):
        row = SocialAccountFactory(user=attendee)

        response = api_for(attendee).delete(f"{LINKS}{row.uuid}/")

        assert (response.status_code, links_of(attendee)) == (204, [])
        assert AuditEntry.objects.filter(action="social_account.unlinked").count() == 1

    def test_anothers_is_not_found(self, api_for, attendee):
        row = SocialAccountFactory()

        response = api_for(attendee).delete(f"{LINKS}{row.uuid}/")

        assert error_of(response) == (404, "NOT_FOUND")
        assert SocialAccount.objects.filter(pk=row.pk).exists()

    def test_identity_must_have_been_proven_just_now(self, api_for, attendee):
        row = SocialAccountFactory(user=attendee)
        api = api_for(attendee)

        with time_machine.travel(timezone.now() + timedelta(minutes=11)):
            refused = api.delete(f"{LINKS}{row.uuid}/")
            granted = api.delete(f"{LINKS}{row.uuid}/", {"password": PASSWORD})

        assert error_of(refused) == (403, "REAUTHENTICATION_REQUIRED")
        assert granted.status_code == 204

    @pytest.mark.parametrize(
        ("password", "others", "answer"),
        [
            (True, 0, 204),
            (False, 0, 409),
            (False, 1, 204),
        ],
    )
    def test_the_last_way_to_sign_in_stays(self, api_for, attendee, password, others, answer):
        row = SocialAccountFactory(user=attendee, provider="google")
        if others:
            SocialAccountFactory(user=attendee, provider="microsoft")
        if not password:
            attendee.set_unusable_password()
            attendee.save()

        response = api_for(attendee).delete(f"{LINKS}{row.uuid}/")

        assert response.status_code == answer
        assert SocialAccount.objects.filter(pk=row.pk).exists() == (answer == 409)

    def test_the_refusal_has_its_code(self, api_for, attendee):
        row = SocialAccountFactory(user=attendee)
        attendee.set_unusable_password()
        attendee.save()

        response = api_for(attendee).delete(f"{LINKS}{row.uuid}/")

        assert error_of(response) == (409, "LAST_SIGN_IN_METHOD")
        assert not AuditEntry.objects.filter(action="social_account.unlinked").exists()

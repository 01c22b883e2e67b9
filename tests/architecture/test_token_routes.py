"""Which routes are open to programs, by which resource; every view has its line here."""

import re
from collections import defaultdict
from functools import cache

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from accounts.authentication import ApiTokenAuthentication
from accounts.token_scopes import SCOPES
from common import scopes
from common.dispatch import OpenToAll, Pipeline
from common.views.docs import schema
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.api_tokens import ApiTokenFactory, program

ANY_UUID = "5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e"
API = "api/v1/"
# The shortest path of each view, `*` for a parameter. A route of the view that differs from the
# others has a line of its own.
RESOURCES = {
    "api/v1/users/me/": "profile",
    "api/v1/users/me/organizer-profile/": "profile",
    "api/v1/users/me/notifications/": "profile",
    "api/v1/organizations/": "organizations",
    "api/v1/organizations/*/members/": "organizations",
    "api/v1/jobs/": scopes.ANY,
    "api/v1/billing/subscription/": "billing",
    "api/v1/events/": "events",
    "api/v1/events/*/calendar.ics": "events",
    "api/v1/events/*/duplicate/": "events",
    "api/v1/events/*/transfer/": "events",
    "api/v1/events/*/emails/": "events",
    "api/v1/events/*/statistics/": "events",
    "api/v1/events/dashboard/": "events",
    "api/v1/events/*/meeting/": "events",
    "api/v1/events/*/custom-fields/": "events",
    "api/v1/events/*/invitations/": "events",
    "api/v1/events/*/reminders/": "events",
    "api/v1/events/*/upload-image/": "events",
    "api/v1/speakers/": "events",
    "api/v1/events/*/sessions/": "events",
    "api/v1/events/*/sessions/*/host-link/": "events",
    "api/v1/events/*/status-history/": "events",
    "api/v1/events/*/aggregate-attendance/": "registrations",
    "api/v1/events/*/registrations/": "registrations",
    "api/v1/registrations/*/session-attendance/": "registrations",
    "api/v1/users/me/registrations/": "registrations",
    "api/v1/events/*/credit-awards/": "credits",
    "api/v1/users/me/credits/": "credits",
    "api/v1/events/*/certificates/": "certificates",
    "api/v1/templates/": "certificates",
    "api/v1/users/me/certificates/": "certificates",
    "api/v1/webhook-endpoints/": "webhooks",
    "api/v1/webhook-endpoints/*/deliveries/": "webhooks",
    "api/v1/webhook-event-types/": "webhooks",
}
# Identity, keys, members' management, copies of data, erasure, notices, and the platform's tools.
CLOSED = {
    "api/v1/api-tokens/",
    "api/v1/auth/manifest/",
    "api/v1/auth/password-change/",
    "api/v1/integrations/",
    "api/v1/integrations/inbound-webhooks/",
    "api/v1/notifications/",
    "api/v1/organization-invitations/accept/",
    "api/v1/organizations/*/audit-log/",
    "api/v1/organizations/*/invitations/",
    "api/v1/staff/audit-log/",
    "api/v1/staff/emails/",
    "api/v1/staff/organizations/",
    "api/v1/staff/periodic/",
    "api/v1/staff/persons/erase/",
    "api/v1/staff/tasks/",
    "api/v1/staff/users/",
    "api/v1/users/me/audit-log/",
    "api/v1/users/me/delete-account/",
    "api/v1/users/me/downgrade/",
    "api/v1/users/me/email/",
    "api/v1/users/me/export-data/",
    "api/v1/users/me/link-registrations/",
    "api/v1/users/me/onboarding/complete/",
    "api/v1/users/me/organization-invitations/",
    "api/v1/users/me/passkeys/",
    "api/v1/users/me/sessions/",
    "api/v1/users/me/social-accounts/",
    "api/v1/users/me/two-factor/",
    "api/v1/users/me/upgrade/",
    "api/v1/users/me/zoom/",
}
# Rows that are the caller's own and nobody else's: organizations' tokens stay outside.
PERSONAL = "api/v1/users/me/"
TABLE = RESOURCES | dict.fromkeys(CLOSED, "")


def patterns(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


@cache
def routes():
    """Return path, view class and options of every view that is not for everybody."""
    found = []
    for path, callback in patterns():
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        if view is not None and issubclass(view, Pipeline) and not issubclass(view, OpenToAll):
            options = getattr(callback, "initkwargs", {})
            found.append((re.sub(r"<[^>]+>", "*", path), view, options, callback))
    return found


@cache
def shortest():
    """Return the shortest path of each view."""
    paths = defaultdict(list)
    for path, view, *_ in routes():
        paths[view].append(path)
    return {
        view: min(served, key=lambda path: (path.count("/"), path))
        for view, served in paths.items()
    }


def said(view, options, name):
    return options.get(name, getattr(view, name))


@cache
def calls():
    """Return path, method, resource and whether it is personal, of each operation."""
    found = []
    for path, view, options, callback in routes():
        actions = getattr(callback, "actions", None)
        allowed = view.http_method_names
        methods = actions or [method for method in allowed if hasattr(view, method)]
        for method in sorted(set(methods) & set(allowed) - {"head", "options"}):
            facts = said(view, options, "resource"), said(view, options, "personal")
            found.append(pytest.param(path, method, *facts, id=f"{method} {path}"))
    return found


def test_each_view_has_its_line():
    declared = {path: said(view, options, "resource") for path, view, options, _ in routes()}
    expected = {
        path: TABLE.get(path, TABLE.get(shortest()[view], "no line")) for path, view, *_ in routes()
    }

    assert declared == expected


def test_each_line_has_its_view():
    assert TABLE.keys() - {path for path, *_ in routes()} == set()


def test_own_rows_are_kept_from_organizations():
    own = {
        path: said(view, options, "personal")
        for path, view, options, _ in routes()
        if said(view, options, "resource")
    }

    assert own == {path: path.startswith(PERSONAL) for path in own}


def test_no_other_view_knows_programs():
    others = [
        view
        for _, callback in patterns()
        if (view := getattr(callback, "cls", None) or getattr(callback, "view_class", None))
        and issubclass(view, APIView)
        and (issubclass(view, OpenToAll) or not issubclass(view, Pipeline))
    ]

    assert len(others) > 10
    assert [
        view.__name__
        for view in others
        if any(isinstance(each, ApiTokenAuthentication) for each in view().get_authenticators())
    ] == []


def test_the_schema_names_the_scope_of_each_operation():
    told = {
        (re.sub(r"{[^}]+}", "*", path.lstrip("/")), method): entry["apiToken"]
        for path, item in schema()["paths"].items()
        for method, operation in item.items()
        for entry in operation["security"]
        if "apiToken" in entry
    }

    wanted = {call.values[:2]: scope_of(*call.values[1:3]) for call in calls()}
    scoped = {call: [scope] for call, scope in wanted.items() if scope in SCOPES}
    unscoped = {call: [] for call, scope in wanted.items() if scope.startswith(scopes.ANY)}
    assert told == scoped | unscoped


@pytest.fixture
def founder(db):
    """An organizer who owns an organization and runs the platform besides."""
    user = UserFactory(organizer=True, superuser=True)
    MembershipFactory(user=user, organization=OrganizationFactory(), role="owner")
    return user


def scope_of(method, resource):
    return f"{resource}:{'read' if method == 'get' else 'write'}"


def ask(token, method, path):
    address = "/" + path.replace("*", ANY_UUID)
    response = getattr(program(token), method)(address, {} if method != "get" else None)
    error = response.json().get("error") or {}
    return response.status_code, error.get("code"), error.get("details")


@pytest.mark.parametrize(("path", "method", "resource", "personal"), calls())
def test_without_the_scope_no_route_opens(founder, path, method, resource, personal):
    wanted = scope_of(method, resource)
    lesser = {wanted, f"{resource}:write"}
    token = ApiTokenFactory(user=founder, scopes=[each for each in SCOPES if each not in lesser])

    if resource == scopes.ANY:
        assert ask(token, method, path)[0] in {200, 404}
    elif wanted in SCOPES:
        assert ask(token, method, path) == (403, "SCOPE_REQUIRED", {"scope": wanted})
    else:
        assert ask(token, method, path) == (403, "PERMISSION_DENIED", None)


@pytest.mark.parametrize(
    ("path", "method", "resource", "personal"),
    [call for call in calls() if call.values[3]],
)
def test_with_all_scopes_an_organizations_token_stays_outside(
    founder, path, method, resource, personal
):
    organization = founder.memberships.get().organization
    token = ApiTokenFactory(user=founder, organization=organization, scopes=[*SCOPES])

    assert ask(token, method, path) == (403, "PERMISSION_DENIED", None)

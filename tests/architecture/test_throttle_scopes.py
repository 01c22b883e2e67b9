"""Every scope that a view names has its rate."""

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from common import throttling
from common.dispatch import Pipeline


def views(resolver=None):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None) or getattr(
                pattern.callback, "view_class", None
            )
            if view is not None and issubclass(view, Pipeline):
                yield view, getattr(pattern.callback, "initkwargs", {})


def scopes():
    for view, options in views():
        named = options.get("throttle_scope", view.throttle_scope)
        if isinstance(named, property):
            continue
        yield from (named,) if isinstance(named, str) else named


@pytest.mark.parametrize("scope", sorted({*scopes(), "anon", "user", "bad_token"} - {""}))
def test_each_named_scope_has_a_rate(scope):
    assert throttling.parse_rate(settings.THROTTLE_RATES[scope]).limit > 0

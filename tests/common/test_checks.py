"""The checks that run before the product starts."""

from django.core.checks import registry
from django.urls import URLResolver, path
from django.urls.resolvers import RegexPattern
from rest_framework.viewsets import GenericViewSet

from common import checks
from common.viewsets import ScopedViewSet


def ids(messages):
    return [message.id for message in messages]


def test_the_checks_are_registered():
    registered = registry.registry.get_checks(include_deployment_checks=True)

    assert {
        checks.check_mail_templates,
        checks.check_signing_keys,
        checks.check_viewsets,
        checks.check_proxies,
    } <= set(registered)


def test_every_mail_has_its_three_parts():
    assert checks.check_mail_templates() == []


def test_a_mail_without_a_part_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "templates" / "email" / "welcome"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("Welcome")
    (folder / "body.txt").write_text("Hello")
    (folder.parent / "base.txt").write_text("not a kind")

    assert list(checks.mail_kinds([tmp_path])) == [folder]

    monkeypatch.setattr(checks, "mail_kinds", lambda _: [folder])
    (message,) = checks.check_mail_templates()
    assert (message.id, message.msg) == ("common.E001", "The mail welcome has no body.html.")


def test_one_key_for_two_purposes_is_refused(settings):
    assert checks.check_signing_keys() == []

    settings.JWT_SIGNING_KEYS = [settings.SECRET_KEY]

    assert ids(checks.check_signing_keys()) == ["common.E002"]


def test_a_viewset_without_a_rule_is_refused(monkeypatch):
    class Loose(GenericViewSet):
        pass

    class Scoped(ScopedViewSet):
        pass

    class Ruled(GenericViewSet):
        scoped_by = "the phase of the moon"

    actions = {"get": "list"}
    urls = [path(f"{view.__name__}/", view.as_view(actions)) for view in (Loose, Scoped, Ruled)]
    nested = URLResolver(RegexPattern(r"^deep/"), urls)
    resolver = URLResolver(RegexPattern(r"^/"), [nested])
    for view in (Loose, Scoped, Ruled):
        view.list = lambda self, request: None
    monkeypatch.setattr(checks, "get_resolver", lambda: resolver)

    (message,) = checks.check_viewsets()

    assert message.msg == "Loose is neither scoped nor open to all."


def test_a_production_without_proxies_is_asked_about(settings):
    settings.HTTPS_REQUIRED = True

    assert ids(checks.check_proxies()) == ["common.W001"]

    settings.NUM_PROXIES = 1
    assert checks.check_proxies() == []

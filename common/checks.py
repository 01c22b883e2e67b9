"""What must hold before the product starts; `manage.py check` and every start say so."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- its name
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.viewsets import ViewSetMixin

from common.dispatch import OpenToAll
from common.viewsets import ScopedViewSet

MAIL_PARTS = ("subject.txt", "body.txt", "body.html")


@register(Tags.templates)
def check_mail_templates(**_: Any) -> list[CheckMessage]:
    """Every kind of mail has its three parts."""
    return [
        Error(f"The mail {kind.name} has no {part}.", id="common.E001")
        for kind in mail_kinds(Path(config.path) for config in apps.get_app_configs())
        for part in MAIL_PARTS
        if not (kind / part).exists()
    ]


def mail_kinds(app_folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the template folders of the mails of these apps."""
    for folder in app_folders:
        yield from (kind for kind in (folder / "templates" / "email").glob("*") if kind.is_dir())


@register(Tags.security)
def check_signing_keys(**_: Any) -> list[CheckMessage]:
    """Whoever learns one secret does not have the other."""
    if settings.SECRET_KEY in settings.JWT_SIGNING_KEYS:
        return [Error("JWT_SIGNING_KEYS holds SECRET_KEY; use another key.", id="common.E002")]
    return []


@register(Tags.urls)
def check_viewsets(**_: Any) -> list[CheckMessage]:
    """Every viewset says whose rows it serves."""
    return [
        Warning(
            f"{viewset.__name__} is neither scoped nor open to all.",
            hint="If it has a rule of its own, say so in `scoped_by`.",
            id="common.W002",
        )
        for viewset in viewsets(get_resolver())
        if not issubclass(viewset, ScopedViewSet | OpenToAll)
        and not getattr(viewset, "scoped_by", "")
    ]


def viewsets(resolver: URLResolver) -> list[type[Any]]:
    """Return the viewsets behind the URL map, each once."""
    found = {getattr(pattern.callback, "cls", None) for pattern in _patterns(resolver)}
    ours = (each for each in found if each is not None and issubclass(each, ViewSetMixin))
    return sorted(ours, key=lambda each: each.__name__)


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern


@register(Tags.security, deploy=True)
def check_proxies(**_: Any) -> list[CheckMessage]:
    """Behind a TLS proxy the requests arrive as plain http; without trust all are refused."""
    if settings.HTTPS_REQUIRED and not settings.NUM_PROXIES:
        return [
            Warning(
                "NUM_PROXIES is 0: X-Forwarded-Proto and X-Forwarded-For are ignored.",
                hint="Set it to the number of your proxies, unless this server speaks TLS itself.",
                id="common.W001",
            )
        ]
    return []

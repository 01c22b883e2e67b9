"""Mails and notices lead to pages that the front end has: those of the manifest."""

import re
from pathlib import Path

from django.conf import settings

from accounts import manifest
from config.settings.base import INSTALLED_APPS
from tests.factories.accounts import UserFactory

PAGE = re.compile(r'[}"]/settings/([a-z-]+)')


def test_every_settings_page_that_is_named_is_a_route(db):
    root = Path(settings.BASE_DIR)
    named = {
        f"settings.{page}"
        for app in INSTALLED_APPS
        for source in (root / app.partition(".")[0]).glob("**/*.py")
        for page in PAGE.findall(source.read_text())
    }

    routes = manifest.of(UserFactory(organizer=True, superuser=True)).routes

    assert len(named) > 5
    assert named - set(routes) == set()

"""The admin lists every model of the product, and every page of it opens."""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.test import Client

from common.admin import AuditedAdmin
from tests.factories.accounts import UserFactory

OURS = [
    model
    for config in apps.get_app_configs()
    if config.path.startswith(str(settings.BASE_DIR)) and "site-packages" not in config.path
    for model in config.get_models()
    if not model._meta.auto_created
]


@pytest.fixture
def browser(db):
    user = UserFactory(superuser=True)
    client = Client()
    client.force_login(user)
    return client


def test_every_model_is_registered():
    missing = [model._meta.label for model in OURS if not admin.site.is_registered(model)]

    assert missing == []


def test_every_admin_is_audited():
    loose = [
        model._meta.label
        for model in OURS
        if admin.site.is_registered(model)
        and not isinstance(admin.site.get_model_admin(model), AuditedAdmin)
    ]

    assert loose == []


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_list_opens_and_searches(browser, model):
    url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"

    assert browser.get(url).status_code == 200
    assert browser.get(f"{url}?q=x").status_code == 200

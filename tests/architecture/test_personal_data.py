"""Nothing about people is stored without somebody having said what becomes of it."""

import pytest
from django.db import models

from accounts import privacy
from accounts.models import User
from common import personal_data
from common.personal_data import Handling

# Each app is erased by itself; what the lowest two keep, accounts registers.
ERASING_APPS = {
    "admin": "accounts",
    "common": "common",
    "integrations": "integrations",
    "accounts": "accounts",
    "billing": "billing",
    "events": "events",
    "registrations": "registrations",
    "certificates": "certificates",
    "contacts": "contacts",
}


def test_every_text_json_and_address_column_is_declared():
    assert personal_data.undeclared() == []


def test_every_app_with_columns_to_erase_has_an_eraser():
    apps = {
        column.model._meta.app_label
        for column in personal_data.every_column()
        if personal_data.handling(column) == Handling.ERASED
    }

    missing = sorted(apps - ERASING_APPS.keys())
    assert missing == []
    assert {ERASING_APPS[app] for app in apps} <= privacy.erasers()


def test_a_column_that_does_not_exist_cannot_be_declared():
    with pytest.raises(ValueError, match=r"accounts\.User\.nickname is no textual column"):
        personal_data.declare(User, erased="nickname")


def test_a_column_is_declared_once():
    with pytest.raises(ValueError, match=r"accounts\.User\.email .* told twice"):
        personal_data.declare(User, erased="email", kept="email")


def test_a_new_text_column_is_noticed():
    class Diary(models.Model):
        page = models.TextField()
        mood = models.CharField(max_length=5, choices=[("good", "good")])

        class Meta:
            app_label = "common"
            managed = False

        def __str__(self):
            return self.page

    try:
        assert personal_data.undeclared() == ["common.Diary.page"]
    finally:
        Diary._meta.apps.all_models["common"].pop("diary")
        Diary._meta.apps.clear_cache()


def test_encrypted_columns_are_found_by_their_text_or_erased():
    encrypted = [
        column
        for column in personal_data.every_column()
        if type(column).__name__ == "EncryptedTextField"
    ]

    assert len(encrypted) > 8
    assert {personal_data.handling(column) for column in encrypted} == {Handling.ERASED}

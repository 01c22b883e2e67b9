from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin import apps as stock


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        import_module("accounts.receivers")


class StaffAdminConfig(stock.AdminConfig):
    """The admin app with our site in it."""

    default = False
    default_site = "accounts.staff_site.StaffSite"

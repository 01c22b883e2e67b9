from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        # Work is published through the registered task, so the web process must know them all.
        autodiscover_modules("tasks")
        import_module("common.checks")
        import_module("common.receivers")

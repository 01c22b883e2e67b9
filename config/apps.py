from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Installed for its management commands, which stand above every app."""

    name = "config"

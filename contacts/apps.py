from importlib import import_module

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Whom organizers write to, and who does not want that."""

    name = "contacts"

    def ready(self) -> None:
        import_module("contacts.receivers")

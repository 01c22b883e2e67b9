from importlib import import_module

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    """Certificates and who may check them."""

    name = "certificates"

    def ready(self) -> None:
        import_module("certificates.checks")
        import_module("certificates.receivers")

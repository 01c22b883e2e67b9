from importlib import import_module

from django.apps import AppConfig


class LearningConfig(AppConfig):
    """Learning, with the credit engine inside it."""

    name = "learning"

    def import_models(self) -> None:
        # Django looks for models in installed apps only; the credit engine has no AppConfig.
        super().import_models()
        credit_models = import_module("learning.credits.models")
        # Without a models module Django announces no migration of the app: no triggers, no rights.
        self.models_module = self.models_module or credit_models

    def ready(self) -> None:
        import_module("learning.credits.tasks")
        import_module("learning.credits.receivers")
        import_module("learning.credits.admin")

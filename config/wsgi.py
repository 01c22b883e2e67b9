"""WSGI entry point; in embedded mode it also starts the worker of this process."""

from django.core.wsgi import get_wsgi_application

from config.env import choose_settings

choose_settings()
application = get_wsgi_application()

from common import embedded  # noqa: E402 -- apps must be loaded first

embedded.start()

"""ASGI entry point, for servers that want one; the product itself is synchronous."""

from django.core.asgi import get_asgi_application

from config.env import choose_settings

choose_settings()
application = get_asgi_application()

"""Stand-ins for the providers, over real sockets, so that the real clients are what runs."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.doubles import stripe, zoom
from integrations.doubles.server import Double

_running: dict[str, Double] = {}


def start() -> dict[str, str]:
    """Start the doubles of providers that have no key, once per process; return their addresses."""
    if not settings.PROVIDER_DOUBLES:
        return {}
    if not settings.DEBUG and not settings.TESTING:
        raise ImproperlyConfigured("Doubles do not run in production.")
    if "zoom" not in _running and not settings.ZOOM_CLIENT_ID:
        _running["zoom"] = zoom.play()
    if "stripe" not in _running and not settings.STRIPE_SECRET_KEY:
        _running["stripe"] = stripe.play()
    return {name: double.url for name, double in _running.items()}


def address_of(provider: str) -> str | None:
    """Return where a provider's double listens in this process, None when it does not."""
    double = _running.get(provider)
    return double.url if double else None


def running(provider: str) -> Double | None:
    """Return the double that this process runs for a provider."""
    return _running.get(provider)

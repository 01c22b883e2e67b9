"""Stand-ins for the providers, over real sockets, so that the real clients are what runs."""

import threading

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.doubles import stripe, zoom
from integrations.doubles.server import Double
from integrations.doubles.stripe import StripeDouble
from integrations.doubles.zoom import ZoomDouble

_running: dict[str, Double] = {}
_starting = threading.Lock()


def start() -> dict[str, str]:
    """Start the doubles of providers that have no key, once per process; return their addresses.

    Clients call this before they speak, so that every process which needs a double has one.
    """
    if not settings.PROVIDER_DOUBLES:
        return {}
    if not (settings.DEBUG or settings.TESTING):
        raise ImproperlyConfigured("Doubles do not run in production.")
    with _starting:
        if "zoom" not in _running and not settings.ZOOM_CLIENT_ID:
            _running["zoom"] = zoom.play()
        if "stripe" not in _running and not settings.STRIPE_SECRET_KEY:
            _running["stripe"] = stripe.play()
    return {name: double.url for name, double in _running.items()}


def running(provider: str) -> Double | None:
    """Return the double of a provider in this process, started if need be."""
    start()
    return _running.get(provider)


def zoom_double() -> ZoomDouble:
    """Return Zoom's double; where a real Zoom is configured there is none."""
    double = running("zoom")
    if not isinstance(double, ZoomDouble):
        raise ImproperlyConfigured("Zoom is not played by a double here.")
    return double


def stripe_double() -> StripeDouble:
    """Return Stripe's double; where a real Stripe is configured there is none."""
    double = running("stripe")
    if not isinstance(double, StripeDouble):
        raise ImproperlyConfigured("Stripe is not played by a double here.")
    return double

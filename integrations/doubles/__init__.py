"""Stand-ins for the providers, over real sockets, so that the real clients are what runs.

Nothing is configured by them: clients ask here who plays before they speak to a provider.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.doubles.oidc import OidcDouble
from integrations.doubles.server import Double
from integrations.doubles.stripe import StripeDouble
from integrations.doubles.zoom import ZoomDouble

PLAYERS: Final[Mapping[str, Callable[[], Double]]] = {
    "zoom": ZoomDouble,
    "stripe": StripeDouble,
    "oidc": OidcDouble,
}
KEYS: Final = {
    "zoom": ("ZOOM_CLIENT_ID",),
    "stripe": ("STRIPE_SECRET_KEY",),
    "oidc": ("GOOGLE_CLIENT_ID", "MICROSOFT_CLIENT_ID"),
}
_running: dict[str, Double] = {}
_starting = threading.Lock()


def plays(provider: str) -> bool:
    """Tell whether a double stands in for the provider: where doubles may, and a key is missing."""
    keys = [getattr(settings, name) for name in KEYS.get(provider, ())]
    return settings.PROVIDER_DOUBLES and bool(keys) and not all(keys)


def start() -> dict[str, str]:
    """Start the doubles that play, once per process; return their addresses.

    Clients call this before they speak, so that every process which needs a double has one.
    """
    playing = [provider for provider in PLAYERS if plays(provider)]
    if playing and not (settings.DEBUG or settings.TESTING):
        raise ImproperlyConfigured("Doubles do not run in production.")
    with _starting:
        for provider in playing:
            if provider not in _running:
                _running[provider] = PLAYERS[provider]().start()
    return {provider: _running[provider].url for provider in playing}


def running(provider: str) -> Double | None:
    """Return the double that plays a provider in this process, started if need be."""
    return _running.get(provider) if provider in start() else None


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


def oidc_double() -> OidcDouble:
    """Return the double of Google and Microsoft; where both are configured there is none."""
    double = running("oidc")
    if not isinstance(double, OidcDouble):
        raise ImproperlyConfigured("Nobody's sign-in is played by a double here.")
    return double

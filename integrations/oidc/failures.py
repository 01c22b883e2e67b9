"""How asking a provider who somebody is can end badly."""


class OidcFailure(Exception):
    """Any of them."""


class OidcUnavailable(OidcFailure):
    """Network, time-out or a 5xx answer: an outage, nobody's fault."""


class OidcRefused(OidcFailure):
    """The provider does not take the code, or its word does not hold."""

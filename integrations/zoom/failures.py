"""How a call to Zoom can end badly."""

from datetime import datetime


class ZoomFailure(Exception):
    """Any of them."""


class ZoomUnavailable(ZoomFailure):
    """Network, time-out, a 5xx answer or the open circuit: an outage, nobody's fault."""


class ZoomRateLimited(ZoomFailure):
    """Too many calls; nothing before ``retry_at`` makes sense."""

    def __init__(self, retry_at: datetime) -> None:
        self.retry_at = retry_at
        super().__init__(f"Zoom takes no calls until {retry_at:%Y-%m-%d %H:%M} UTC.")


class ZoomRejected(ZoomFailure):
    """Zoom understood and said no."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.reason = message[:200]
        super().__init__(f"{code}: {self.reason}")


class ZoomNotFound(ZoomFailure):
    """There is no such thing at Zoom."""


class ZoomAuthFailed(ZoomFailure):
    """The token is no longer good."""


class ZoomScopeMissing(ZoomFailure):
    """The connection was made without this permission."""

    def __init__(self, scope: str) -> None:
        self.scope = scope[:200]
        super().__init__(f"The permission {self.scope} is missing.")

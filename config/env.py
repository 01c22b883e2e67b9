"""The only module that reads the environment.

Values come from the process environment, then from ``.env`` beside ``manage.py``.
Every variable of the product is named here once, typed, with its default.
"""

import base64
import hashlib
import os
from pathlib import Path
from typing import Final

import environ

BASE_DIR: Final = Path(__file__).resolve().parent.parent
ENVIRONMENTS: Final = ("development", "testing", "production")
LAST_PORT: Final = 65535

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


class MissingSetting(SystemExit):
    """A variable that this environment cannot do without is missing or too weak."""


def choose_settings() -> None:
    """Point Django at the settings of ``DJANGO_ENV`` unless a caller already did."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"config.settings.{name()}")


def name() -> str:
    """Return the environment: development, testing or production."""
    chosen: str = env.str("DJANGO_ENV", default="development")
    if chosen not in ENVIRONMENTS:
        raise MissingSetting(f"DJANGO_ENV must be one of {', '.join(ENVIRONMENTS)}.")
    return chosen


def in_production() -> bool:
    """Tell whether this process runs in production."""
    return os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".production") or (
        name() == "production"
    )


def text(variable: str, default: str = "", *, required: bool = False, at_least: int = 1) -> str:
    """Return a string; in production a required one must be set and long enough."""
    value: str = env.str(variable, default="")
    if required and in_production() and len(value) < at_least:
        wanted = f" of at least {at_least} characters" if at_least > 1 else ""
        raise MissingSetting(f"{variable} must be set{wanted} in production.")
    return value or default


def texts(variable: str, default: tuple[str, ...] = (), *, required: bool = False) -> list[str]:
    """Return a comma-separated list without blanks."""
    value = text(variable, required=required)
    return [part.strip() for part in value.split(",") if part.strip()] or list(default)


def whole(variable: str, default: int) -> int:
    """Return an integer."""
    try:
        return int(env.int(variable, default=default))
    except ValueError as error:
        raise MissingSetting(f"{variable} must be a whole number.") from error


def wholes(prefix: str, suffix: str) -> dict[str, int]:
    """Return the integers of all variables between prefix and suffix, by the lower-case middle."""
    return {
        variable.removeprefix(prefix).removesuffix(suffix).lower(): whole(variable, 0)
        for variable in os.environ
        if variable.startswith(prefix) and variable.endswith(suffix)
    }


def ports(variable: str, default: tuple[int, ...]) -> list[int]:
    """Return a comma-separated list of port numbers."""
    written = texts(variable, tuple(str(port) for port in default))
    if any(not port.isdecimal() or not 0 < int(port) <= LAST_PORT for port in written):
        raise MissingSetting(f"{variable} must be a list of ports.")
    return [int(port) for port in written]


def flag(variable: str, *, default: bool) -> bool:
    """Return a boolean."""
    return bool(env.bool(variable, default=default))


def keys(variable: str, *, at_least: int) -> list[str]:
    """Return secret keys, newest first; outside production one is derived when none is set."""
    chosen = texts(variable, required=True)
    if not chosen:
        seed = hashlib.sha256(f"cpd-events {variable} development".encode()).digest()
        return [base64.urlsafe_b64encode(seed).decode()]
    if any(len(key) < at_least for key in chosen):
        raise MissingSetting(f"{variable}: every key needs at least {at_least} characters.")
    return chosen


def refused_in_production(variable: str, value: object, *, allowed: object) -> None:
    """Stop the start when a development switch is on in production."""
    if in_production() and value != allowed:
        raise MissingSetting(f"{variable} is for development only; unset it in production.")

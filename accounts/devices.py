"""What a user agent tells about a device, as far as people recognise their own by it."""

import re
from dataclasses import dataclass

from accounts.models import UserSession

DeviceType = UserSession.DeviceType

# The first pattern that is found wins, so derived browsers stand before what they imitate.
BROWSERS = (
    ("Edge", re.compile(r"Edg(e|A|iOS)?/")),
    ("Opera", re.compile(r"OPR/|Opera")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Chrome", re.compile(r"Chrome/|CriOS/|Chromium/")),
    ("Safari", re.compile(r"Safari/")),
)
SYSTEMS = (
    ("iPadOS", re.compile(r"iPad")),
    ("iOS", re.compile(r"iPhone|iPod")),
    ("Android", re.compile(r"Android")),
    ("ChromeOS", re.compile(r"CrOS")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Macintosh|Mac OS X")),
    ("Linux", re.compile(r"Linux|X11")),
)
BOT = re.compile(r"bot\b|crawler|spider|curl/|wget/|python-|okhttp|postman", re.IGNORECASE)
TABLET = re.compile(r"iPad|Tablet|Android(?!.*Mobile)")
MOBILE = re.compile(r"Mobile|iPhone|iPod")
DESKTOP = re.compile(r"Windows|Macintosh|X11|CrOS")


@dataclass(frozen=True)
class Device:
    """What is shown of one."""

    device_type: str
    browser: str
    os: str

    @property
    def display(self) -> str:
        return " on ".join(part for part in (self.browser, self.os) if part)


def recognise(user_agent: str) -> Device:
    """Return the kind of device, its browser and its system, each '' where unknown."""
    return Device(
        device_type=_kind(user_agent),
        browser=_first(BROWSERS, user_agent),
        os=_first(SYSTEMS, user_agent),
    )


def _kind(user_agent: str) -> str:
    patterns = (
        (DeviceType.BOT, BOT),
        (DeviceType.TABLET, TABLET),
        (DeviceType.MOBILE, MOBILE),
        (DeviceType.DESKTOP, DESKTOP),
    )
    return _first(patterns, user_agent) or DeviceType.UNKNOWN


def _first(patterns: tuple[tuple[str, re.Pattern[str]], ...], user_agent: str) -> str:
    return next((name for name, pattern in patterns if pattern.search(user_agent)), "")

"""Which addresses of others we may call: never one of our own network, whatever name it has."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http.request import validate_host

Address: TypeAlias = IPv4Address | IPv6Address

MAX_LENGTH: Final = 500
LOOKUP_SECONDS: Final = 5.0
PORTS: Final = {"http": 80, "https": 443}
VISIBLE: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
LITERAL: Final = re.compile(r"[0-9a-f:.]+", re.ASCII)
# IPv4 inside IPv6 that the standard library has no word for: RFC 4291 2.5.5.1, RFC 6052.
COMPATIBLE: Final = IPv6Network("::/96")
NAT64: Final = IPv6Network("64:ff9b::/96")
# 6to4 relays, RFC 7526.
RELAYS: Final = IPv4Network("192.88.99.0/24")


class BlockedAddress(Exception):
    """We do not call there; the text says why, for people."""


class UnknownHost(Exception):
    """Nobody knows the name, or nobody who does can be asked now."""


@dataclass(frozen=True)
class Target:
    """A web address taken apart; where it leads was looked up once and found harmless."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """Return the host as the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def check(url: str) -> None:
    """Refuse what we would never call. A name unknown now may be known when it is called."""
    try:
        resolve(url)
    except UnknownHost:
        return


def resolve(url: str) -> Target:
    """Take the address apart and look its host up, once; every answer must be public.

    Raises BlockedAddress and UnknownHost. `OUTBOUND_ALLOW_PRIVATE` lifts the rules on scheme,
    port and address, for trials on one's own machine.
    """
    parts = _parts(url)
    host, port = _host(parts), _port(parts)
    _refuse_ourselves(host, port)
    addresses = _looked_up(host, port)
    if not settings.OUTBOUND_ALLOW_PRIVATE and not all(map(is_public, addresses)):
        raise BlockedAddress("The address must be public.")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(parts.scheme, host, port, path, tuple(str(each) for each in addresses))


def is_public(address: Address) -> bool:
    """Tell whether the address is one of the open network, also where it wraps another."""
    inner = unwrapped(address)
    if inner.is_multicast or inner.is_reserved or inner.is_unspecified:
        return False
    if isinstance(inner, IPv6Address):
        return inner.is_global and not inner.is_site_local
    return inner.is_global and inner not in RELAYS


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in COMPATIBLE or address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    client = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or client or address


def _parts(url: str) -> SplitResult:
    if len(url) > MAX_LENGTH or not VISIBLE.fullmatch(url):
        raise BlockedAddress(f"Enter an address of at most {MAX_LENGTH} visible characters.")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BlockedAddress("Enter a valid address.") from error
    schemes = ("https", "http") if settings.OUTBOUND_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes:
        raise BlockedAddress("The address must begin with https://.")
    if "@" in parts.netloc or "#" in url:
        raise BlockedAddress("The address must have no user name, password or fragment.")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    pattern = LITERAL if "[" in parts.netloc else NAME
    if not pattern.fullmatch(host):
        raise BlockedAddress("Enter a host name, or an address such as 203.0.113.7.")
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError as error:
        raise BlockedAddress("Enter a valid port.") from error
    allowed = port > 0 if settings.OUTBOUND_ALLOW_PRIVATE else port in settings.OUTBOUND_PORTS
    if not allowed:
        raise BlockedAddress("This port is not allowed.")
    return port


def _refuse_ourselves(host: str, port: int) -> None:
    """Refuse the names under which we are reached ourselves.

    In trials on one machine every program has one name; there the port tells us from others.
    """
    own = urlsplit(settings.PUBLIC_BASE_URL)
    names = {own.hostname or "", *settings.ALLOWED_HOSTS} - {"*"}
    if settings.OUTBOUND_ALLOW_PRIVATE and port != (own.port or PORTS[own.scheme]):
        return
    if validate_host(host, names):
        raise BlockedAddress("The address must not be our own.")


def _looked_up(host: str, port: int) -> list[Address]:
    # RFC 6761: such names mean this machine, also where the resolver does not know them.
    if f".{host}".endswith(".localhost") and not settings.OUTBOUND_ALLOW_PRIVATE:
        raise BlockedAddress("The address must be public.")
    return [ip_address(each) for each in _asked(host, port)]


def _asked(host: str, port: int) -> list[str]:
    """Ask the resolver, which has no time limit of its own, in a thread that may be left behind."""
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()
    Thread(target=_ask, args=(host, port, answers), name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=LOOKUP_SECONDS)
    except Empty as error:
        raise UnknownHost(host) from error
    if isinstance(answer, Exception):
        raise UnknownHost(host) from answer
    return answer


def _ask(host: str, port: int, answers: "SimpleQueue[list[str] | Exception]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        answers.put(error)
    else:
        answers.put([str(answer[4][0]) for answer in found])

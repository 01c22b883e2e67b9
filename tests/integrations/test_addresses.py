"""Which addresses of others we may call."""

import socket
from ipaddress import ip_address
from threading import Event

import pytest

from integrations import addresses
from integrations.addresses import BlockedAddress, Target, UnknownHost

PRIVATE = [
    "127.0.0.1",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "198.18.0.1",
    "192.0.2.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "::ffff:127.0.0.1",
    "224.0.0.1",
    "ff02::1",
    "192.88.99.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo of 10.0.0.1
    "::7f00:1",
]
PUBLIC = [
    "8.8.8.8",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
]
REFUSED = [
    "https://localhost/",
    "https://hooks.localhost/",
    "https://localhost./",
    "https://127.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://[::ffff:127.0.0.1]/",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "ftp://8.8.8.8/",
    "http://8.8.8.8/",
    "//8.8.8.8/",
    "8.8.8.8",
    "https://user@8.8.8.8/",
    "https://:secret@8.8.8.8/",
    "https://@8.8.8.8/",
    "https://8.8.8.8/#part",
    "https://8.8.8.8/#",
    "https://host%0d%0aX: 1",
    "https://8.8.8.8/\r\nX: 1",
    "https://8.8.8.8/a b",
    "https://8.8.8.8/\x00",
    "https://8.8.8.8\\@127.0.0.1/",
    "https://1２7.0.0.1/",  # noqa: RUF001 -- a full-width digit
    "https://8.8.8.8:22/",
    "https://8.8.8.8:0/",
    "https://8.8.8.8:99999/",
    "https://8.8.8.8:x/",
    "https://[8.8.8.8]:443x/",
    "https://[fe80::1%25eth0]/",
    "https:///path",
    "https://-bad-/",
    "https://[::1/",
    "https://8.8.8.8/" + "x" * 500,
    "",
]


@pytest.fixture
def names(monkeypatch):
    """Return the table of names that the resolver knows; addresses stay what they are."""
    table = {}
    real = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        if host not in table:
            return real(host, port, *args, **kwargs)
        if not table[host]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in table[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return table


@pytest.mark.parametrize("written", PRIVATE)
def test_what_is_not_of_the_open_network_is_not_public(written):
    assert not addresses.is_public(ip_address(written))


@pytest.mark.parametrize("written", PUBLIC)
def test_what_is_of_the_open_network_is_public(written):
    assert addresses.is_public(ip_address(written))


@pytest.mark.parametrize("written", PRIVATE)
def test_a_private_address_is_refused_as_a_url(written):
    host = f"[{written}]" if ":" in written else written

    with pytest.raises(BlockedAddress):
        addresses.check(f"https://{host}/")


@pytest.mark.parametrize("url", REFUSED)
def test_what_we_never_call_is_refused(url):
    with pytest.raises(BlockedAddress):
        addresses.check(url)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://8.8.8.8", Target("https", "8.8.8.8", 443, "/", ("8.8.8.8",))),
        ("https://8.8.8.8:8443/a?b=c", Target("https", "8.8.8.8", 8443, "/a?b=c", ("8.8.8.8",))),
        (
            "HTTPS://[2606:4700:4700::1111]/",
            Target("https", "2606:4700:4700::1111", 443, "/", ("2606:4700:4700::1111",)),
        ),
    ],
)
def test_what_may_be_called_is_taken_apart(url, target):
    assert addresses.resolve(url) == target


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        (Target("https", "hooks.example.org", 443, "/", ()), "hooks.example.org"),
        (Target("https", "hooks.example.org", 8443, "/", ()), "hooks.example.org:8443"),
        (Target("https", "2606:4700::1", 443, "/", ()), "[2606:4700::1]"),
        (Target("http", "127.0.0.1", 9000, "/", ()), "127.0.0.1:9000"),
    ],
)
def test_the_host_header_names_host_and_unusual_port(target, authority):
    assert target.authority == authority


def test_a_name_is_public_only_if_every_address_is(names):
    names["mixed.example.org"] = ["8.8.8.8", "10.0.0.1"]
    names["open.example.org"] = ["8.8.8.8", "8.8.4.4"]

    assert addresses.resolve("https://Open.Example.org./").addresses == ("8.8.8.8", "8.8.4.4")
    with pytest.raises(BlockedAddress, match="must be public"):
        addresses.check("https://mixed.example.org/")


def test_a_name_that_nobody_knows_may_be_written_but_not_called(names):
    names["new.example.org"] = []

    addresses.check("https://new.example.org/")
    with pytest.raises(UnknownHost):
        addresses.resolve("https://new.example.org/")


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 0.05)
    answered = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answered.wait(30) and [])

    with pytest.raises(UnknownHost):
        addresses.resolve("https://slow.example.org/")
    answered.set()


def test_a_name_that_cannot_be_asked_for_is_unknown():
    with pytest.raises(UnknownHost):
        addresses.resolve(f"https://{'x' * 64}.example.org/")


def test_our_own_names_are_refused(names, settings):
    settings.PUBLIC_BASE_URL = "https://cpd.example.org"
    settings.ALLOWED_HOSTS = ["*", "api.example.org"]
    names |= {f"{own}.example.org": ["8.8.8.8"] for own in ("cpd", "api", "other")}

    addresses.check("https://other.example.org/")
    for own in ("cpd", "api", "CPD"):
        with pytest.raises(BlockedAddress, match="must not be our own"):
            addresses.check(f"https://{own}.example.org:8443/")


class TestTrials:
    """`OUTBOUND_ALLOW_PRIVATE` lifts scheme, port and address, nothing else."""

    @pytest.fixture(autouse=True)
    def allowed(self, settings):
        settings.OUTBOUND_ALLOW_PRIVATE = True
        settings.PUBLIC_BASE_URL = "http://localhost:8000"
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:9000/hook", "http://localhost:9000/", "https://10.0.0.5:22/"]
    )
    def test_private_receivers_are_called(self, url):
        addresses.check(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost:8000/",
            "http://127.0.0.1:8000/api/v1/",
            "ftp://127.0.0.1/",
            "http://user@127.0.0.1:9000/",
            "http://127.0.0.1:9000/#part",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:9000/a b",
            "http://127.0.0.1:9000/" + "x" * 500,
        ],
    )
    def test_everything_else_is_refused_as_ever(self, url):
        with pytest.raises(BlockedAddress):
            addresses.check(url)

"""Production settings, the documented environment, and what a broken one is told."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
GOOD = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "Kf3vX0nq1y5uJ8rT2wB6dAqZ9mL4sPcEgHiYoNbVxWtUjQkR7z",
    "ALLOWED_HOSTS": "cpd.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://cpd.example.org",
    "DATABASE_URL": "postgres://cpd:secret@127.0.0.1:1/cpd",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PUBLIC_BASE_URL": "https://cpd.example.org",
    "FRONTEND_URL": "https://app.example.org",
    "FIELD_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE",
    "JWT_SIGNING_KEYS": "T5u7Yw2Qe9Rt4Zx6Cv8Bn1Mk3Lp0As5Df7Gh",
    "EMAIL_HOST": "smtp.example.org",
    "DEFAULT_FROM_EMAIL": "CPD Events <no-reply@example.org>",
    "NUM_PROXIES": "1",
}
REQUIRED = sorted(GOOD.keys() - {"DJANGO_ENV", "NUM_PROXIES"})


def run(*command, **environment):
    """Run Python with exactly this environment; `None` leaves a variable out."""
    chosen = {**GOOD, **environment}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=ROOT,
        env=kept | {name: value for name, value in chosen.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=120,
    )


def load(**environment):
    return run("-c", "import config.settings.production", **environment)


def test_the_deployment_check_is_clean(tmp_path, signing_key):
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **signing_key)

    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "System check identified no issues (2 silenced).\n",
        "",
    )


def _usage():
    from cryptography import x509

    unused = (
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(
        digital_signature=True, content_commitment=True, **dict.fromkeys(unused, False)
    )


@pytest.fixture
def signing_key(tmp_path):
    """Return the settings of a certificate key of one's own."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CPD Events")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    sealed = serialization.BestAvailableEncryption(b"open sesame")
    file = tmp_path / "signing.p12"
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"cpd", key, certificate, None, sealed))
    return {
        "CERTIFICATE_SIGNING_P12": str(file),
        "CERTIFICATE_SIGNING_PASSWORD": "open sesame",
    }


@pytest.mark.parametrize("variable", REQUIRED)
def test_a_missing_variable_stops_the_start_and_is_named(variable):
    done = load(**{variable: None})

    assert done.returncode != 0
    assert re.fullmatch(rf"{variable} must be set[^\n]*\.\n", done.stderr)


WEAK = [
    ("SECRET_KEY", "short", "SECRET_KEY must be set of at least 50 characters in production."),
    ("SECRET_KEY", "x" * 60, "SECRET_KEY is too simple; make a random one."),
    ("JWT_SIGNING_KEYS", "short", "JWT_SIGNING_KEYS: every key needs at least 32 characters."),
    ("JWT_SIGNING_KEYS", "x" * 40, "JWT_SIGNING_KEYS is too simple; make a random one."),
    ("JWT_SIGNING_KEYS", GOOD["SECRET_KEY"], "JWT_SIGNING_KEYS must differ from SECRET_KEY."),
    (
        "FIELD_ENCRYPTION_KEYS",
        "a-key-that-is-much-longer-than-thirty-two-bytes-in-base64url",
        "FIELD_ENCRYPTION_KEYS: every key is 32 bytes in base64url.",
    ),
    ("DEBUG", "true", "DEBUG is for development only; unset it in production."),
    (
        "PROVIDER_DOUBLES",
        "true",
        "PROVIDER_DOUBLES is for development only; unset it in production.",
    ),
    (
        "TEST_CLOCK_OFFSET",
        "60",
        "TEST_CLOCK_OFFSET is for development only; unset it in production.",
    ),
    (
        "OUTBOUND_ALLOW_PRIVATE",
        "true",
        "OUTBOUND_ALLOW_PRIVATE is for development only; unset it in production.",
    ),
    ("OUTBOUND_PORTS", "443,https", "OUTBOUND_PORTS must be a list of ports."),
    ("OUTBOUND_PORTS", "443,65536", "OUTBOUND_PORTS must be a list of ports."),
    ("NUM_PROXIES", "many", "NUM_PROXIES must be a whole number."),
]


@pytest.mark.parametrize(("variable", "value", "sentence"), WEAK)
def test_a_weak_or_wrong_value_stops_the_start_and_is_named(variable, value, sentence):
    done = load(**{variable: value})

    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")


def test_an_unknown_environment_is_refused():
    done = run("manage.py", "check", DJANGO_ENV="staging")

    assert (done.returncode, done.stderr) == (
        1,
        "DJANGO_ENV must be one of development, testing, production.\n",
    )


def test_a_newcomer_needs_no_variable_at_all():
    done = run("manage.py", "check", **dict.fromkeys(GOOD))

    assert (done.returncode, done.stderr) == (0, "")


def variables_read():
    """Return the names that the settings ask `config.env` for."""
    names = {"DJANGO_ENV"}
    for file in (ROOT / "config").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _is_reading(node.func):
                names |= {a.value for a in node.args[:1] if isinstance(a, ast.Constant)}
    return names


def _is_reading(function):
    if isinstance(function, ast.Name):
        return function.id == "_named"
    readers = {"text", "texts", "whole", "ports", "flag", "keys"}
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and (function.value.id, function.attr in readers) == ("env", True)
    )


def test_the_example_names_exactly_what_is_read():
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE)

    assert sorted(named) == sorted(variables_read())


def test_nothing_else_reads_the_environment():
    readers = [
        str(file.relative_to(ROOT))
        for folder in ("common", "accounts", "billing", "events", "registrations", "config")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", file.read_text())
    ]

    assert readers == ["config/env.py"]

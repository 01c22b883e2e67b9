"""Does the time of an answer tell whether an address has an account? Interleaved medians.

``python -m benchmarks.enumeration``, on the database of DATABASE_URL, with the fast hasher of the
tests: how many hashes there are is proven there, and theirs would drown what else differs. Prints
for each call the medians for known and unknown addresses, their ratio, and the chance to see such
a difference between equal things (Mann-Whitney). Changes nothing: all happens in one transaction
that is rolled back.
"""

import logging
import math
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import django
import structlog

ROUNDS: Final = int(os.environ.get("ROUNDS", "200"))
WARM_UP: Final = 5
EXPECTED: Final = {200, 201, 202, 401}


def measure(call: Callable[[str], Any], known: list[str]) -> tuple[list[float], list[float]]:
    """Return the milliseconds of the calls for known and for unknown addresses, in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for number, address in enumerate(known):
        pair = (address, address.replace("know", "free"))
        for which in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            call(pair[which])
            if number >= WARM_UP:
                times[which].append((time.perf_counter() - started) * 1000)
    return times


def chance(first: list[float], second: list[float]) -> float:
    """Return the two-sided p of Mann-Whitney's U, by its normal approximation."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, start=1) if which == 0)
    count, other = len(first), len(second)
    deviation = ranks - count * (count + 1) / 2 - count * other / 2
    spread = math.sqrt(count * other * (count + other + 1) / 12)
    return math.erfc(abs(deviation) / spread / math.sqrt(2))


def main() -> None:
    """Measure and print."""
    from django.conf import settings  # noqa: PLC0415 -- after setup
    from django.db import connection, transaction  # noqa: PLC0415 -- the same
    from django.test.utils import setup_databases, teardown_databases  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with transaction.atomic():
            report(connection.vendor)
            transaction.set_rollback(True)
    finally:
        teardown_databases(databases, verbosity=0)


def report(vendor: str) -> None:
    """Print a line per call."""
    from django.utils import timezone  # noqa: PLC0415 -- after setup
    from rest_framework.test import APIClient  # noqa: PLC0415 -- the same

    from accounts import sessions, tokens  # noqa: PLC0415 -- the same
    from accounts.models import User  # noqa: PLC0415 -- the same

    secret = "Quiet-Lamp-42-River"
    facts = {"email_verified": True, "email_verified_at": timezone.now()}
    caller = User(email="caller@example.org", full_name="Caller", **facts)
    caller.set_password(secret)
    caller.save()
    addresses = [f"know{number:06}@example.org" for number in range(ROUNDS + WARM_UP)]
    User.objects.bulk_create(
        User(email=email, full_name="Somebody", password=caller.password, **facts)
        for email in addresses
    )
    now = timezone.now()
    api = APIClient()
    pair = tokens.pair(sessions.open_for_tokens(caller, now=now), now=now)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    person = {"password": secret, "password_confirm": secret, "full_name": "Nina New"}
    calls: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
        "sign-up": ("/api/v1/auth/signup/", lambda email: {"email": email, **person}),
        "resend": ("/api/v1/auth/resend-verification/", lambda email: {"email": email}),
        "password reset": ("/api/v1/auth/password-reset/", lambda email: {"email": email}),
        "sign-in": ("/api/v1/auth/token/", lambda email: {"email": email, "password": "wrong"}),
        "e-mail change": (
            "/api/v1/users/me/email/",
            lambda email: {"new_email": email, "password": secret},
        ),
    }
    print(f"{ROUNDS} calls each, interleaved, {vendor}")
    for name, (path, body) in calls.items():
        known, unknown = measure(partial(_post, api, path, body), addresses)
        here, there = statistics.median(known), statistics.median(unknown)
        print(
            f"{name:<16} known {here:8.3f} ms  unknown {there:8.3f} ms  "
            f"ratio {here / there:.3f}  p {chance(known, unknown):.3f}"
        )


def _post(api: Any, path: str, body: Callable[[str], dict[str, str]], email: str) -> None:
    answer = api.post(path, body(email))
    if answer.status_code not in EXPECTED:
        raise SystemExit(f"{path} answered {answer.status_code}.")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ENV", "testing")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.testing"
    django.setup()
    main()

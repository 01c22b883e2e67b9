"""Codes and tokens."""

import re

import pytest

from common import codes


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (codes.short_code, r"[A-HJ-NP-Z2-9]{8}"),
        (codes.public_code, r"[a-hjkm-z2-9]{8}"),
        (codes.verification_code, r"[0-9A-Za-z]{22}"),
        (codes.token, r"[0-9A-Za-z_-]{43}"),
        (codes.slug_suffix, r"-[a-hjkm-z2-9]{8}"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_codes_are_of_their_alphabet_and_never_the_same(make, pattern):
    made = {make() for _ in range(200)}

    assert all(re.fullmatch(pattern, code) for code in made)
    assert len(made) == 200


@pytest.mark.parametrize("typed", ["ABCD2345", "abcd-2345", " abcd 23 45 "])
def test_short_codes_may_be_typed_as_people_do(typed):
    assert codes.normalised_short_code(typed) == "ABCD2345"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Grüße aus Köln!", "grue-aus-koln"),
        ("日本語", "item"),
        ("--a  b--", "a-b"),
        ("x" * 300, "x" * 200),
        ("x" * 199 + " y", "x" * 199),
    ],
)
def test_slugs_are_plain_letters_and_single_hyphens(text, slug):
    assert codes.slug(text) == slug


def test_only_the_digest_of_a_bearer_secret_is_kept():
    assert codes.digest("secret") == codes.digest("secret") != codes.digest("Secret")
    assert len(codes.digest("secret")) == 64

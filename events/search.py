"""How events are found by words: an index of PostgreSQL, plain comparison on SQLite."""

import string
from typing import Any, Final

from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.lookups import Lookup

# Migration 0004 makes the index of the text with these taken out of it, too.
GAPS: Final = str.maketrans(string.punctuation, " " * len(string.punctuation))


class _HasWords(Lookup[bool]):
    """The stored words of the text beside it; the column is known to no model field."""

    lookup_name = "words"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        table = compiler.quote_name_unless_alias(self.lhs.alias)
        query, params = self.process_rhs(compiler, connection)
        return f"{table}.search_vector @@ to_tsquery('simple', {query})", params


def condition(text: str, vendor: str) -> Q:
    """Return the condition that keeps events in which each word of the text begins some word.

    On PostgreSQL a word may also resemble one of the title: there misspellings are forgiven.
    """
    words = text.translate(GAPS).split()
    if not words:
        return Q(pk__in=())
    find = _by_index if vendor == "postgresql" else _by_comparison
    return Q(*(find(word) for word in words))


def _by_index(word: str) -> Q:
    alike = Func(
        F("title"),
        Value(word, TextField()),
        function="events_resembles",
        output_field=BooleanField(),
    )
    return Q(_HasWords(F("search_text"), f"'{word}':*")) | Q(alike)


def _by_comparison(word: str) -> Q:
    return Q(search_text__icontains=word)

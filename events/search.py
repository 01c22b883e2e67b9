"""How events are found by words: an index of PostgreSQL, plain comparison on SQLite."""

import string
from collections.abc import Sequence
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


class _Among(Lookup[bool]):
    """One of many keys, sent as one array: a thousand placeholders take longer than the search."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, self.rhs]


def words_of(text: str) -> list[str]:
    """Return the words of the text; signs between them count for nothing."""
    return text.translate(GAPS).split()


def by_words(words: Sequence[str]) -> Q:
    """Return the condition that keeps events in which each word begins some word."""
    return Q(_HasWords(F("search_text"), " & ".join(map(_beginning, words))))


def by_likeness(words: Sequence[str]) -> Q:
    """Return the same, but a word may also resemble one of the title: misspellings are forgiven."""
    return Q(*(by_words([word]) | Q(_in_title(word)) for word in words))


def by_keys(keys: Sequence[int]) -> Q:
    """Return the condition that keeps the events with these keys."""
    return Q(_Among(F("pk"), list(keys)))


def by_comparison(words: Sequence[str]) -> Q:
    """Return the condition that keeps events in which each word stands, without any index."""
    return Q(*(Q(search_text__icontains=word) for word in words))


def _beginning(word: str) -> str:
    return f"'{word}':*"


def _in_title(word: str) -> Func:
    asked = Value(word, TextField())
    return Func(F("title"), asked, function="events_resembles", output_field=BooleanField())

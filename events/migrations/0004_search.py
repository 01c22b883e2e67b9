"""What finds events by words and misspelled titles on PostgreSQL; SQLite compares plainly."""

import string

import structlog
from django.db import DatabaseError, migrations, transaction

log = structlog.get_logger(__name__)

GAPS = string.punctuation.replace("'", "''")
# `simple`: events are written in any language. The punctuation goes, so that "e-mail", "3.5"
# and addresses are found by their parts, as `events.search` asks for them.
VECTOR = f"""
ALTER TABLE events_event ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(search_text, '{GAPS}', '{" " * len(string.punctuation)}'))
) STORED;
CREATE INDEX events_event_search ON events_event USING gin (search_vector);
"""
# A function, so that the query is the same with and without the extension. PostgreSQL writes
# its body into the query, and so the index serves it. The threshold is a setting of the
# connection: pg_trgm.word_similarity_threshold.
RESEMBLES = """
CREATE OR REPLACE FUNCTION events_resembles(title varchar, asked text) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT {body} $$;
"""
TITLES = "CREATE INDEX events_event_title_trigrams ON events_event USING gin (title gin_trgm_ops);"


def make(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    schema_editor.execute(VECTOR, params=None)
    try:
        with transaction.atomic(connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        log.warning(
            "misspelled titles will not be found",
            remedy="Let a superuser run CREATE EXTENSION pg_trgm, then migrate events back to "
            "0003 and forward again.",
        )
        schema_editor.execute(RESEMBLES.format(body="false"), params=None)
        return
    schema_editor.execute(RESEMBLES.format(body="asked <% title"), params=None)
    schema_editor.execute(TITLES, params=None)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("DROP INDEX IF EXISTS events_event_title_trigrams")
    schema_editor.execute("DROP FUNCTION events_resembles(varchar, text)")
    # The extension stays: others may use it.
    schema_editor.execute("ALTER TABLE events_event DROP COLUMN search_vector")


class Migration(migrations.Migration):
    dependencies = [("events", "0003_reminders_and_invitations")]

    operations = [migrations.RunPython(make, remove)]

"""Searching everything for a text."""

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from common import audit, searching, storage
from common.searching import Hit
from tests.factories.common import JobFactory, OutgoingEmailFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize("asked", ["Zoë Quixworth", "zoë quixworth"])
def test_texts_are_found_in_any_case_encrypted_or_not(asked):
    OutgoingEmailFactory(to_name="Zoë Quixworth", text="Hello Zoë Quixworth", html="-")

    found = list(searching.find(asked))

    assert found == [
        Hit("common_outgoingemail", "to_name", 1),
        Hit("common_outgoingemail", "text", 1),
    ]


def test_json_is_searched_on_both_databases_beyond_ascii():
    audit.record("thing.done", said="Zoë Quixworth was here")
    JobFactory(errors=[{"message": "Zoë Quixworth: twice"}])

    found = set(searching.find("Zoë Quixworth"))

    assert found == {Hit("common_auditentry", "payload", 1), Hit("common_job", "errors", 1)}


def test_names_of_files_and_caches_are_searched():
    key = storage.store().save("document/quixworth-cv.pdf", ContentFile(b"-"))
    cache.set("greeting", "Dear Quixworth")
    cache.set("quixworth", 1)

    found = set(searching.find("Quixworth"))

    storage.store().delete(key)
    assert found == {Hit("files", "name", 1), Hit("cache", "entry", 2)}


def test_a_value_under_a_lost_key_is_no_hit(settings):
    OutgoingEmailFactory(text="Quixworth", html="-")
    settings.FIELD_ENCRYPTION_KEYS = ["A" * 43]

    assert list(searching.find("Quixworth")) == []


def test_the_command_is_content_when_nothing_is_left(capsys):
    call_command("find_person", "Quixworth")

    assert capsys.readouterr().out == "Nothing is left.\n"


def test_the_command_names_table_column_and_count_and_fails(capsys):
    OutgoingEmailFactory.create_batch(2, to_name="Ada Quixworth")

    with pytest.raises(CommandError, match="Found in 1 places") as failed:
        call_command("find_person", "Quixworth")

    assert capsys.readouterr().out == "common_outgoingemail  to_name  2\n"
    assert failed.value.returncode == 1


@pytest.mark.parametrize("text", ["", "  ", "ab", " ab "])
def test_the_command_wants_more_than_two_characters(text):
    with pytest.raises(CommandError, match="three characters"):
        call_command("find_person", text)

"""What registrants answer: one table per kind of question."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from events.models import EventCustomField
from registrations import answers

OPTIONS = ["Vegan", "Kosher", "None"]


def question(kind, **facts):
    return EventCustomField(uuid=uuid4(), label="Diet", field_type=kind, options=OPTIONS, **facts)


def accepted(kind, value, **facts):
    field = question(kind, **facts)
    found = answers.accept([field], {str(field.uuid): value}, complete=True)
    return [answer.value for answer in found]


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("text", " A word ", "A word"),
        ("textarea", "Two\nlines", "Two\nlines"),
        ("select", "Vegan", "Vegan"),
        ("radio", "Kosher", "Kosher"),
        ("multiselect", ["None", "Vegan", "Vegan"], ["Vegan", "None"]),
        ("checkbox", True, True),
        ("checkbox", False, False),
        ("date", "2027-03-01", "2027-03-01"),
        ("number", 7, 7),
        ("number", "7.50", 7.5),
        ("number", -3, -3),
    ],
)
def test_a_right_answer_is_kept(kind, value, stored):
    assert accepted(kind, value) == [stored]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 7),
        ("text", "x" * 2001),
        ("text", "two\nlines"),
        ("textarea", "bell\x07"),
        ("select", "Halal"),
        ("select", ["Vegan"]),
        ("radio", True),
        ("multiselect", "Vegan"),
        ("multiselect", ["Vegan", "Halal"]),
        ("checkbox", "yes"),
        ("checkbox", 1),
        ("date", "01.03.2027"),
        ("date", 20270301),
        ("number", True),
        ("number", "seven"),
        ("number", "NaN"),
        ("number", "1e400"),
        ("number", [1]),
        ("number", {"a": 1}),
    ],
)
def test_a_wrong_answer_is_refused_on_its_question(kind, value):
    field = question(kind)

    with pytest.raises(answers.InvalidAnswers) as refusal:
        answers.accept([field], {str(field.uuid): value}, complete=True)

    assert list(refusal.value.details["custom_field_responses"]) == [str(field.uuid)]


@pytest.mark.parametrize(("value", "fits"), [(0, False), (1, True), (10, True), (11, False)])
def test_numbers_stay_within_their_limits(value, fits):
    limits = {"min_value": Decimal(1), "max_value": Decimal(10)}

    if fits:
        assert accepted("number", value, **limits) == [value]
    else:
        with pytest.raises(answers.InvalidAnswers):
            accepted("number", value, **limits)


@pytest.mark.parametrize("value", [None, "", "   ", []])
def test_nothing_said_is_no_answer(value):
    assert accepted("text", value) == []


@pytest.mark.parametrize(
    ("kind", "value"), [("text", ""), ("multiselect", []), ("checkbox", False), ("number", None)]
)
def test_a_required_question_is_not_answered_by_nothing(kind, value):
    with pytest.raises(answers.RequiredAnswersMissing):
        accepted(kind, value, required=True)


def test_who_is_registered_by_another_need_not_answer():
    field = question("text", required=True)

    assert answers.accept([field], {}, complete=False) == ()


def test_unknown_questions_are_named():
    with pytest.raises(answers.InvalidAnswers) as refusal:
        answers.accept([], {"somebody-elses": 1}, complete=True)

    assert refusal.value.details == {
        "custom_field_responses": {"somebody-elses": ["There is no such question."]}
    }


def test_every_kind_of_question_has_its_check():
    assert set(answers.CHECKS) == set(EventCustomField.FieldType)


def test_checks_raise_what_forms_understand():
    with pytest.raises(ValidationError):
        answers.CHECKS["date"](question("date"), "soon")

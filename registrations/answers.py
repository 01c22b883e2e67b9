"""What registrants answer: required, of the right type, one of the options."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from common import validators
from common.exceptions import InvalidRequest, RuleViolation
from events.models import EventCustomField

MAX_TEXT = 2000
BEYOND = Decimal(10) ** 18
FieldType = EventCustomField.FieldType


class RequiredAnswersMissing(RuleViolation):
    """Who registers himself answers what the organizer must know."""

    code = "REQUIRED_ANSWERS_MISSING"
    message = "Please answer the required questions."


class InvalidAnswers(InvalidRequest):
    """An answer that no question of the event takes."""

    code = "VALIDATION_ERROR"
    message = "Validation failed."


@dataclass(frozen=True)
class Answer:
    """One accepted answer."""

    field: EventCustomField
    value: Any


def accept(
    fields: Iterable[EventCustomField], given: Mapping[str, Any], *, complete: bool
) -> tuple[Answer, ...]:
    """Return the answers in the order of the form; ``complete`` asks for the required ones."""
    known = {str(field.uuid): field for field in fields}
    problems = {uuid: ["There is no such question."] for uuid in given if uuid not in known}
    accepted = []
    for uuid, field in known.items():
        if is_blank(given.get(uuid)):
            continue
        try:
            accepted.append(Answer(field, CHECKS[field.field_type](field, given[uuid])))
        except ValidationError as error:
            problems[uuid] = list(error.messages)
    if problems:
        raise InvalidAnswers(details={"custom_field_responses": problems})
    missing = [uuid for uuid, field in known.items() if field.required and _is_open(field, given)]
    if complete and missing:
        raise RequiredAnswersMissing(
            details={uuid: ["This question must be answered."] for uuid in missing}
        )
    return tuple(accepted)


def is_blank(value: Any) -> bool:
    """Tell whether nothing was said."""
    return value is None or value in ("", []) or (isinstance(value, str) and not value.strip())


def _is_open(field: EventCustomField, given: Mapping[str, Any]) -> bool:
    value = given.get(str(field.uuid))
    # A box that must be ticked is not answered by leaving it empty.
    return is_blank(value) or (field.field_type == FieldType.CHECKBOX and value is False)


def _text(_field: EventCustomField, value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Enter text.")
    if len(value) > MAX_TEXT:
        raise ValidationError(f"Enter at most {MAX_TEXT} characters.")
    validators.plain_text(value)
    return value.strip()


def _line(field: EventCustomField, value: Any) -> str:
    text = _text(field, value)
    validators.plain_line(text)
    return text


def _option(field: EventCustomField, value: Any) -> str:
    if value not in field.options:
        raise ValidationError("Choose one of the options.")
    return str(value)


def _options(field: EventCustomField, value: Any) -> list[str]:
    if not isinstance(value, list) or any(one not in field.options for one in value):
        raise ValidationError("Choose among the options.")
    return [option for option in field.options if option in value]


def _tick(_field: EventCustomField, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValidationError("Enter true or false.")
    return value


def _day(_field: EventCustomField, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise ValidationError("Enter a date such as 2027-03-01.") from error


def _number(field: EventCustomField, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValidationError("Enter a number.")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValidationError("Enter a number.") from error
    if not number.is_finite() or abs(number) >= BEYOND:
        raise ValidationError("Enter a number of at most 18 digits.")
    if field.min_value is not None and number < field.min_value:
        raise ValidationError(f"Enter {field.min_value.normalize():f} or more.")
    if field.max_value is not None and number > field.max_value:
        raise ValidationError(f"Enter {field.max_value.normalize():f} or less.")
    return int(number) if number == number.to_integral_value() else float(number)


CHECKS: Mapping[str, Callable[[EventCustomField, Any], Any]] = {
    FieldType.TEXT: _line,
    FieldType.TEXTAREA: _text,
    FieldType.SELECT: _option,
    FieldType.RADIO: _option,
    FieldType.MULTISELECT: _options,
    FieldType.CHECKBOX: _tick,
    FieldType.DATE: _day,
    FieldType.NUMBER: _number,
}

"""Was somebody there long enough? One table per rule."""

from datetime import UTC, datetime

import pytest

from events.models import Event, EventSession
from registrations import completion
from registrations.completion import Presence, Verdict

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def sessions(*durations, required=()):
    return [
        EventSession(pk=number, duration_minutes=duration, is_required=number in required)
        for number, duration in enumerate(durations, start=1)
    ]


def rules(event, rows, presence, *, is_confirmed=True):
    found = completion.rules_of(event, rows, presence, is_confirmed=is_confirmed)
    return {rule.code: (rule.need, rule.have, rule.verdict.value) for rule in found}


def verdict(event, rows, presence, override=None, *, is_confirmed=True):
    found = tuple(completion.rules_of(event, rows, presence, is_confirmed=is_confirmed))
    return completion.judged(found, override=override, computed_at=NOW)


@pytest.mark.parametrize(
    ("minutes", "threshold", "least", "expected"),
    [
        (50, 80, 0, Verdict.MET),
        (50, 83, 0, Verdict.MET),
        (50, 84, 0, Verdict.UNMET),
        (50, 90, 0, Verdict.UNMET),
        (50, 80, 50, Verdict.MET),
        (50, 80, 51, Verdict.UNMET),
        (0, 0, 0, Verdict.UNMET),
        (1, 0, 0, Verdict.MET),
        (60, 100, 60, Verdict.MET),
    ],
)
def test_a_single_event(minutes, threshold, least, expected):
    event = Event(minimum_attendance_percent=threshold, minimum_attendance_minutes=least)

    found = verdict(event, sessions(60), Presence({1: minutes}, frozenset()))

    assert found.verdict is expected


def test_the_explanation_says_what_is_needed_and_what_there_is():
    found = rules(
        Event(minimum_attendance_percent=90), sessions(60), Presence({1: 50}, frozenset())
    )

    assert found == {
        "registration_confirmed": (1, 1, "met"),
        "attendance_percent": (90, 83, "unmet"),
        "attendance_minutes": (1, 50, "met"),
    }


def test_without_counted_sessions_nobody_is_eligible():
    event = Event(minimum_attendance_percent=0)

    assert verdict(event, [], Presence({}, frozenset())).verdict is Verdict.UNMET


def test_an_unconfirmed_registration_is_never_eligible():
    event = Event(minimum_attendance_percent=0)
    presence = Presence({1: 60}, frozenset({1}))

    found = [
        verdict(event, sessions(60), presence, override, is_confirmed=False).is_eligible
        for override in (None, True, False)
    ]

    assert found == [False, False, False]


@pytest.mark.parametrize(
    ("rule", "attended", "expected"),
    [
        ({"completion_type": "all_required"}, {1, 2, 3}, True),
        ({"completion_type": "all_required"}, {1, 2}, False),
        ({"completion_type": "all_required", "required": (1,)}, {1}, True),
        ({"completion_type": "all_required", "required": (1,)}, {2, 3}, False),
        ({"completion_type": "minimum_sessions", "minimum": 2}, {2, 3}, True),
        ({"completion_type": "minimum_sessions", "minimum": 2}, {2}, False),
        ({"completion_type": "minimum_sessions", "minimum": 2, "required": (1,)}, {2, 3}, False),
        ({"completion_type": "minimum_sessions", "minimum": 2, "required": (1,)}, {1, 3}, True),
        ({"completion_type": "percentage", "percent": 66}, {1, 2}, True),
        ({"completion_type": "percentage", "percent": 67}, {1, 2}, False),
        ({"completion_type": "percentage", "percent": 67, "required": (3,)}, {1, 2, 3}, True),
        ({"completion_type": "percentage_time", "percent": 50}, {1, 2}, True),
        ({"completion_type": "percentage_time", "percent": 51}, {1, 2}, False),
        ({"completion_type": "percentage_time"}, {1, 2, 3}, True),
        ({"completion_type": "percentage_time"}, {1, 3}, False),
    ],
    ids=str,
)
def test_several_sessions(rule, attended, expected):
    event = Event(
        is_multi_session=True,
        completion_type=rule["completion_type"],
        minimum_sessions_required=rule.get("minimum"),
        minimum_attendance_percent_total=rule.get("percent"),
        minimum_attendance_percent=80,
    )
    rows = sessions(60, 60, 120, required=rule.get("required", ()))
    minutes = {row.pk: row.duration_minutes for row in rows if row.pk in attended}

    found = verdict(event, rows, Presence(minutes, frozenset(attended)))

    assert found.is_eligible is expected


def test_without_marked_sessions_the_rule_does_not_apply():
    event = Event(
        is_multi_session=True, completion_type="minimum_sessions", minimum_sessions_required=1
    )

    found = rules(event, sessions(60), Presence({1: 60}, frozenset({1})))

    assert found["required_sessions"] == (0, 0, "not_applicable")
    assert found["sessions_attended"] == (1, 1, "met")


def test_minutes_of_all_sessions_are_added_up():
    event = Event(
        is_multi_session=True, completion_type="all_required", minimum_attendance_minutes=100
    )
    presence = Presence({1: 50, 2: 49}, frozenset({1, 2}))

    found = rules(event, sessions(60, 60), presence)

    assert found["attendance_minutes"] == (100, 99, "unmet")


@pytest.mark.parametrize(
    ("minutes", "override", "expected"),
    [
        (0, True, (Verdict.OVERRIDDEN, True)),
        (60, True, (Verdict.OVERRIDDEN, True)),
        (0, False, (Verdict.UNMET, False)),
        (60, False, (Verdict.UNMET, False)),
    ],
)
def test_the_organizers_decision_beats_the_minutes(minutes, override, expected):
    event = Event(minimum_attendance_percent=80)

    found = verdict(event, sessions(60), Presence({1: minutes}, frozenset()), override)

    assert (found.verdict, found.is_eligible, found.override) == (*expected, override)


def test_an_overridden_rule_is_shown_as_such():
    event = Event(minimum_attendance_percent=80, minimum_attendance_minutes=10)

    found = verdict(event, sessions(60), Presence({1: 20}, frozenset()), True)

    assert [(rule.code, rule.verdict.value) for rule in found.rules] == [
        ("registration_confirmed", "met"),
        ("attendance_percent", "overridden"),
        ("attendance_minutes", "met"),
    ]


def test_feedback_that_nobody_gave_is_missing():
    event = Event(minimum_attendance_percent=80, require_feedback_for_certificate=True)

    found = rules(event, sessions(60), Presence({1: 60}, frozenset({1})))

    assert found["feedback_given"] == (1, 0, "unmet")


def test_where_no_check_was_opened_there_was_nothing_to_answer():
    event = Event(minimum_attendance_percent=80, minimum_engagement_percent=50)

    found = verdict(event, sessions(60), Presence({1: 60}, frozenset({1})))

    assert found.is_eligible
    assert found.rules[-1].verdict is Verdict.NOT_APPLICABLE


def test_the_stored_form_can_be_shown_again():
    found = verdict(Event(minimum_attendance_percent=80), sessions(60), Presence({}, frozenset()))

    assert found.as_json() == {
        "rules": [
            {
                "code": "registration_confirmed",
                "label": "Confirmed registration",
                "need": 1,
                "have": 1,
                "unit": "registrations",
                "verdict": "met",
            },
            {
                "code": "attendance_percent",
                "label": "Share of the scheduled time attended",
                "need": 80,
                "have": 0,
                "unit": "percent",
                "verdict": "unmet",
            },
            {
                "code": "attendance_minutes",
                "label": "Minutes attended",
                "need": 1,
                "have": 0,
                "unit": "minutes",
                "verdict": "unmet",
            },
        ],
        "verdict": "unmet",
        "override": None,
        "version": 1,
        "computed_at": "2027-03-01T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(2, 3, 66), (0, 3, 0), (3, 3, 100), (5, 3, 100), (1, 0, 0)]
)
def test_percents_are_whole_and_never_rounded_up(part, whole, expected):
    assert completion.percent(part, whole) == expected


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"status": "cancelled"}, False),
        ({"session_type": "recorded"}, False),
        ({"session_type": "hybrid", "status": "completed"}, True),
    ],
    ids=str,
)
def test_which_sessions_count(changes, counts):
    assert bool(completion.counted([EventSession(**changes)])) is counts


def test_other_apps_add_rules_and_no_rule_is_answered_twice(monkeypatch):
    monkeypatch.setattr(completion, "_further", {})
    answer = completion.rule("modules_completed")(lambda _event, _rows: {})

    assert completion.rule("modules_completed")(answer) is answer
    with pytest.raises(RuntimeError):
        completion.rule("modules_completed")(lambda _event, _rows: {})

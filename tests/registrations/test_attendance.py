"""Judgements: made once, corrected later, overridden with a reason."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.models import AuditEntry
from events.models import Event
from registrations import attendance, completion, registering
from registrations.models import AttendanceInterval, Registration, SessionAttendance
from registrations.orders import Origin, Person
from registrations.signals import attendance_changed, attendance_finalized
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory
from tests.factories.registrations import (
    AttendanceIntervalFactory,
    RegistrationFactory,
    WaitlistOfferFactory,
)

pytestmark = pytest.mark.django_db

REASON = "Seen in the room by two of us."


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, completed=True, minimum_attendance_percent=80)


@pytest.fixture
def heard():
    """Record what is announced about attendance."""
    announced = []

    def note(signal, **facts):
        announced.append(facts.get("event") or facts["registration"])

    attendance_finalized.connect(note)
    attendance_changed.connect(note)
    yield announced
    attendance_finalized.disconnect(note)
    attendance_changed.disconnect(note)


def visit(row, start, end):
    return AttendanceIntervalFactory(
        registration=row,
        session=row.event.sessions.first(),
        started_at=STARTS_AT + timedelta(minutes=start),
        ended_at=STARTS_AT + timedelta(minutes=end),
    )


def finalize(event):
    return attendance.finalize(event.pk, now=timezone.now())


def managed(row, rest):
    return f"/api/v1/events/{row.event.uuid}/registrations/{row.uuid}/{rest}"


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


class TestFinalizing:
    def test_everybody_confirmed_is_judged(self, event, heard):
        present = RegistrationFactory(event=event)
        visit(present, -5, 20)
        visit(present, 10, 40)
        visit(present, 50, 70)
        absent = RegistrationFactory(event=event)

        assert finalize(event) is True

        present.refresh_from_db()
        absent.refresh_from_db()
        event.refresh_from_db()
        assert (
            *(present.total_attendance_minutes, present.attendance_percent),
            *(present.attended, present.attendance_eligible, present.sessions_attended),
        ) == (50, 83, True, True, 1)
        assert (absent.attended, absent.attendance_eligible) == (False, False)
        assert present.explanation["verdict"] == "met"
        assert absent.attendance_finalized_at == event.attendance_finalized_at is not None
        assert event.attendance_count == 1
        assert event.sessions.get().attendance_count == 1
        assert heard == [event]

    def test_a_higher_threshold_says_what_is_missing(self, event):
        Event.objects.update(minimum_attendance_percent=90)
        present = RegistrationFactory(event=event)
        visit(present, 0, 50)

        finalize(event)

        present.refresh_from_db()
        rule = present.explanation["rules"][1]
        assert (rule["need"], rule["have"], rule["verdict"]) == (90, 83, "unmet")

    def test_finalizing_twice_announces_once(self, event, heard):
        RegistrationFactory(event=event)

        assert [finalize(event), finalize(event)] == [True, False]
        assert heard == [event]

    @pytest.mark.parametrize("status", ["published", "live"])
    def test_a_running_event_is_not_final(self, event, status):
        Event.objects.update(status=status)

        assert finalize(event) is False

    def test_an_event_without_registrations_is_final_too(self, event, heard):
        assert finalize(event) is True
        assert heard == [event]

    def test_no_dead_rows_stay_behind(self, event, mails):
        waiting = RegistrationFactory(event=event, waitlisted=True)
        asking = RegistrationFactory(event=event, pending_approval=True)
        offered = RegistrationFactory(event=event, offered=True)
        offer = WaitlistOfferFactory(registration=offered)

        finalize(event)

        offer.refresh_from_db()
        rows = Registration.objects.filter(pk__in=[waiting.pk, asking.pk, offered.pk])
        assert set(rows.values_list("status", flat=True)) == {"expired"}
        assert offer.outcome == "withdrawn"
        assert mails(waiting.email) == []

    def test_the_version_of_the_event_stays(self, event):
        before = event.updated_at

        finalize(event)

        event.refresh_from_db()
        assert event.updated_at == before

    def test_many_take_as_many_queries_as_one(self, organizer):
        costs = []
        # The first one asks, once per transaction, whether any integrator listens.
        for count in (1, 1, 3, 40):
            event = EventFactory(owner=organizer, completed=True)
            for _ in range(count):
                visit(RegistrationFactory(event=event), 0, 50)
            with CaptureQueriesContext(connection) as captured:
                finalize(event)
            costs.append(len(captured))

        assert costs[1] == costs[2] == costs[3]

    def test_the_sweep_takes_up_what_was_missed(self, event):
        EventFactory(published=True)

        assert [attendance.sweep(timezone.now()), attendance.sweep(timezone.now())] == [1, 0]

    def test_completing_an_event_finalizes_it(self, organizer, work):
        event = EventFactory(owner=organizer, live=True)
        present = RegistrationFactory(event=event)
        visit(present, 0, 60)

        event.complete(by=organizer)

        work()
        event.refresh_from_db()
        present.refresh_from_db()
        assert event.attendance_finalized_at is not None
        assert present.attendance_eligible is True

    def test_a_failing_listener_undoes_everything(self, event):
        def fail(**_):
            raise RuntimeError

        attendance_finalized.connect(fail)
        present = RegistrationFactory(event=event)
        visit(present, 0, 60)
        try:
            with pytest.raises(RuntimeError):
                finalize(event)
        finally:
            attendance_finalized.disconnect(fail)

        present.refresh_from_db()
        event.refresh_from_db()
        assert (present.attendance_finalized_at, event.attendance_finalized_at) == (None, None)


class TestCorrections:
    @pytest.fixture
    def final(self, event):
        row = RegistrationFactory(event=event)
        visit(row, 0, 20)
        finalize(event)
        return row

    def test_a_later_stay_changes_the_judgement_and_is_announced(self, final, heard, mails):
        visit(final, 20, 60)

        attendance.recompute(final.pk)

        final.refresh_from_db()
        assert (final.total_attendance_minutes, final.attendance_eligible) == (60, True)
        assert heard == [final]
        assert mails(final.email) == ["attendance_corrected"]

    def test_what_changes_nothing_is_not_announced(self, final, heard):
        attendance.recompute(final.pk)

        assert heard == []

    def test_voided_stays_count_no_more(self, final):
        AttendanceInterval.objects.update(voided_at=timezone.now(), void_reason="report")

        attendance.recompute(final.pk)

        final.refresh_from_db()
        assert (final.total_attendance_minutes, final.attended) == (0, False)

    def test_a_missing_row_is_tolerated(self, db):
        attendance.recompute(0)

    def test_who_is_added_afterwards_is_judged_at_once(self, final, organizer, heard, work):
        origin = Origin(source="manual", registered_by=organizer)
        added = registering.register(
            final.event, Person("late@example.org", "Late Comer"), origin=origin
        )

        work()

        added.refresh_from_db()
        assert added.attendance_finalized_at is not None
        assert heard == [added]

    def test_a_moved_event_is_computed_anew(self, event, organizer, work):
        Event.objects.update(status="published", completed_at=None)
        row = RegistrationFactory(event=event)
        visit(row, 0, 60)
        attendance.recompute_event(event.pk, now=timezone.now())
        event.sessions.update(starts_at=STARTS_AT + timedelta(minutes=30))
        moved = event.sessions.get()
        moved.save()

        attendance.recompute_event(event.pk, now=timezone.now())

        row.refresh_from_db()
        assert row.total_attendance_minutes == 30

    def test_after_finalizing_only_those_with_stays_are_asked_for(self, final, work, heard):
        Event.objects.update(minimum_attendance_percent=10)

        attendance.recompute_event(final.event_id, now=timezone.now())

        work()
        assert heard == [final]


class TestSeveralSessions:
    """Two of three sessions are needed, and the first of them is required."""

    @pytest.mark.parametrize(
        ("numbers", "eligible"), [({2, 3}, False), ({1, 3}, True), ({1, 2, 3}, True), ({1}, False)]
    )
    def test_who_is_eligible(self, organizer, numbers, eligible):
        event = EventFactory(
            owner=organizer,
            completed=True,
            implicit_session=False,
            is_multi_session=True,
            completion_type="minimum_sessions",
            minimum_sessions_required=2,
        )
        rows = [
            EventSessionFactory(
                event=event,
                is_required=number == 1,
                status="completed",
                starts_at=STARTS_AT + timedelta(days=number),
            )
            for number in (1, 2, 3)
        ]
        person = RegistrationFactory(event=event)
        for session in rows:
            if session.session_number in numbers:
                AttendanceIntervalFactory(registration=person, session=session)

        finalize(event)

        person.refresh_from_db()
        assert person.attendance_eligible is eligible
        assert person.sessions_attended == len(numbers)


class TestOverrides:
    @pytest.fixture
    def absent(self, event):
        row = RegistrationFactory(event=event)
        finalize(event)
        return row

    def post(self, client, row, **body):
        return client.post(managed(row, "override-attendance/"), body)

    def test_a_decision_with_a_reason_stands(self, api_for, organizer, absent, heard):
        response = self.post(api_for(organizer), absent, eligible=True, reason=REASON)

        absent.refresh_from_db()
        assert response.status_code == 200
        assert (
            *(response.json()["attendance_eligible"], response.json()["attendance_override"]),
            response.json()["attendance_override_reason"],
        ) == (True, True, REASON)
        assert absent.explanation["verdict"] == "overridden"
        entry = AuditEntry.objects.get(action="attendance.overridden")
        assert (entry.payload["reason"], entry.payload["eligible"]) == (REASON, True)
        assert heard == [absent]

    @pytest.mark.parametrize(
        "body",
        [
            {"eligible": True},
            {"eligible": True, "reason": ""},
            {"eligible": True, "reason": "too short"},
            {"eligible": True, "reason": "x" * 1001},
            {"reason": REASON},
            {"eligible": "perhaps", "reason": REASON},
            {"eligible": True, "reason": REASON, "session": "x"},
        ],
        ids=lambda body: str(body)[:40],
    )
    def test_a_bad_decision_is_refused(self, api_for, organizer, absent, body):
        response = self.post(api_for(organizer), absent, **body)

        absent.refresh_from_db()
        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert absent.attendance_override is None

    def test_a_decision_against_somebody_beats_the_minutes(self, api_for, organizer, event):
        row = RegistrationFactory(event=event)
        visit(row, 0, 60)
        finalize(event)

        response = self.post(api_for(organizer), row, eligible=False, reason=REASON)

        assert response.json()["attendance_eligible"] is False

    def test_taken_back_the_minutes_decide_again(self, api_for, organizer, absent, heard):
        client = api_for(organizer)
        self.post(client, absent, eligible=True, reason=REASON)

        response = client.delete(managed(absent, "override-attendance/"))

        assert (response.status_code, response.json()["attendance_override"]) == (200, None)
        assert response.json()["attendance_eligible"] is False
        assert heard == [absent, absent]

    def test_one_session_may_be_decided_alone(self, api_for, organizer, absent):
        client, session = api_for(organizer), absent.event.sessions.get()
        where = {"session": str(session.uuid)}

        self.post(client, absent, eligible=True, reason=REASON, **where)

        row = SessionAttendance.objects.get()
        assert (row.attendance_override, row.counts, row.attendance_override_by) == (
            *(True, True),
            organizer,
        )
        response = client.delete(
            f"{managed(absent, 'override-attendance/')}?session={session.uuid}"
        )
        assert response.json()["sessions"][0]["attendance_override"] is None

    def test_a_session_of_another_event_is_not_found(self, api_for, organizer, absent):
        other = EventFactory(owner=organizer).sessions.get()

        response = self.post(
            api_for(organizer), absent, eligible=True, reason=REASON, session=str(other.uuid)
        )

        assert response.json()["error"]["details"] == {"session": ["Not found."]}

    def test_a_closed_event_is_not_corrected(self, api_for, organizer, absent):
        Event.objects.update(status="closed", closed_at=timezone.now())

        response = self.post(api_for(organizer), absent, eligible=True, reason=REASON)

        assert refusal(response) == (400, "INVALID_STATUS")

    def test_only_confirmed_places_have_attendance(self, api_for, organizer, event):
        waiting = RegistrationFactory(event=event, waitlisted=True)

        response = self.post(api_for(organizer), waiting, eligible=True, reason=REASON)

        assert refusal(response) == (400, "INVALID_STATUS")


def test_a_judgement_that_moves_after_finalizing_is_announced(event, heard):
    row = RegistrationFactory(event=event)
    visit(row, 0, 50)
    finalize(event)
    heard.clear()
    Event.objects.update(minimum_attendance_percent=90)
    row = Registration.objects.get()

    explanation = completion.judge(row)

    assert (explanation.is_eligible, heard) == (False, [row])
    completion.judge(row)
    assert heard == [row]

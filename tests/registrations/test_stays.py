"""From Zoom's messages to minutes: the fixtures, through the endpoint."""

import random

import pytest
from django.utils import timezone

from events.models import Event
from integrations.models import InboundWebhook
from registrations import stays
from registrations.models import AttendanceInterval, MeetingInstance, UnmatchedParticipant
from tests.integrations import zoom_bodies as zoom
from tests.registrations.meeting import STARTS_AT, scene

pytestmark = pytest.mark.django_db

A = [
    zoom.joined("16778240", "08:58:51", registrant=1),
    zoom.left("16778240", "09:40:10", registrant=1),
    zoom.joined("16779264", "09:45:00", registrant=1),
    zoom.left("16779264", "10:31:30", registrant=1),
]
B = [
    zoom.joined("16780288", "09:05:00", registrant=2),
    zoom.joined("16781312", "09:50:00", registrant=2),
    zoom.left("16780288", "10:00:00", registrant=2),
    zoom.left("16781312", "10:30:00", registrant=2),
]
C = [
    zoom.waiting_room("joined", "16782336", "08:55:00", registrant=3),
    zoom.waiting_room("admitted", "16782336", "09:10:00", registrant=3),
    zoom.joined("16782337", "09:10:02", registrant=3),
    zoom.left("16782337", "10:30:05", registrant=3),
]
D = [
    zoom.joined("16783360", "09:00:00", registrant=6),
    zoom.joined_breakout("16784384", "09:20:00", registrant=6),
    zoom.left("16783360", "09:20:01", registrant=6),
    zoom.left_breakout("16784384", "09:40:00", registrant=6),
    zoom.joined("16784385", "09:40:02", registrant=6),
    zoom.left("16784385", "10:30:00", registrant=6),
]
E = [zoom.joined("16785000", "09:00:30", registrant=7), zoom.ended("10:32:00")]
F = [
    zoom.left("16785100", "10:30:00", registrant=8),
    zoom.joined("16785100", "09:15:00", registrant=8),
]
RESULTS = {1: (85, 94), 2: (85, 94), 3: (79, 87), 6: (89, 98), 7: (89, 98), 8: (75, 83)}


@pytest.fixture
def ethics(organizer):
    return scene(owner=organizer)


def resent(message):
    """The same message as Zoom repeats it: with a new sending time."""
    return {**message, "event_ts": message["event_ts"] + 300_000}


def stored(message):
    key = {"event_type": message["event"]}
    return InboundWebhook.objects.filter(**key)


@pytest.mark.parametrize(
    ("messages", "number"),
    [(A, 1), (B, 2), (C, 3), (D, 6), (E, 7), (F, 8)],
    ids=["A rejoin", "B two devices", "C waiting room", "D breakout", "E no leave", "F disorder"],
)
def test_a_visit_gives_its_minutes(ethics, messages, number):
    ethics.send(*messages)

    ethics.finalize()

    assert ethics.minutes(number) == RESULTS[number]


def test_repeated_messages_are_one(ethics):
    ethics.send(A[0], A[0], resent(A[0]), *A[1:], *A)

    ethics.finalize()

    assert ethics.minutes(1) == RESULTS[1]
    assert AttendanceInterval.objects.count() == 2


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_repetition_gives_the_same(ethics, seed):
    chance = random.Random(seed)
    messages = [
        message for message in (*A, *B, *C, *D, *E, *F) for _ in range(chance.randint(1, 3))
    ]
    chance.shuffle(messages)

    ethics.send(*messages)

    ethics.finalize()
    assert {number: ethics.minutes(number) for number in RESULTS} == RESULTS


def test_an_arrival_after_the_end_of_the_meeting_is_closed_there(ethics):
    ethics.send(E[1], E[0])

    stay = AttendanceInterval.objects.get()
    assert (stay.ended_at, stay.is_estimated) == (
        MeetingInstance.objects.get().ended_at,
        True,
    )


def test_a_late_departure_corrects_an_estimate_after_finalizing(ethics, mails):
    ethics.send(*E)
    ethics.finalize()

    ethics.send(zoom.left("16785000", "09:30:30", registrant=7))

    person = ethics.person(7)
    assert ethics.minutes(7) == (30, 33)
    assert person.attendance_finalized_at is not None
    assert mails(person.email) == ["attendance_corrected"]


def test_g_a_restart_goes_on_where_it_stopped(ethics):
    again = {"uuid": zoom.SECOND_RUN, "start_time": zoom.at("09:53:00")}

    ethics.send(
        zoom.joined("16785200", "09:00:00", registrant=1),
        zoom.left("16785200", "09:50:00", registrant=1),
        zoom.ended("09:50:00"),
    )

    ethics.session.refresh_from_db()
    assert ethics.session.status == "live"
    ethics.send(
        zoom.started("09:53:00", **again),
        zoom.joined("16785300", "09:53:00", registrant=1, **again),
        zoom.left("16785300", "10:31:00", registrant=1, **again),
        zoom.ended("10:32:00", **again),
    )
    ethics.session.refresh_from_db()
    event = Event.objects.get()
    assert (ethics.session.status, event.status) == ("completed", "completed")
    assert ethics.minutes(1) == (87, 96)


def test_i_the_host_is_out_of_all_totals(ethics):
    ethics.send(zoom.joined("16785500", "09:00:00", participant_user_id=zoom.HOST))

    participant = UnmatchedParticipant.objects.get()
    assert (participant.status, AttendanceInterval.objects.get().registration) == ("host", None)


def test_l_an_unknown_meeting_is_skipped_and_taken_up_later(ethics):
    message = zoom.joined("16785600", "09:00:00", registrant=1, id="99999999999", uuid="Un==")

    ethics.send(message)

    webhook = InboundWebhook.objects.get()
    assert (webhook.status, webhook.note) == ("skipped", "unknown meeting")
    assert AttendanceInterval.objects.count() == 0


@pytest.mark.parametrize("change", [{"join_time": "soon"}, {"join_time": None}], ids=str)
def test_an_arrival_without_a_time_is_skipped(ethics, change):
    ethics.send(zoom.joined("16785700", "09:00:00", registrant=1, **change))

    assert InboundWebhook.objects.get().note == "no time"


def test_webinars_count_alike_and_may_leave_out_the_time_of_leaving(ethics):
    ethics.send(
        zoom.joined("16786432", "09:00:00", kind="webinar", registrant=2),
        zoom.left("16786432", "10:00:00", kind="webinar", registrant=2, leave_time=...),
    )

    stay = AttendanceInterval.objects.get()
    assert (stay.registration, stay.is_estimated) == (ethics.person(2), True)
    assert stay.ended_at is not None


def test_a_real_end_is_never_replaced(ethics):
    ethics.send(A[0], A[1])

    ethics.send(zoom.left("16778240", "09:50:00", registrant=1), zoom.ended())

    stay = AttendanceInterval.objects.get()
    assert (stay.ended_at.isoformat(), stay.is_estimated) == ("2027-03-10T09:40:10+00:00", False)


class TestStaleStays:
    def test_a_stay_without_a_word_ends_with_the_session(self, ethics):
        ethics.send(A[0])
        half_past = ethics.session.ends_at + stays.PATIENCE

        assert stays.close_stale(half_past) == 1

        stay = AttendanceInterval.objects.get()
        assert (stay.ended_at, stay.is_estimated) == (ethics.session.ends_at, True)
        assert stays.close_stale(half_past) == 0

    def test_before_half_past_it_is_waited_for(self, ethics):
        ethics.send(A[0])

        assert stays.close_stale(ethics.session.ends_at) == 0

    def test_finalizing_ends_what_is_open(self, ethics):
        ethics.send(zoom.joined("16785000", "09:00:30", registrant=7))

        stays.end_open(ethics.event, now=STARTS_AT.replace(hour=10))

        assert AttendanceInterval.objects.get().ended_at == STARTS_AT.replace(hour=10)


def test_a_closed_event_is_left_alone(ethics):
    ethics.send(*A)
    ethics.finalize()
    Event.objects.update(status="closed", closed_at=timezone.now())

    ethics.send(zoom.joined("16778300", "10:00:00", registrant=2), zoom.ended())

    assert ethics.minutes(2) == (0, 0)


@pytest.mark.parametrize(
    "message",
    [
        zoom.started(uuid="Un==", id="99999999999"),
        zoom.ended(uuid="Un==", id="99999999999"),
        zoom.left("1", "09:00:00", uuid="Un==", id="99999999999"),
        zoom.bound("1", "2", "09:00:00", uuid="Un==", id="99999999999"),
    ],
    ids=lambda message: message["event"],
)
def test_nothing_happens_for_meetings_of_others(ethics, message):
    ethics.send(message)

    assert InboundWebhook.objects.get().note == "unknown meeting"
    assert MeetingInstance.objects.count() == 0


def test_a_message_without_a_run_is_skipped(ethics):
    ethics.send(zoom.joined("1", "09:00:00", uuid=""))

    assert MeetingInstance.objects.count() == 0


def test_the_start_of_a_run_is_noted_once(ethics):
    ethics.send(zoom.started())
    ethics.send(resent(zoom.started("09:00:00")))

    assert MeetingInstance.objects.get().started_at.isoformat() == "2027-03-10T08:55:02+00:00"


def test_a_second_end_changes_nothing(ethics):
    ethics.send(zoom.ended("10:31:00"))
    ethics.send(zoom.ended("10:32:00"))

    assert MeetingInstance.objects.get().ended_at.isoformat() == "2027-03-10T10:31:00+00:00"


def test_an_end_without_a_time_ends_when_it_was_sent(ethics):
    ethics.send(zoom.ended(end_time=None))

    assert MeetingInstance.objects.get().ended_at is not None


def test_a_departure_without_any_time_is_skipped(ethics):
    message = zoom.left("1", "09:00:00", leave_time=...)

    ethics.send({**message, "event_ts": "never"})

    assert InboundWebhook.objects.get().note == "no time"


def test_an_end_without_any_time_ends_nothing(ethics):
    ethics.send({**zoom.ended(end_time=None), "event_ts": "never"})

    assert MeetingInstance.objects.get().ended_at is None

"""Real threads against committed rows: no place is given twice, nothing is announced twice."""

from collections import Counter
from threading import Barrier
from unittest import mock

from django.db.models import F
from django.utils import timezone

from events.models import Event
from registrations import attendance, cancelling, places, registering, waitlist
from registrations.models import Order, Registration
from registrations.orders import Key, Person, Request
from registrations.signals import attendance_finalized
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory
from tests.races import RACES, THREADS, together

pytestmark = RACES
CLIENTS = 100


def registering_as(number, event_id):
    def call():
        event = Event.objects.select_related("owner", "organization").get(pk=event_id)
        person = Person(f"person{number}@example.org", f"Person {number}")
        return registering.register_all(Request(event, [person])).registrations[0].status

    return call


def crowd(event, count=CLIENTS):
    return [registering_as(number, event.pk) for number in range(count)]


def confirmed(event):
    return Registration.objects.filter(event=event, status="confirmed").count()


def test_ten_places_for_a_hundred_people_go_to_exactly_ten():
    event = EventFactory(published=True, capacity=10)

    outcomes = Counter(together(crowd(event)))

    event.refresh_from_db()
    assert outcomes == {"confirmed": 10, "EventIsFull": 90}
    assert (confirmed(event), event.places_taken, event.registration_count) == (10, 10, 10)


def test_whoever_finds_no_place_waits_in_line():
    event = EventFactory(published=True, capacity=10, waitlist_enabled=True, waitlist_max=25)

    outcomes = Counter(together(crowd(event)))

    event.refresh_from_db()
    waiting = Registration.objects.filter(event=event, status="waitlisted").count()
    assert outcomes == {"confirmed": 10, "waitlisted": 25, "EventIsFull": 65}
    assert (confirmed(event), waiting, event.waitlist_count) == (10, 25, 25)


def test_without_the_guard_too_many_get_in():
    """The control: reading the room and writing it later oversells."""
    event = EventFactory(published=True, capacity=1)
    gate = Barrier(THREADS, timeout=30)

    def count_then_add(found, number, *, confirmed, by_registrant=True):
        room = Event.objects.get(pk=found.pk).places_taken + number <= found.capacity
        gate.wait()
        if room:
            Event.objects.filter(pk=found.pk).update(places_taken=F("places_taken") + number)
        return room

    with mock.patch.object(places, "take", count_then_add):
        together(crowd(event, THREADS))

    assert confirmed(event) > 1


def test_one_address_gets_one_place():
    event = EventFactory(published=True, capacity=10)
    spellings = ["Ada@example.org", "ada@EXAMPLE.org"]

    def call(number):
        def run():
            found = Event.objects.select_related("owner").get(pk=event.pk)
            person = Person(spellings[number % 2], "Ada Attendee")
            return registering.register(found, person).status

        return run

    outcomes = Counter(together([call(number) for number in range(20)]))

    assert outcomes == {"confirmed": 1, "AlreadyRegistered": 19}
    event.refresh_from_db()
    assert event.places_taken == 1


def test_one_key_makes_one_order():
    event = EventFactory(published=True, capacity=10)
    key = Key("anonymous", "a-key-of-sixteen-or-more", "f" * 64)

    def call():
        found = Event.objects.select_related("owner").get(pk=event.pk)
        person = Person("ada@example.org", "Ada Attendee")
        return registering.register_all(Request(found, [person], key=key)).order.reference

    outcomes = set(together([call] * 16))

    assert outcomes == {Order.objects.get().reference}


def test_cancelling_filling_and_registering_at_once_keep_the_numbers_right():
    event = EventFactory(published=True, capacity=10, waitlist_enabled=True)
    holders = [RegistrationFactory(event=event) for _ in range(10)]
    for _ in range(10):
        RegistrationFactory(event=event, waitlisted=True)
    Event.objects.filter(pk=event.pk).update(
        places_taken=10, registration_count=10, waitlist_count=10
    )

    def cancel(row):
        return lambda: cancelling.cancel(Registration.objects.get(pk=row.pk), by=None)

    calls = [cancel(row) for row in holders]
    calls += [lambda: waitlist.fill(event.pk, now=timezone.now())] * 10
    calls += crowd(event, 10)

    together(calls)

    waitlist.fill(event.pk, now=timezone.now())
    event.refresh_from_db()
    waiting = Registration.objects.filter(event=event, status="waitlisted").count()
    assert (confirmed(event), event.places_taken) == (10, 10)
    assert event.waitlist_count == waiting


def test_two_workers_finalize_once():
    event = EventFactory(completed=True)
    RegistrationFactory(event=event)
    heard = []

    def note(event, **_):
        heard.append(event.pk)

    attendance_finalized.connect(note)
    try:
        outcomes = together([lambda: attendance.finalize(event.pk, now=timezone.now())] * 4)
    finally:
        attendance_finalized.disconnect(note)

    assert sorted(outcomes) == [False, False, False, True]
    assert heard == [event.pk]


def test_an_offer_is_answered_once():
    event = EventFactory(
        published=True, capacity=1, waitlist_enabled=True, waitlist_confirmation_required=True
    )
    row = RegistrationFactory(event=event, waitlisted=True)
    Event.objects.filter(pk=event.pk).update(waitlist_count=1)
    waitlist.fill(event.pk, now=timezone.now())

    def answer(verb):
        return lambda: verb(Registration.objects.get(pk=row.pk), by=None)

    outcomes = Counter(together([answer(waitlist.accept)] * 4 + [answer(waitlist.decline)] * 4))

    assert outcomes == {None: 1, "OfferExpired": 7}

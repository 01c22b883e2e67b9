"""Whose stay was it, and what people decide where nobody knows."""

import pytest

from common.exceptions import InvalidStatus
from common.models import AuditEntry
from events.models import Event
from registrations import deciding, suggestions
from registrations.models import (
    AttendanceInterval,
    ParticipantAlias,
    Registration,
    UnmatchedParticipant,
)
from tests.factories.accounts import ZoomConnectionFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import ParticipantAliasFactory, RegistrationFactory
from tests.integrations import zoom_bodies as zoom
from tests.registrations.meeting import address, scene, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def ethics(organizer):
    return scene(owner=organizer)


@pytest.fixture
def kim(ethics):
    """A participant of whom Zoom knows nothing but a name two registrants share."""
    ethics.send(
        zoom.joined("16785400", "09:00:00", user_name="Kim Lee"),
        zoom.left("16785400", "10:30:00", user_name="Kim Lee"),
    )
    return UnmatchedParticipant.objects.get()


def visit(**person):
    return zoom.joined("16790000", "09:00:00", **person)


def matched():
    return AttendanceInterval.objects.get().registration


class TestKeys:
    def test_the_registrant_id_comes_first(self, ethics):
        ethics.send(visit(registrant=1, email=address(2)))

        assert matched() == ethics.person(1)

    def test_k_a_shared_link_is_marked(self, ethics):
        ethics.send(visit(registrant=1, email=address(2)))

        assert ethics.person(1).review_codes == ["SHARED_LINK"]

    def test_an_address_that_nobody_registered_marks_nothing(self, ethics):
        ethics.send(visit(registrant=1, email="private@example.org"))

        assert ethics.person(1).review_codes == []

    def test_the_key_our_own_client_sends(self, ethics):
        ethics.send(visit(customer_key=ethics.person(4).uuid.hex))

        assert matched() == ethics.person(4)

    def test_a_connected_zoom_account(self, ethics, attendee):
        ZoomConnectionFactory(user=attendee, zoom_user_id="zoom-ada")
        Registration.objects.filter(email=address(5)).update(user=attendee)

        ethics.send(visit(participant_user_id="zoom-ada"))

        assert matched() == ethics.person(5)

    def test_the_address_zoom_reports(self, ethics):
        ethics.send(visit(email=address(3).upper()))

        assert matched() == ethics.person(3)

    @pytest.mark.parametrize(
        ("person", "is_matched"),
        [({}, False), ({"participant_user_id": "somebody"}, True)],
        ids=["typed at the door", "account holder"],
    )
    def test_addresses_in_webinars_need_an_account_beside(self, ethics, person, is_matched):
        ethics.send(visit(kind="webinar", email=address(3), **person))

        assert (matched() is not None) is is_matched

    @pytest.mark.parametrize(
        ("kind", "value", "told"),
        [
            ("email", "home@example.org", {"email": "home@example.org"}),
            ("zoom_user", "zoom-bo", {"participant_user_id": "zoom-bo"}),
            ("phone", "441632960001", {"phone_number": "441632960001"}),
        ],
    )
    def test_what_was_learned_before(self, ethics, kind, value, told):
        ParticipantAliasFactory(owner=ethics.event.owner, kind=kind, value=value, person=address(6))

        ethics.send(visit(**told))

        assert matched() == ethics.person(6)

    def test_another_organizer_has_learned_nothing_for_us(self, ethics):
        ParticipantAliasFactory(value="home@example.org", person=address(6))

        ethics.send(visit(email="home@example.org"))

        assert matched() is None

    def test_two_candidates_at_one_step_go_to_the_queue(self, ethics):
        for number in (1, 2):
            ParticipantAliasFactory(
                owner=ethics.event.owner, value="family@example.org", person=address(number)
            )

        ethics.send(visit(email="family@example.org"))

        assert UnmatchedParticipant.objects.get().reason == "several_candidates"

    def test_only_confirmed_places_are_matched(self, ethics):
        Registration.objects.filter(email=address(1)).update(
            status="cancelled", cancelled_at=ethics.session.starts_at
        )

        ethics.send(visit(registrant=1, email=address(2)))

        participant = UnmatchedParticipant.objects.get()
        assert (participant.reason, matched()) == ("registration_not_confirmed", None)

    def test_a_name_matches_nobody(self, kim):
        assert (kim.status, matched()) == ("open", None)

    def test_stays_of_one_participant_hang_together(self, ethics):
        ethics.send(
            zoom.joined("1", "09:00:00", email="home@example.org"),
            zoom.left("1", "09:30:00", email="home@example.org"),
            zoom.joined("2", "09:40:00", email="home@example.org"),
            zoom.left("2", "10:00:00", email="home@example.org"),
        )

        participant = UnmatchedParticipant.objects.get()
        assert (participant.minutes, participant.intervals.count()) == (50, 2)


class TestBinding:
    """A telephone and a computer are one person."""

    def test_the_telephone_counts_for_whom_the_computer_is(self, ethics):
        phone = zoom.joined("100", "09:00:00", participant_uuid="P0", user_name="Caller")
        laptop = zoom.joined("200", "09:04:00", participant_uuid="P1", registrant=2)

        ethics.send(phone, laptop, zoom.bound("100", "200", "09:05:00", registrant=2))

        owners = {stay.registration for stay in AttendanceInterval.objects.all()}
        assert owners == {ethics.person(2)}

    def test_also_when_it_is_told_before_anybody_came(self, ethics):
        ethics.send(
            zoom.bound("100", "200", "09:05:00", registrant=2),
            zoom.joined("100", "09:00:00", participant_uuid="P0", user_name="Caller"),
        )

        assert matched() == ethics.person(2)

    def test_without_a_registrant_id_the_other_device_tells(self, ethics):
        ethics.send(
            zoom.joined("200", "09:04:00", participant_uuid="P1", email=address(3)),
            zoom.joined("100", "09:00:00", participant_uuid="P0"),
            zoom.bound("100", "200", "09:05:00", registrant_id=""),
        )

        owners = {stay.registration for stay in AttendanceInterval.objects.all()}
        assert owners == {ethics.person(3)}

    def test_two_unknown_devices_stay_unknown(self, ethics):
        ethics.send(zoom.bound("100", "200", "09:05:00", registrant_id=""))

        assert UnmatchedParticipant.objects.count() == 0


class TestSuggestions:
    def found(self, participant):
        return [
            (one.registration.email, one.score, one.reason) for one in suggestions.of(participant)
        ]

    def test_h_namesakes_are_both_shown_and_nobody_is_chosen(self, kim):
        assert self.found(kim) == [
            (address(4), 0.9, "exact_name"),
            (address(5), 0.9, "exact_name"),
        ]

    @pytest.mark.parametrize(
        ("name", "email", "expected"),
        [
            ("iPhone", "", []),
            ("Galaxy S24", "", []),
            ("Zoom user", "", []),
            ("4416329", "", []),
            ("", "", []),
            ("prueba ÁNA", "", [(address(3), 0.8, "same_words")]),
            ("Sam Sampel", "", [(address(2), 0.59, "similar_name")]),
            ("Wholly Unlike", "", []),
            ("iPad", "xx1@example.org", [(address(1), 0.7, "similar_email")]),
            ("iPad", address(1), [(address(1), 0.97, "same_email")]),
        ],
    )
    def test_by_what_a_person_is_suggested(self, kim, name, email, expected):
        kim.name, kim.email = name, email

        assert self.found(kim)[:1] == expected

    def test_a_name_learned_before_comes_first(self, kim, ethics):
        ParticipantAliasFactory(
            owner=ethics.event.owner, kind="name", value="kim lee", person=address(5)
        )

        assert self.found(kim)[0] == (address(5), 0.95, "alias_name")


class TestDecisions:
    def test_matching_gives_the_minutes_and_reopening_takes_them_back(self, kim, ethics, organizer):
        ethics.finalize()

        deciding.match(kim, registration=ethics.person(4), by=organizer)
        work()
        given = ethics.minutes(4)
        deciding.reopen(kim, by=organizer)
        work()

        assert (given, ethics.minutes(4), ethics.minutes(5)) == ((90, 100), (0, 0), (0, 0))
        actions = AuditEntry.objects.filter(action__startswith="participant.").order_by("pk")
        assert list(actions.values_list("action", flat=True)) == [
            *("participant.matched", "participant.reopened")
        ]
        assert ParticipantAlias.objects.count() == 0

    def test_automatic_matching_never_uses_a_name(self, kim, ethics):
        assert deciding.auto_match(ethics.event.pk) == 0
        assert matched() is None

    def test_automatic_matching_finds_who_registered_later(self, ethics):
        ethics.send(visit(email="late@example.org"))
        late = RegistrationFactory(event=ethics.event, email="late@example.org")

        assert deciding.auto_match(ethics.event.pk) == 1
        assert matched() == late

    def test_further_stays_go_where_the_first_went(self, kim, ethics, organizer):
        deciding.match(kim, registration=ethics.person(4), by=organizer, remember=False)

        ethics.send(zoom.joined("16785400", "09:10:00", user_name="Kim Lee", uuid=zoom.FIRST_RUN))

        assert {stay.registration for stay in AttendanceInterval.objects.all()} == {
            ethics.person(4)
        }

    def test_what_was_decided_is_not_decided_again(self, kim, ethics, organizer):
        deciding.ignore(kim, by=organizer, reason="A robot.")

        with pytest.raises(deciding.AlreadyMatched):
            deciding.mark_host(kim, by=organizer)

    def test_what_nobody_decided_cannot_be_taken_back(self, kim, organizer):
        with pytest.raises(deciding.NotDecided):
            deciding.reopen(kim, by=organizer)

    def test_a_registration_of_another_event_is_not_found(self, kim, organizer):
        with pytest.raises(deciding.NotFound):
            deciding.match(kim, registration=RegistrationFactory(), by=organizer)

    def test_only_confirmed_places_can_be_matched(self, kim, ethics, organizer):
        waiting = RegistrationFactory(event=ethics.event, waitlisted=True)

        with pytest.raises(deciding.RegistrationNotConfirmed):
            deciding.match(kim, registration=waiting, by=organizer)

    def test_a_closed_event_is_decided(self, kim, ethics, organizer):
        Event.objects.update(status="closed", closed_at=ethics.session.ends_at)

        with pytest.raises(InvalidStatus):
            deciding.ignore(kim, by=organizer)


def test_who_runs_the_meeting_may_be_told_later(kim, organizer):
    deciding.mark_host(kim, by=organizer)

    kim.refresh_from_db()
    assert (kim.status, kim.decided_by) == ("host", organizer)
    deciding.reopen(kim, by=organizer)
    assert (kim.status, kim.decided_at) == ("open", None)


def test_participants_are_reached_by_those_who_manage_attendance(kim, organizer, stranger):
    rows = UnmatchedParticipant.objects

    assert list(rows.visible_to(organizer)) == list(rows.managed_by(organizer)) == [kim]
    assert list(rows.visible_to(stranger)) == list(rows.managed_by(stranger)) == []


def test_what_an_organization_learned_is_its_own(organizer, organization):
    event = EventFactory(owner=organizer, organization=organization)
    mine = ParticipantAliasFactory(owner=organizer)
    ours = ParticipantAliasFactory(owner=organizer, organization=organization)

    assert list(ParticipantAlias.objects.of_tenant(event)) == [ours]
    assert list(ParticipantAlias.objects.of_tenant(EventFactory(owner=organizer))) == [mine]

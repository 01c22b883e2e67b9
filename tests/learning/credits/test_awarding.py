"""From finalized attendance to the ledger."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.signals import email_verified
from common.models import AuditEntry
from learning.credits import awarding, ledger
from learning.credits.models import (
    ActivityCredit,
    CreditAward,
    CreditDecision,
    CreditRun,
    CreditScheme,
)
from learning.credits.signals import credit_awarded, credit_revoked
from registrations.signals import attendance_changed, attendance_finalized
from tests.factories.accounts import UserFactory
from tests.factories.credits import attended
from tests.factories.events import EventFactory, EventSessionFactory
from tests.factories.registrations import SessionAttendanceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(
        completed=True,
        title="Ethics update",
        cpd_enabled=True,
        cpd_credit_type="CPD",
        cpd_credit_value=Decimal("2.50"),
        cpd_accreditation_note="Accredited by the Board.",
        timezone="Pacific/Auckland",
        attendance_finalized_at=timezone.now(),
    )


@pytest.fixture
def announced():
    heard: list[tuple[str, Decimal]] = []

    def awarded(award, **_):
        heard.append(("awarded", award.value))

    def revoked(award, **_):
        heard.append(("revoked", award.value))

    credit_awarded.connect(awarded)
    credit_revoked.connect(revoked)
    yield heard
    credit_awarded.disconnect(awarded)
    credit_revoked.disconnect(revoked)


def rows() -> list[tuple[str, str]]:
    return [(row.kind, f"{row.value:.2f}") for row in CreditAward.objects.order_by("id")]


def test_an_eligible_person_gets_one_row_of_the_stated_value(event, announced):
    registration = attended(event, full_name="Jo Example")

    awarding.award_event(event)

    award = CreditAward.objects.get()
    assert (award.value, award.kind, award.credit_type, award.sequence) == (
        Decimal("2.50"),
        "award",
        "CPD",
        1,
    )
    assert (award.registration, award.holder_name, award.activity_title) == (
        registration,
        "Jo Example",
        "Ethics update",
    )
    # 09:00 UTC on 1 March is the evening of that day in Auckland
    assert (str(award.activity_date), str(award.retain_until)) == ("2027-03-01", "2033-03-01")
    assert announced == [("awarded", Decimal("2.50"))]


def test_somebody_below_the_minimum_gets_no_row_but_the_reason(event, announced):
    attended(event, eligible=False)

    awarding.award_event(event)

    decision = CreditDecision.objects.get()
    assert (decision.outcome, decision.value, rows(), announced) == ("zero", 0, [], [])
    assert [(reason["need"], reason["have"], reason["verdict"]) for reason in decision.reasons] == [
        (80, 79, "unmet")
    ]


def test_awarding_twice_changes_nothing(event, announced):
    attended(event)

    for _ in range(2):
        awarding.award_event(event)

    assert (rows(), CreditDecision.objects.count(), len(announced)) == ([("award", "2.50")], 1, 1)


def test_a_correction_adjusts_to_zero_and_back(event, announced):
    registration = attended(event)
    awarding.award_event(event)

    for eligible in (False, True):
        registration.attendance_eligible = eligible
        registration.save()
        awarding.award_registration(registration)

    assert rows() == [("award", "2.50"), ("adjust", "-2.50"), ("award", "2.50")]
    assert [word for word, _ in announced] == ["awarded", "revoked", "awarded"]


def test_revoked_credits_stay_revoked_whatever_is_computed_later(event, organizer):
    registration = attended(event)
    awarding.award_event(event)

    emptied = ledger.revoke_for(registration, by=organizer, reason="Certificate withdrawn.")
    awarding.award_event(event)

    held = CreditDecision.objects.order_by("-id").first()
    assert (emptied, rows()) == (1, [("award", "2.50"), ("revoke", "-2.50")])
    assert (held.outcome, held.held_reason) == ("held", "revoked")
    assert AuditEntry.objects.filter(action="credit.revoked").count() == 1


def test_reinstating_gives_back_what_was_revoked_once(event, organizer):
    registration = attended(event)
    awarding.award_event(event)
    ledger.revoke_for(registration, by=organizer, reason="Certificate withdrawn.")

    counts = [
        ledger.reinstate_for(registration, by=organizer, reason="Withdrawn by mistake.")
        for _ in range(2)
    ]

    assert (counts, rows()[-1]) == ([1, 0], ("award", "2.50"))


def test_sessions_earn_their_share(event):
    event = EventFactory(
        completed=True,
        implicit_session=False,
        is_multi_session=True,
        cpd_enabled=True,
        cpd_credit_type="CPD",
        cpd_credit_value=Decimal("6.00"),
        attendance_finalized_at=timezone.now(),
    )
    sessions = [EventSessionFactory(event=event, duration_minutes=size) for size in (60, 60, 120)]
    registration = attended(event)
    registration.session_attendance.filter(session=sessions[1]).update(attended=False)

    awarding.award_event(event)

    assert rows() == [("award", "4.50")]


@pytest.mark.parametrize(
    "facts", [{"cpd_enabled": False}, {"cpd_credit_value": None}, {"cpd_credit_value": Decimal(0)}]
)
def test_an_event_that_offers_nothing_awards_nothing(event, facts):
    type(event).objects.filter(pk=event.pk).update(**facts)
    event.refresh_from_db()
    attended(event)

    awarding.award_event(event)

    assert (rows(), ActivityCredit.objects.count()) == ([], 0)


def test_an_explicit_designation_stops_the_implicit_one(event):
    ActivityCredit.objects.create(
        event=event,
        scheme=CreditScheme.objects.create(code="BOARD", name="Board", owner=event.owner),
        credit_type="Board",
        designated_value=Decimal(1),
        mode="all_or_nothing",
    ).scheme.versions.create(effective_from="2020-01-01", allowed_increments=["0.25"])
    attended(event)

    awarding.award_event(event)

    assert rows() == [("award", "1.00")]


def test_a_guests_row_becomes_the_accounts_and_nothing_else_changes(event):
    registration = attended(event)
    awarding.award_event(event)
    user = UserFactory()
    registration.user = user
    registration.save()

    awarding.claim_awards(user)

    award = CreditAward.objects.get()
    assert (award.user, award.value) == (user, Decimal("2.50"))


def test_the_nightly_claim_finds_registrations_linked_by_another_way(event):
    attended(event)
    linked = attended(event)
    awarding.award_event(event)
    linked.user = UserFactory()
    linked.save()

    counts = [awarding.claim_all() for _ in range(2)]

    assert counts == [1, 0]
    assert set(CreditAward.objects.values_list("user", flat=True)) == {None, linked.user.pk}


def test_final_attendance_asks_for_a_run_and_the_task_finishes_it(
    event, django_capture_on_commit_callbacks
):
    registration = attended(event)

    with django_capture_on_commit_callbacks(execute=True):
        attendance_finalized.send(sender=type(event), event=event)

    lines = ledger.lines_for(registration)
    assert CreditRun.objects.get(event=event).finished_at is not None
    assert (lines.settled, [line.amount for line in lines.lines]) == (True, [Decimal("2.50")])
    assert lines.lines[0].statement == "Accredited by the Board."


def test_while_a_run_is_outstanding_the_lines_are_not_settled(event):
    registration = attended(event)
    awarding.request_for_event(event)

    assert ledger.lines_for(registration).settled is False


def test_attendance_that_is_not_final_asks_for_nothing(event):
    event.attendance_finalized_at = None
    event.save()
    registration = attended(event)

    attendance_changed.send(sender=type(registration), registration=registration)

    assert not CreditRun.objects.exists()


def test_the_sweep_takes_up_what_was_lost(event, django_capture_on_commit_callbacks):
    attended(event)
    late = timezone.now() - awarding.OVERDUE * 2
    CreditRun.objects.create(event=event, requested_at=late)

    with django_capture_on_commit_callbacks(execute=True):
        asked = awarding.sweep(timezone.now())

    assert (asked, rows()) == (1, [("award", "2.50")])


def test_a_verified_address_claims_what_was_earned_as_a_guest(
    event, django_capture_on_commit_callbacks
):
    user = UserFactory(email="guest@example.org")
    attended(event, email="guest@example.org")
    awarding.award_event(event)

    with django_capture_on_commit_callbacks(execute=True):
        email_verified.send(sender=type(user), user=user)

    assert CreditAward.objects.get().user == user


@pytest.mark.parametrize("count", [1, 3])
def test_a_chunk_costs_the_same_for_one_and_for_three(event, count, django_assert_num_queries):
    for _ in range(count):
        attended(event)

    with django_assert_num_queries(19):
        awarding.award_event(event)

    assert len(rows()) == count


@pytest.mark.parametrize(
    "change", [{"value": Decimal(9)}, {"reason": "x"}, {"holder_name": "Somebody else"}]
)
def test_the_database_refuses_to_change_a_row(event, change):
    attended(event)
    awarding.award_event(event)

    with pytest.raises(IntegrityError), transaction.atomic():
        CreditAward.objects.update(**change)


def test_the_database_refuses_to_give_a_row_to_somebody_else(event):
    attended(event, user=UserFactory())
    awarding.award_event(event)

    with pytest.raises(IntegrityError), transaction.atomic():
        CreditAward.objects.update(user=UserFactory())


def test_the_database_refuses_to_delete_what_must_be_kept(event):
    attended(event)
    awarding.award_event(event)

    with pytest.raises(IntegrityError), transaction.atomic():
        CreditAward.objects.all().delete()


def test_the_database_refuses_to_change_a_decision(event):
    attended(event)
    awarding.award_event(event)

    with pytest.raises(IntegrityError), transaction.atomic():
        CreditDecision.objects.update(value=Decimal(9))


def test_credit_of_zero_percent_presence_counts_nothing(event):
    registration = attended(event, eligible=False)
    SessionAttendanceFactory._meta.model.objects.update(attended=False)

    awarding.award_event(event)

    assert ledger.lines_for(registration).lines == ()

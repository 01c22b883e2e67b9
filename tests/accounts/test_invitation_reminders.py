"""Reminding of invitations before they end."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts import invitations
from accounts.tasks import remind_open_invitations
from common.models import OutgoingEmail
from tests.factories.invitations import MembershipInvitationFactory

BOB = "bob@example.org"
pytestmark = pytest.mark.django_db


def test_reminds_once_two_days_before_the_end(organization, organizer):
    row = MembershipInvitationFactory(organization=organization, email=BOB)

    def run(**since):
        with time_machine.travel(row.created_at + timedelta(**since)):
            remind_open_invitations()
        return OutgoingEmail.objects.filter(kind="organization_invitation_reminder").count()

    counts = [run(days=4), run(days=5, minutes=1), run(days=5, minutes=2), run(days=6)]

    assert counts == [0, 1, 1, 1]
    mail = OutgoingEmail.objects.get()
    assert (mail.to_email, mail.category, mail.subject) == (
        BOB,
        "invitation",
        "Your invitation to Provider Ltd ends soon",
    )
    assert row.secret not in mail.text


@pytest.mark.parametrize(
    "trait",
    [
        {"expires_at": timezone.now() - timedelta(days=1)},
        {"accepted": True},
        {"declined": True},
        {"revoked": True},
        {"organization__is_active": False},
        {"reminded_at": timezone.now()},
    ],
    ids=["expired", "accepted", "declined", "revoked", "inactive", "reminded"],
)
def test_leaves_the_others_alone(trait):
    MembershipInvitationFactory(**{"expires_at": timezone.now() + timedelta(days=1), **trait})

    assert invitations.remind(timezone.now()) == 0


def test_a_renewed_one_is_reminded_of_anew(organizer, organization):
    row = MembershipInvitationFactory(organization=organization)
    invitations.remind(row.expires_at - timedelta(days=1))
    with time_machine.travel(row.expires_at - timedelta(hours=1)):
        invitations.resend(row, by=organizer)

    assert invitations.remind(row.expires_at - timedelta(days=1)) == 1

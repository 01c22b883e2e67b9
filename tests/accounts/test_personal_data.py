"""What hangs on an account, one by one."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts import erasure, privacy
from accounts.models import (
    ApiToken,
    MembershipInvitation,
    Notification,
    Passkey,
    RecoveryCode,
    SignInChallenge,
    SocialAccount,
    TotpDevice,
    User,
    WebhookEndpoint,
)
from tests.factories.accounts import NotificationFactory, OrganizationFactory
from tests.factories.api_tokens import ApiTokenFactory
from tests.factories.data_exports import DataExportFactory
from tests.factories.events import EventFactory
from tests.factories.invitations import MembershipInvitationFactory
from tests.factories.registrations import RegistrationFactory
from tests.factories.second_factor import (
    PasskeyFactory,
    RecoveryCodeFactory,
    SignInChallengeFactory,
    TotpDeviceFactory,
)
from tests.factories.social import SocialAccountFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("factory", "model"),
    [
        (ApiTokenFactory, ApiToken),
        (PasskeyFactory, Passkey),
        (RecoveryCodeFactory, RecoveryCode),
        (SignInChallengeFactory, SignInChallenge),
        (SocialAccountFactory, SocialAccount),
        (TotpDeviceFactory, TotpDevice),
        (NotificationFactory, Notification),
    ],
)
def test_keys_factors_and_notices_go_and_those_of_others_stay(attendee, stranger, factory, model):
    mine, other = factory(user=attendee), factory(user=stranger)

    counts = erasure.erase(attendee, by=attendee, action="account.erased")

    assert counts[model._meta.label] == 1
    assert not model.objects.filter(pk=mine.pk).exists()
    assert model.objects.filter(pk=other.pk).exists()


def test_endpoints_go_and_an_organizations_pass_to_its_owner(organizer, organization, colleague):
    for tenant in (None, organization):
        WebhookEndpoint.objects.create(
            user=colleague, organization=tenant, url="https://example.org/hook", secret="s"
        )

    counts = erasure.erase(colleague, by=colleague, action="account.erased")

    left = WebhookEndpoint.objects.get()
    assert counts["accounts.WebhookEndpoint"] == 1
    assert (left.user, left.organization) == (organizer, organization)


def test_endpoints_of_an_organization_deleted_along_go_too(organizer, organization):
    WebhookEndpoint.objects.create(
        user=organizer, organization=organization, url="https://example.org/hook", secret="s"
    )

    erasure.erase(organizer, by=organizer, action="account.erased")

    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    ("state", "revoked"), [({}, True), ({"declined_at": timezone.now()}, False)]
)
def test_invitations_to_the_address_are_unnamed_and_open_ones_end(attendee, state, revoked):
    asked = MembershipInvitationFactory(email=attendee.email, title="Ada's desk", **state)

    erasure.erase(attendee, by=attendee, action="account.erased")

    asked.refresh_from_db()
    assert (asked.email, asked.title) == (privacy.placeholder(asked.uuid), "")
    assert (asked.revoked_at is not None) == revoked


def test_invitations_they_sent_stay_with_whom_they_were_sent_to(attendee):
    MembershipInvitationFactory(email="bob@example.org", invited_by=attendee)

    erasure.erase(attendee, by=attendee, action="account.erased")

    assert MembershipInvitation.objects.get().email == "bob@example.org"


def test_what_others_were_told_about_their_rows_goes(attendee, organizer):
    row = RegistrationFactory(user=attendee, event=EventFactory(completed=True, owner=organizer))
    NotificationFactory(user=organizer, metadata={"registration": str(row.uuid)})
    NotificationFactory(user=organizer, dedupe_key=f"new_registration:{row.uuid}")
    NotificationFactory(user=organizer, action_url=f"/registrations/{row.uuid}")
    other = NotificationFactory(user=organizer, metadata={"registration": str(organizer.uuid)})

    erasure.erase(attendee, by=attendee, action="account.erased")

    assert list(Notification.objects.all()) == [other]


def test_the_admins_history_forgets_how_they_were_called(attendee, staff_member):
    for called in ("Ada Attendee", "Ada Attendee (confirmed)", "Zoom of Ada Attendee",
                   "Invitation of attendee@example.org to X", "Ada Attendees"):  # fmt: skip
        LogEntry.objects.create(
            user=staff_member, action_flag=CHANGE, object_repr=called, object_id="1",
            content_type=ContentType.objects.get_for_model(User),
        )  # fmt: skip

    erasure.erase(attendee, by=attendee, action="account.erased")

    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == [
        *[""] * 4, "Ada Attendees",
    ]  # fmt: skip


def test_an_organization_that_named_them_as_its_contact_forgets_the_contact(attendee):
    theirs = OrganizationFactory(contact_email=attendee.email, contact_phone="+43123456789")
    other = OrganizationFactory(contact_email="office@example.org")

    erasure.erase(attendee, by=attendee, action="account.erased")

    theirs.refresh_from_db()
    other.refresh_from_db()
    assert (theirs.contact_email, theirs.contact_phone) == ("", "")
    assert other.contact_email == "office@example.org"


def test_a_copy_staff_made_of_an_address_goes_with_it(staff_member):
    DataExportFactory(user=staff_member, email="ada@example.org")
    own = DataExportFactory(user=staff_member)

    counts = erasure.erase_address("ada@example.org", by=staff_member, reason="By letter.")

    assert counts["accounts.DataExport"] == 1
    assert list(staff_member.data_exports.all()) == [own]


def test_every_app_collects_without_an_account():
    RegistrationFactory(email="ada@example.org", full_name="Ada Guest")

    found = privacy.collect(privacy.at("Ada@example.org"))

    filled = {name for name, rows in found.tables.items() if rows}
    assert filled == {"registrations"} | {"orders"} & filled

"""Deleting an account, and erasing people who never had one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import erasure, privacy, verification
from accounts.exceptions import AuthenticationFailed
from accounts.models import DataExport, Membership, User, UserSession
from billing.models import BillingAccount, Subscription
from common import audit, audit_chain
from common.codes import digest
from common.models import AuditEntry, OutgoingEmail
from events.models import Event
from registrations.models import Registration
from tests.factories.accounts import (
    PASSWORD,
    AccountTokenFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
    ZoomConnectionFactory,
)
from tests.factories.common import OutgoingEmailFactory
from tests.factories.events import EventFactory, SpeakerFactory
from tests.factories.registrations import RegistrationFactory

DELETE = "/api/v1/users/me/delete-account/"
ERASE = "/api/v1/staff/persons/erase/"
pytestmark = pytest.mark.django_db


def codes(response) -> list[tuple[str, int]]:
    found = response.json()["error"]["details"]["blockers"]
    return [(each["code"], each["count"]) for each in found]


@pytest.fixture
def stale(api_for):
    """A client whose proof of identity is an hour old."""

    def client(user):
        api = api_for(user)
        hour_ago = timezone.now() - timedelta(hours=1)
        UserSession.objects.filter(user=user).update(authenticated_at=hour_ago)
        return api

    return client


def test_the_account_is_emptied_and_its_sessions_are_dead(attendee, api_for):
    api, elsewhere = api_for(attendee), api_for(attendee)

    answer = api.post(DELETE, {"password": PASSWORD})

    gone = User.all_objects.get(pk=attendee.pk)
    assert answer.json() == {"message": "Your account was deleted.", "kept": []}
    assert (gone.email, gone.full_name, gone.is_active, gone.has_usable_password()) == (
        f"deleted-{attendee.uuid}@anonymized.invalid",
        "Deleted User",
        False,
        False,
    )
    assert gone.erased_at is not None
    assert elsewhere.get("/api/v1/users/me/").status_code == 401
    assert not UserSession.objects.filter(user=attendee).exists()


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "wrong"}])
def test_without_the_password_nothing_is_deleted(attendee, api_for, body):
    answer = api_for(attendee).post(DELETE, body)

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["password"])
    assert User.objects.filter(pk=attendee.pk).exists()


def test_an_account_without_a_password_needs_a_fresh_session(attendee, stale, api_for):
    attendee.set_unusable_password()
    attendee.save(update_fields=["password"])

    late = stale(attendee).post(DELETE, {})
    fresh = api_for(attendee).post(DELETE, {})

    assert (late.status_code, late.json()["error"]["code"]) == (403, "REAUTHENTICATION_REQUIRED")
    assert fresh.status_code == 200


def test_nobody_signed_in_deletes_nothing(anonymous):
    assert anonymous.post(DELETE, {"password": PASSWORD}).status_code == 401


def test_published_events_block_and_drafts_are_deleted(organizer, api_for):
    published = EventFactory(owner=organizer, published=True)
    EventFactory(owner=organizer)
    api = api_for(organizer)

    refused = api.post(DELETE, {"password": PASSWORD})
    drafts = Event.objects.filter(status="draft").count()
    Event.objects.filter(pk=published.pk).update(status="completed")
    answer = api.post(DELETE, {"password": PASSWORD})

    assert (refused.status_code, codes(refused), drafts) == (409, [("EVENTS_ACTIVE", 1)], 1)
    assert answer.status_code == 200
    assert [event.owner_id for event in Event.all_objects.all()] == [organizer.pk]


def test_a_draft_others_hang_on_is_hidden(organizer, api_for):
    draft = EventFactory(owner=organizer)
    RegistrationFactory(event=draft, status="cancelled", cancelled_at=timezone.now())

    answer = api_for(organizer).post(DELETE, {"password": PASSWORD})

    assert answer.status_code == 200, answer.content
    assert Event.all_objects.get().deleted_at is not None


@pytest.mark.parametrize("reason", ["members", "content"])
def test_an_organization_others_need_blocks(organizer, organization, api_for, reason):
    if reason == "members":
        MembershipFactory(organization=organization)
    else:
        EventFactory(owner=organizer, organization=organization, published=True)

    refused = api_for(organizer).post(DELETE, {"password": PASSWORD})

    assert (refused.status_code, codes(refused)) == (409, [("OWNS_ORGANIZATION", 1)])


def test_an_organization_of_nobody_else_is_deleted_along(organizer, organization, api_for):
    api_for(organizer).post(DELETE, {"password": PASSWORD})

    organization.refresh_from_db()
    assert organization.is_deleted
    assert Membership.objects.filter(user=organizer, ended_at=None).count() == 0


def test_a_member_leaves_and_the_owner_takes_over_what_they_owned(
    organizer, organization, colleague, api_for
):
    event = EventFactory(owner=colleague, organization=organization, published=True)
    speaker = SpeakerFactory(owner=colleague, organization=organization)

    answer = api_for(colleague).post(DELETE, {"password": PASSWORD})

    event.refresh_from_db()
    speaker.refresh_from_db()
    assert answer.status_code == 200
    assert (event.owner_id, event.status, speaker.owner_id) == (
        organizer.pk, "published", organizer.pk,
    )  # fmt: skip
    assert not organization.memberships.filter(user=colleague, ended_at=None).exists()


def test_a_coming_place_is_given_back_and_a_past_one_only_unnamed(attendee, api_for):
    coming = EventFactory(published=True, places_taken=1, registration_count=1, capacity=1)
    past = EventFactory(completed=True)
    for event in (coming, past):
        RegistrationFactory(
            event=event, user=attendee, email=attendee.email, full_name=attendee.full_name,
            notes="Ada is late.", professional_title="RN",
        )  # fmt: skip

    api_for(attendee).post(DELETE, {"password": PASSWORD})

    coming.refresh_from_db()
    rows = Registration.objects.order_by("event_id")
    assert [(row.status, row.full_name, row.notes, row.professional_title) for row in rows] == [
        ("cancelled", "Deleted User", "", ""),
        ("confirmed", "Deleted User", "", ""),
    ]
    assert {row.email for row in rows} == {privacy.placeholder(row.uuid) for row in rows}
    assert (coming.places_taken, coming.registration_count) == (0, 0)


def test_guest_rows_of_an_unproven_address_are_not_theirs(api_for):
    somebody = UserFactory(email="ada@example.org", unverified=True)
    row = RegistrationFactory(email="ada@example.org", full_name="Another Ada")

    api_for(somebody).post(DELETE, {"password": PASSWORD})

    row.refresh_from_db()
    assert (row.email, row.full_name) == ("ada@example.org", "Another Ada")


def test_the_trial_ends_and_the_payer_is_nobody(organizer, api_for):
    BillingAccount.objects.filter(user=organizer).update(legal_name="Olga", city="Graz")

    api_for(organizer).post(DELETE, {"password": PASSWORD})

    account = BillingAccount.objects.get(user=organizer)
    assert (account.legal_name, account.city) == ("", "")
    assert Subscription.objects.get().status == "canceled"


def test_the_link_to_zoom_ends_and_its_token_is_revoked_later(organizer, api_for):
    connection = ZoomConnectionFactory(user=organizer, zoom_email="olga@zoom.example")

    api_for(organizer).post(DELETE, {"password": PASSWORD})

    connection.refresh_from_db()
    assert (connection.zoom_email, connection.disconnected_at is None) == ("", False)


def test_a_last_message_goes_out_and_its_row_forgets_to_whom(attendee, api_for, committed):
    OutgoingEmailFactory(
        to_email=attendee.email, to_name="Ada", subject="Hello Ada", recipient_uuid=attendee.uuid
    )
    api = api_for(attendee)

    committed(lambda: api.post(DELETE, {"password": PASSWORD}))

    rows = OutgoingEmail.objects.order_by("id").values_list(
        "kind", "status", "to_email", "to_name", "subject", "text"
    )
    assert list(rows) == [
        ("welcome", "skipped", "", "", "", None),
        ("account_deleted", "sent", "", "", "", None),
    ]


def test_one_entry_counts_what_went_and_the_others_are_redacted(attendee, api_for):
    audit.record("thing.done", by=attendee, said="Ada Attendee")
    audit.record("invitation.sent", to="attendee@example.org")
    other = audit.record("invitation.sent", to="non-attendee@example.org")
    audit_chain.seal()

    api_for(attendee).post(DELETE, {"password": PASSWORD, "reason": "Ada Attendee is done."})
    audit_chain.seal()

    told = AuditEntry.objects.get(action="account.erased")
    kept = AuditEntry.objects.exclude(payload={}).order_by("id")
    assert told.payload["reason"] == "… is done."
    assert (told.payload["erased"]["accounts.UserSession"], told.actor_uuid) == (1, attendee.uuid)
    assert other in kept
    assert "Ada" not in str([entry.payload for entry in kept])
    assert "127.0.0.1" not in str([entry.payload for entry in kept])
    assert audit_chain.verify(now=timezone.now()).ok


def test_when_the_last_step_fails_nothing_has_happened(organizer, api_for, monkeypatch):
    EventFactory(owner=organizer)
    api = api_for(organizer)
    api.raise_request_exception = False
    monkeypatch.setattr(User, "erase", lambda self: 1 / 0)

    answer = api.post(DELETE, {"password": PASSWORD})

    assert answer.status_code == 500
    assert Event.objects.count() == 1
    assert UserSession.objects.active(timezone.now()).filter(user=organizer).count() == 1


def test_a_second_deletion_finds_nobody(attendee):
    erasure.delete_account(attendee)

    with pytest.raises(AuthenticationFailed):
        erasure.delete_account(attendee)

    assert AuditEntry.objects.filter(action="account.erased").count() == 1


def test_disowning_an_account_takes_the_same_way():
    user = UserFactory(unverified=True, email="victim@example.org", full_name="Not Me")
    OutgoingEmailFactory(to_email=user.email, recipient_uuid=user.uuid, subject="Not Me")
    AccountTokenFactory(user=user, digest=digest("secret"))

    verification.disown("secret", now=timezone.now())

    user = User.all_objects.get(pk=user.pk)
    assert user.erased_at is not None
    assert set(OutgoingEmail.objects.values_list("to_email", "subject")) == {("", "")}
    assert list(AuditEntry.objects.values_list("action", flat=True))[-1] == "user.disowned"


def test_staff_erase_an_address_without_an_account(staff_member, api_for):
    row = RegistrationFactory(
        event=EventFactory(completed=True), email="ada@example.org", full_name="Ada Guest"
    )

    answer = api_for(staff_member).post(
        ERASE, {"email": "Ada@Example.org", "reason": "Letter of ada@example.org, 3 May."}
    )

    row.refresh_from_db()
    entry = AuditEntry.objects.get(action="person.erased")
    assert answer.status_code == 200
    assert answer.json()["erased"]["registrations.Registration"] == 1
    assert (row.full_name, entry.actor_type, entry.actor_uuid) == (
        "Deleted User", "staff", staff_member.uuid,
    )  # fmt: skip
    assert entry.payload["reason"] == "Letter of …, 3 May."


@pytest.mark.parametrize("path", [ERASE, "/api/v1/staff/persons/export/"])
def test_an_address_with_an_account_is_its_owners_business(staff_member, attendee, api_for, path):
    answer = api_for(staff_member).post(path, {"email": attendee.email, "reason": "By phone."})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ADDRESS_HAS_ACCOUNT")
    assert User.objects.filter(pk=attendee.pk).exists()
    assert not DataExport.objects.exists()


@pytest.mark.parametrize("path", [ERASE, "/api/v1/staff/persons/export/"])
@pytest.mark.parametrize(
    ("body", "field"),
    [({"email": "a@example.org"}, "reason"), ({"reason": "By letter."}, "email")],
)
def test_staff_name_the_address_and_the_reason(staff_member, api_for, path, body, field):
    answer = api_for(staff_member).post(path, body)

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])


@pytest.mark.parametrize("path", [ERASE, "/api/v1/staff/persons/export/"])
def test_staff_prove_their_identity_and_others_are_refused(
    staff_member, organizer, anonymous, stale, api_for, path
):
    body = {"email": "a@example.org", "reason": "By letter."}

    answers = [
        client.post(path, body) for client in (stale(staff_member), api_for(organizer), anonymous)
    ]

    assert [(each.status_code, each.json()["error"]["code"]) for each in answers] == [
        (403, "REAUTHENTICATION_REQUIRED"),
        (403, "PERMISSION_DENIED"),
        (401, "NOT_AUTHENTICATED"),
    ]


def test_organizations_not_current_do_not_block(organizer, api_for):
    MembershipFactory(user=organizer, role="admin", ended=True)
    MembershipFactory(
        user=organizer, role="owner", organization=OrganizationFactory(deleted_at=timezone.now())
    )

    assert api_for(organizer).post(DELETE, {"password": PASSWORD}).status_code == 200

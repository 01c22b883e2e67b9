"""Invitations: seats bound them, one address answers them, once."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail as outbox
from django.utils import timezone

from accounts import invitations
from accounts.models import Membership, MembershipInvitation
from accounts.signals import membership_changed
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import (
    PASSWORD,
    MembershipFactory,
    UserFactory,
)
from tests.factories.invitations import MembershipInvitationFactory

ROOT = "/api/v1/organizations/"
ACCEPT = "/api/v1/organization-invitations/accept/"
PREVIEW = "/api/v1/organization-invitations/preview/"
MINE = "/api/v1/users/me/organization-invitations/"
BOB = "bob@example.org"
pytestmark = pytest.mark.django_db


@pytest.fixture
def bob():
    return UserFactory(email=BOB, full_name="Bob Invited")


@pytest.fixture
def invitation(organization, organizer):
    return MembershipInvitationFactory(
        organization=organization, email=BOB, role="instructor", title="Tutor", invited_by=organizer
    )


def url(organization, invitation=None, verb=""):
    parts = f"{invitation.uuid}/" if invitation else ""
    return f"{ROOT}{organization.uuid}/invitations/{parts}{verb}"


def code(response):
    return response.status_code, response.json()["error"]["code"]


def limit(organization, seats):
    organization.seat_limit = seats
    organization.save(update_fields=["seat_limit"])


class TestInviting:
    def test_sends_a_secret_to_the_address(
        self, api_for, organizer, organization, committed, mailed, bob
    ):
        wanted = {"email": "Bob@Example.org", "role": "instructor", "title": "Tutor"}

        response = committed(lambda: api_for(organizer).post(url(organization), wanted))

        body = response.json()
        row = MembershipInvitation.objects.get()
        assert response.status_code == 201
        assert body == {
            "uuid": str(row.uuid),
            "email": BOB,
            "role": "instructor",
            "title": "Tutor",
            "status": "open",
            "expires_at": body["expires_at"],
            "invited_by": {"uuid": str(organizer.uuid), "full_name": "Olga Organizer"},
            "created_at": body["created_at"],
        }
        assert (
            invitations.by_secret(mailed("organization_invitation", BOB), now=timezone.now()) == row
        )
        assert "Olga Organizer invites you to work for Provider Ltd" in outbox.outbox[-1].body
        assert AuditEntry.objects.filter(action="organization.member_invited").count() == 1

    @pytest.mark.parametrize(
        ("role", "expected"),
        [("admin", 201), ("organizer", 201), ("instructor", 201), ("staff", 201), ("owner", 400)],
    )
    def test_admins_invite_all_but_owners(self, api_for, organization, role, expected):
        admin = MembershipFactory(organization=organization, role="admin").user

        response = api_for(admin).post(url(organization), {"email": BOB, "role": role})

        assert response.status_code == expected
        assert MembershipInvitation.objects.count() == (expected == 201)

    @pytest.mark.parametrize("role", ["organizer", "instructor", "staff"])
    def test_others_do_not(self, api_for, organization, role):
        user = MembershipFactory(organization=organization, role=role).user

        response = api_for(user).post(url(organization), {"email": BOB, "role": "staff"})

        assert code(response) == (403, "PERMISSION_DENIED")
        assert api_for(user).get(url(organization)).status_code == 403
        assert not MembershipInvitation.objects.exists()

    def test_foreign_organizations_do_not_exist(self, api_for, organization, stranger, invitation):
        client = api_for(stranger)

        refused = [
            client.get(url(organization)),
            client.post(url(organization), {"email": BOB, "role": "staff"}),
            client.post(url(organization, invitation, "resend/")),
            client.delete(url(organization, invitation)),
        ]

        assert [each.status_code for each in refused] == [404] * 4

    def test_an_invitation_is_found_only_below_its_organization(self, api_for, organizer):
        mine = MembershipFactory(user=organizer, role="owner").organization
        theirs = MembershipInvitationFactory()

        assert api_for(organizer).delete(url(mine, theirs)).status_code == 404

    def test_wants_a_proven_address(self, api_for, organization):
        admin = UserFactory(unverified=True)
        MembershipFactory(organization=organization, user=admin, role="admin")

        response = api_for(admin).post(url(organization), {"email": BOB, "role": "staff"})

        assert code(response) == (403, "EMAIL_NOT_VERIFIED")

    def test_an_account_finds_a_notice_inside(self, api_for, organizer, organization, bob):
        api_for(organizer).post(url(organization), {"email": BOB, "role": "staff"})

        notice = bob.notices.get()
        assert (notice.notification_type, notice.title) == (
            "organization_invitation",
            "Provider Ltd invites you as Staff.",
        )

    def test_a_member_is_not_invited(self, api_for, organizer, organization, colleague):
        wanted = {"email": "COLLEAGUE@example.org", "role": "staff"}

        response = api_for(organizer).post(url(organization), wanted)

        assert code(response) == (409, "ALREADY_MEMBER")
        assert not MembershipInvitation.objects.exists()

    def test_who_left_may_be_invited(self, api_for, organizer, organization, bob):
        MembershipFactory(organization=organization, user=bob, ended=True)

        response = api_for(organizer).post(url(organization), {"email": BOB, "role": "staff"})

        assert response.status_code == 201

    @pytest.mark.parametrize("traits", [{}, {"expired": True}], ids=["open", "expired"])
    def test_the_same_address_renews(self, api_for, organizer, organization, traits):
        earlier = MembershipInvitationFactory(organization=organization, email=BOB, **traits)
        now = timezone.now()

        with time_machine.travel(now + timedelta(days=2), tick=False):
            response = api_for(organizer).post(url(organization), {"email": BOB, "role": "admin"})

        row = MembershipInvitation.objects.get()
        assert response.json()["uuid"] == str(earlier.uuid)
        assert (row.role, row.expires_at) == ("admin", now + timedelta(days=9))
        with pytest.raises(invitations.InvalidToken):
            invitations.by_secret(earlier.secret, now=now)

    @pytest.mark.parametrize("trait", ["accepted", "declined", "revoked"])
    def test_an_answered_one_is_followed_by_a_new_one(
        self, api_for, organizer, organization, trait
    ):
        MembershipInvitationFactory(organization=organization, email=BOB, **{trait: True})

        response = api_for(organizer).post(url(organization), {"email": BOB, "role": "staff"})

        assert (response.status_code, MembershipInvitation.objects.count()) == (201, 2)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("email", "nobody"), ("email", ""), ("role", "king"), ("title", "x" * 101)],
    )
    def test_bad_values_are_refused_on_their_field(
        self, api_for, organizer, organization, field, value
    ):
        wanted = {"email": BOB, "role": "staff", field: value}

        response = api_for(organizer).post(url(organization), wanted)

        assert list(response.json()["error"]["details"]) == [field]

    def test_is_bounded_by_the_hour(self, throttled, settings, api_for, organizer, organization):
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "bulk": "1/hour"}
        limit(organization, None)
        client = api_for(organizer)

        answers = [
            client.post(url(organization), {"email": f"p{n}@example.org", "role": "staff"})
            for n in range(2)
        ]

        assert [each.status_code for each in answers] == [201, 429]
        assert client.get(url(organization)).status_code == 200


class TestSeats:
    def test_an_open_invitation_takes_one(self, api_for, organizer, organization):
        limit(organization, 2)
        client = api_for(organizer)

        def ask(email):
            return client.post(url(organization), {"email": email, "role": "staff"})

        first = ask("one@example.org")
        refused = ask("two@example.org")
        client.delete(url(organization, MembershipInvitation.objects.get()))
        again = ask("two@example.org")

        assert (first.status_code, refused.status_code, again.status_code) == (201, 402, 201)
        assert refused.json()["error"] == {
            "code": "SEAT_LIMIT_REACHED",
            "message": "All seats of the organization are taken or promised.",
            "details": {"limit": 2, "used": 2},
        }

    def test_five_seats_three_members_two_invitations(self, api_for, organizer, organization):
        MembershipFactory.create_batch(2, organization=organization)
        MembershipFactory(organization=organization, ended=True)
        pair = MembershipInvitationFactory.create_batch(2, organization=organization)
        for trait in ("accepted", "declined", "revoked", "expired"):
            MembershipInvitationFactory(organization=organization, **{trait: True})
        client = api_for(organizer)
        wanted = {"email": BOB, "role": "staff"}

        full = client.post(url(organization), wanted)
        MembershipInvitation.objects.filter(pk=pair[0].pk).update(expires_at=timezone.now())
        room = client.post(url(organization), wanted)

        assert (full.status_code, room.status_code) == (402, 201)

    @pytest.mark.parametrize(("trait", "expected"), [({}, 201), ({"expired": True}, 402)])
    def test_renewing_costs_only_where_time_had_freed_the_seat(
        self, api_for, organizer, organization, trait, expected
    ):
        limit(organization, 1 if trait else 2)
        MembershipInvitationFactory(organization=organization, email=BOB, **trait)

        response = api_for(organizer).post(url(organization), {"email": BOB, "role": "staff"})

        assert response.status_code == expected

    def test_without_a_limit_there_is_always_room(self, api_for, organizer, organization):
        limit(organization, None)
        MembershipInvitationFactory.create_batch(9, organization=organization)

        response = api_for(organizer).post(url(organization), {"email": BOB, "role": "staff"})

        assert response.status_code == 201

    def test_lowering_the_limit_removes_nobody_and_stops_accepting(
        self, api_for, organization, colleague, bob, invitation
    ):
        limit(organization, 2)

        response = api_for(bob).post(ACCEPT, {"token": invitation.secret})

        assert code(response) == (402, "SEAT_LIMIT_REACHED")
        assert response.json()["error"]["details"] == {"limit": 2, "used": 2}
        invitation.refresh_from_db()
        assert (invitation.accepted_at, organization.memberships.count()) == (None, 2)

    @pytest.mark.parametrize("count", [1, 3])
    def test_are_counted_in_the_list(self, api_for, organizer, count, django_assert_num_queries):
        for _ in range(count):
            row = MembershipFactory(user=organizer, role="owner").organization
            MembershipFactory(organization=row)
            MembershipInvitationFactory.create_batch(3, organization=row)
            MembershipInvitationFactory(organization=row, expired=True)
            MembershipInvitationFactory(organization=row, declined=True)
        client = api_for(organizer)

        with django_assert_num_queries(3):
            body = client.get(ROOT).json()

        facts = {(row["members_count"], row["seats_used"]) for row in body["results"]}
        assert (body["count"], facts) == (count, {(2, 5)})


class TestKeeping:
    @pytest.mark.parametrize("count", [1, 3])
    def test_lists_them(self, api_for, organizer, organization, count, django_assert_num_queries):
        MembershipInvitationFactory.create_batch(
            count, organization=organization, invited_by=organizer
        )
        MembershipInvitationFactory()
        client = api_for(organizer)

        with django_assert_num_queries(4):
            body = client.get(url(organization)).json()

        assert body["count"] == count

    @pytest.mark.parametrize("status", ["open", "expired", "accepted", "declined", "revoked"])
    def test_narrows_by_status(self, api_for, organizer, organization, status):
        for trait in (
            {},
            *({each: True} for each in ("expired", "accepted", "declined", "revoked")),
        ):
            MembershipInvitationFactory(organization=organization, **trait)

        body = api_for(organizer).get(f"{url(organization)}?status={status}").json()

        assert [row["status"] for row in body["results"]] == [status]

    def test_an_unknown_status_is_refused(self, api_for, organizer, organization):
        response = api_for(organizer).get(f"{url(organization)}?status=lost")

        assert (response.status_code, list(response.json()["error"]["details"])) == (
            400,
            ["status"],
        )

    @pytest.mark.parametrize(
        ("trait", "resent", "revoked"),
        [
            ({}, 200, 204),
            ({"expired": True}, 200, 204),
            ({"accepted": True}, 409, 409),
            ({"declined": True}, 409, 409),
            ({"revoked": True}, 409, 409),
        ],
        ids=["open", "expired", "accepted", "declined", "revoked"],
    )
    def test_only_unanswered_ones_are_sent_again_or_taken_back(
        self, api_for, organizer, organization, trait, resent, revoked
    ):
        row = MembershipInvitationFactory(organization=organization, **trait)
        client = api_for(organizer)

        answers = [
            client.post(url(organization, row, "resend/")),
            client.delete(url(organization, row)),
        ]

        assert [each.status_code for each in answers] == [resent, revoked]
        assert OutgoingEmail.objects.count() == (resent == 200)
        if resent == 409:
            assert {code(each) for each in answers} == {(409, "INVITATION_CLOSED")}

    def test_sending_again_voids_the_old_secret(self, organizer, organization, invitation):
        invitations.resend(invitation, by=organizer)

        with pytest.raises(invitations.InvalidToken):
            invitations.by_secret(invitation.secret, now=timezone.now())

    def test_sending_again_needs_a_seat(self, api_for, organizer, organization):
        limit(organization, 1)
        row = MembershipInvitationFactory(organization=organization, expired=True)

        response = api_for(organizer).post(url(organization, row, "resend/"))

        assert code(response) == (402, "SEAT_LIMIT_REACHED")


class TestPreview:
    def test_shows_what_it_is_about(self, anonymous, organization, invitation):
        response = anonymous.post(PREVIEW, {"token": invitation.secret})

        assert response.json() == {
            "organization": {"name": "Provider Ltd", "logo_url": ""},
            "role": "instructor",
            "invited_by": {"full_name": "Olga Organizer"},
            "email": "b***@example.org",
            "expires_at": response.json()["expires_at"],
        }

    def test_the_inviter_may_be_gone(self, anonymous, invitation):
        MembershipInvitation.objects.update(invited_by=None)

        response = anonymous.post(PREVIEW, {"token": invitation.secret})

        assert response.json()["invited_by"] is None

    @pytest.mark.parametrize(
        ("trait", "expected"),
        [
            ({"expired": True}, "TOKEN_EXPIRED"),
            ({"accepted": True}, "INVALID_TOKEN"),
            ({"declined": True}, "INVALID_TOKEN"),
            ({"revoked": True}, "INVALID_TOKEN"),
            ({"organization__is_active": False}, "INVALID_TOKEN"),
            ({"organization__deleted_at": "2026-01-01T00:00:00Z"}, "INVALID_TOKEN"),
        ],
    )
    def test_and_accepting_refuse_what_is_over(self, anonymous, api_for, bob, trait, expected):
        row = MembershipInvitationFactory(email=BOB, **trait)

        answers = [
            anonymous.post(PREVIEW, {"token": row.secret}),
            api_for(bob).post(ACCEPT, {"token": row.secret}),
        ]

        assert [code(each) for each in answers] == [(400, expected)] * 2
        assert not Membership.objects.exists()

    def test_an_unknown_secret(self, anonymous):
        assert code(anonymous.post(PREVIEW, {"token": "x"})) == (400, "INVALID_TOKEN")


class TestAccepting:
    def test_makes_a_member(self, api_for, organization, bob, invitation, organizer):
        heard = []

        def hear(membership, **_):
            heard.append((membership.user.email, membership.role))

        membership_changed.connect(hear)
        client = api_for(bob)

        response = client.post(ACCEPT, {"token": invitation.secret})

        membership_changed.disconnect(hear)
        row = Membership.objects.get(user=bob)
        assert (response.status_code, response.json()) == (
            200,
            {
                "uuid": str(row.uuid),
                "organization": {
                    "uuid": str(organization.uuid),
                    "name": "Provider Ltd",
                    "slug": "provider",
                    "logo_url": "",
                },
                "user": {"uuid": str(bob.uuid), "full_name": "Bob Invited", "email": BOB},
                "role": "instructor",
                "title": "Tutor",
                "created_at": response.json()["created_at"],
            },
        )
        assert (row.invited_by, heard) == (organizer, [(BOB, "instructor")])
        invitation.refresh_from_db()
        assert (invitation.status, invitation.accepted_by) == ("accepted", bob)
        assert client.get(f"{ROOT}{organization.uuid}/").json()["role"] == "instructor"

    def test_works_once(self, api_for, bob, invitation):
        client = api_for(bob)

        answers = [client.post(ACCEPT, {"token": invitation.secret}) for _ in range(2)]

        assert answers[0].status_code == 200
        assert code(answers[1]) == (400, "INVALID_TOKEN")

    def test_is_for_one_verified_address(self, api_for, invitation):
        carol = UserFactory(email="carol@example.org")
        unproven = UserFactory(email=BOB, unverified=True)

        answers = [
            api_for(user).post(ACCEPT, {"token": invitation.secret}) for user in (carol, unproven)
        ]

        assert [code(each) for each in answers] == [
            (403, "INVITATION_NOT_FOR_YOU"),
            (403, "EMAIL_NOT_VERIFIED"),
        ]
        invitation.refresh_from_db()
        assert (invitation.status, Membership.objects.filter(user=carol).exists()) == (
            "open",
            False,
        )

    def test_needs_a_sign_in(self, anonymous, invitation):
        response = anonymous.post(ACCEPT, {"token": invitation.secret})

        assert code(response) == (401, "NOT_AUTHENTICATED")

    def test_a_member_by_another_way_stays_as_they_are(self, api_for, organization, colleague):
        row = MembershipInvitationFactory(organization=organization, email=colleague.email)

        response = api_for(colleague).post(ACCEPT, {"token": row.secret})

        assert code(response) == (409, "ALREADY_MEMBER")
        row.refresh_from_db()
        assert row.status == "open"

    def test_nothing_is_half_done(self, monkeypatch, bob, invitation):
        def fail(*_args, **_kwargs):
            raise RuntimeError

        monkeypatch.setattr(invitations.members.audit, "record", fail)
        with pytest.raises(RuntimeError):
            invitations.accept(invitation, by=bob)

        invitation.refresh_from_db()
        assert (invitation.status, Membership.objects.filter(user=bob).exists()) == ("open", False)

    def test_somebody_without_an_account_signs_up_and_accepts(
        self, anonymous, api_for, organizer, organization, committed, mailed
    ):
        committed(
            lambda: api_for(organizer).post(url(organization), {"email": BOB, "role": "staff"})
        )
        secret = mailed("organization_invitation", BOB)
        words = {"password": PASSWORD, "password_confirm": PASSWORD, "full_name": "Bob Invited"}
        committed(lambda: anonymous.post("/api/v1/auth/signup/", {"email": BOB, **words}))
        signed_up = Membership._meta.get_field("user").related_model.objects.get(email=BOB)
        early = api_for(signed_up).post(ACCEPT, {"token": secret})
        anonymous.post("/api/v1/auth/verify-email/", {"token": mailed("verification", BOB)})

        late = api_for(signed_up).post(ACCEPT, {"token": secret})

        assert (code(early), late.status_code) == ((403, "EMAIL_NOT_VERIFIED"), 200)


class TestMine:
    @pytest.mark.parametrize("count", [1, 3])
    def test_lists_the_open_ones(self, api_for, bob, count, django_assert_num_queries):
        for _ in range(count):
            MembershipInvitationFactory(email=BOB)
        for trait in ("expired", "accepted", "declined", "revoked"):
            MembershipInvitationFactory(email=BOB, **{trait: True})
        MembershipInvitationFactory(email=BOB, organization__is_active=False)
        MembershipInvitationFactory()
        client = api_for(bob)

        with django_assert_num_queries(3):
            body = client.get(MINE).json()

        assert body["count"] == count
        assert set(body["results"][0]) == {
            "uuid",
            "organization",
            "role",
            "title",
            "invited_by",
            "expires_at",
        }

    def test_an_unproven_address_has_none(self, api_for, invitation):
        unproven = UserFactory(email=BOB, unverified=True)
        client = api_for(unproven)

        assert client.get(MINE).json()["count"] == 0
        assert code(client.post(f"{MINE}{invitation.uuid}/accept/")) == (403, "EMAIL_NOT_VERIFIED")

    def test_accepts(self, api_for, organization, bob, invitation):
        response = api_for(bob).post(f"{MINE}{invitation.uuid}/accept/")

        assert (response.status_code, response.json()["role"]) == (200, "instructor")
        assert organization.memberships.get(user=bob).title == "Tutor"

    def test_declines(self, api_for, organization, bob, invitation):
        limit(organization, 2)

        response = api_for(bob).post(f"{MINE}{invitation.uuid}/decline/")

        invitation.refresh_from_db()
        assert (response.status_code, invitation.status) == (204, "declined")
        assert not organization.memberships.filter(user=bob).exists()

    @pytest.mark.parametrize("verb", ["accept", "decline"])
    @pytest.mark.parametrize("trait", ["expired", "accepted", "declined", "revoked"])
    def test_what_is_closed_stays_closed(self, api_for, bob, verb, trait):
        row = MembershipInvitationFactory(email=BOB, **{trait: True})

        response = api_for(bob).post(f"{MINE}{row.uuid}/{verb}/")

        assert code(response) == (409, "INVITATION_CLOSED")

    @pytest.mark.parametrize("verb", ["accept", "decline"])
    def test_anothers_is_not_found(self, api_for, stranger, invitation, verb):
        response = api_for(stranger).post(f"{MINE}{invitation.uuid}/{verb}/")

        assert response.status_code == 404

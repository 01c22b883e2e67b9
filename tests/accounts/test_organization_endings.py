"""Organizations end, come back, are judged by the platform, shown to everybody, and audited."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from accounts import blockers, organizations, roles
from accounts.models import ApiToken, Organization, WebhookDelivery, WebhookEndpoint
from common import audit
from common.models import AuditEntry
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.events import EventFactory
from tests.factories.invitations import MembershipInvitationFactory

ROOT = "/api/v1/organizations/"
PUBLIC = "/api/v1/public/organizations/"
STAFF = "/api/v1/staff/organizations/"
MY_LOG = "/api/v1/users/me/audit-log/"
pytestmark = pytest.mark.django_db


def url(organization, verb=""):
    return f"{ROOT}{organization.uuid}/{verb}"


def log(organization):
    return url(organization, "audit-log/")


def code(response):
    return response.status_code, response.json()["error"]["code"]


def programs_of(organization, user):
    """A key, an endpoint and a message that waits to be sent to it."""
    token = ApiToken.objects.create(
        user=user,
        organization=organization,
        name="Key",
        prefix=uuid4().hex[:8],
        digest="0" * 64,
        expires_at=timezone.now() + timedelta(days=9),
    )
    endpoint = WebhookEndpoint.objects.create(
        user=user, organization=organization, url="https://example.org/hook", secret="s"
    )
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        message_id="msg_1",
        type="ping",
        payload="{}",
        next_attempt_at=timezone.now(),
    )
    return token, endpoint, delivery


class TestDeleting:
    def test_hides_it_and_keeps_its_people(self, api_for, organizer, organization, colleague):
        client, theirs = api_for(organizer), api_for(colleague)

        response = client.delete(url(organization))

        assert (response.status_code, response.content) == (204, b"")
        assert [each.get(url(organization)).status_code for each in (client, theirs)] == [404, 404]
        assert client.get(ROOT).json()["count"] == 0
        assert organization.memberships.filter(ended_at=None).count() == 2
        entry = AuditEntry.objects.get(action="organization.deleted")
        assert entry.organization_uuid == organization.uuid

    def test_stops_its_programs_and_no_others(self, organizer, organization):
        other = MembershipFactory(user=organizer, role="owner").organization
        rows = programs_of(organization, organizer)
        kept = programs_of(other, organizer)

        organizations.delete(organization, by=organizer)

        for row in (*rows, *kept):
            row.refresh_from_db()
        token, endpoint, delivery = rows
        assert token.revoked_at is not None
        assert (endpoint.is_active, endpoint.disabled_reason) == (False, "owner")
        assert (delivery.status, delivery.next_attempt_at) == ("cancelled", None)
        assert (kept[0].revoked_at, kept[1].is_active, kept[2].status) == (None, True, "pending")

    @pytest.mark.parametrize("role", ["admin", "organizer", "instructor", "staff"])
    def test_is_the_owners(self, api_for, organization, role):
        user = MembershipFactory(organization=organization, role=role).user

        assert code(api_for(user).delete(url(organization))) == (403, "PERMISSION_DENIED")
        assert Organization.objects.filter(pk=organization.pk).exists()

    def test_by_a_stranger_finds_nothing(self, api_for, organization, stranger):
        assert api_for(stranger).delete(url(organization)).status_code == 404

    def test_waits_for_published_events(self, api_for, organizer, organization):
        EventFactory(published=True, organization=organization, owner=organizer)
        rows = programs_of(organization, organizer)

        response = api_for(organizer).delete(url(organization))

        assert code(response) == (409, "ACTIVE_CONTENT")
        (blocker,) = response.json()["error"]["details"]["blockers"]
        assert (blocker["code"], blocker["count"]) == ("EVENTS_ACTIVE", 1)
        rows[0].refresh_from_db()
        assert (rows[0].revoked_at, Organization.objects.filter(pk=organization.pk).count()) == (
            None,
            1,
        )

    @pytest.mark.parametrize("trait", ["cancelled", "completed"])
    def test_does_not_wait_for_what_is_over(self, api_for, organizer, organization, trait):
        EventFactory(**{trait: True}, organization=organization, owner=organizer)

        assert api_for(organizer).delete(url(organization)).status_code == 204

    def test_lists_every_blocker(self, monkeypatch, api_for, organizer, organization):
        def ask(*, user=None, organization=None):
            return blockers.Blocker("MONEY_UNSETTLED", "A payout is open.", 2)

        monkeypatch.setitem(blockers._questions, "money", ask)

        response = api_for(organizer).delete(url(organization))

        assert response.json()["error"]["details"]["blockers"] == [
            {"code": "MONEY_UNSETTLED", "message": "A payout is open.", "count": 2}
        ]

    def test_leaves_nothing_half_done(self, monkeypatch, organizer, organization):
        token, *_ = programs_of(organization, organizer)

        def fail(*_args, **_kwargs):
            raise RuntimeError

        monkeypatch.setattr(organizations.audit, "record", fail)
        with pytest.raises(RuntimeError):
            organizations.delete(organization, by=organizer)

        token.refresh_from_db()
        assert token.revoked_at is None
        assert Organization.objects.filter(pk=organization.pk).exists()

    def test_invitations_into_it_lead_nowhere(self, api_for, organizer, organization):
        row = MembershipInvitationFactory(organization=organization)
        organizations.delete(organization, by=organizer)
        invited = api_for(UserFactory(email=row.email))

        assert invited.get("/api/v1/users/me/organization-invitations/").json()["count"] == 0
        response = invited.post("/api/v1/organization-invitations/accept/", {"token": row.secret})
        assert code(response) == (400, "INVALID_TOKEN")

    def test_twice_is_once(self, organizer, organization):
        for _ in range(2):
            organizations.delete(organization, by=organizer)

        assert AuditEntry.objects.filter(action="organization.deleted").count() == 1


class TestRestoring:
    def deleted(self, organization, by):
        organizations.delete(organization, by=by)
        return organization

    def test_by_the_owner_brings_it_back(self, api_for, organizer, organization, colleague):
        token, endpoint, _ = programs_of(organization, organizer)
        self.deleted(organization, organizer)

        response = api_for(organizer).post(url(organization, "restore/"))

        assert (response.status_code, response.json()["role"]) == (200, "owner")
        assert api_for(colleague).get(url(organization)).status_code == 200
        token.refresh_from_db()
        endpoint.refresh_from_db()
        assert (token.revoked_at is None, endpoint.is_active) == (False, False)
        assert AuditEntry.objects.filter(action="organization.restored").count() == 1

    @pytest.mark.parametrize(("days", "expected"), [(29, 200), (31, 404)])
    def test_within_thirty_days(self, api_for, organizer, organization, days, expected):
        self.deleted(organization, organizer)

        with time_machine.travel(timezone.now() + timedelta(days=days)):
            response = api_for(organizer).post(url(organization, "restore/"))

        assert response.status_code == expected

    @pytest.mark.parametrize("role", ["admin", "organizer", "instructor", "staff"])
    def test_is_the_owners(self, api_for, organizer, organization, role):
        client = api_for(MembershipFactory(organization=organization, role=role).user)
        live = client.post(url(organization, "restore/")).status_code
        self.deleted(organization, organizer)

        gone = client.post(url(organization, "restore/")).status_code

        assert (live, gone) == (403, 404)

    def test_what_is_not_deleted_stays_as_it_is(self, api_for, organizer, organization):
        response = api_for(organizer).post(url(organization, "restore/"))

        assert (response.status_code, response.json()["name"]) == (200, "Provider Ltd")
        assert not AuditEntry.objects.filter(action="organization.restored").exists()

    def test_strangers_and_former_owners_find_nothing(
        self, api_for, organizer, organization, stranger
    ):
        former = MembershipFactory(organization=organization, role="owner", ended=True).user
        self.deleted(organization, organizer)

        statuses = [
            api_for(user).post(url(organization, "restore/")).status_code
            for user in (stranger, former)
        ]

        assert statuses == [404, 404]

    def test_not_while_the_platform_has_closed_it(self, api_for, organizer, organization):
        self.deleted(organization, organizer)
        Organization.all_objects.update(is_active=False)

        assert api_for(organizer).post(url(organization, "restore/")).status_code == 404

    def test_the_owner_finds_it_in_the_list(self, api_for, organizer, organization, colleague):
        self.deleted(organization, organizer)

        seen = [
            api_for(user).get(f"{ROOT}?include_deleted=true").json()["results"]
            for user in (organizer, colleague)
        ]

        assert [[(row["name"], row["is_deleted"]) for row in rows] for rows in seen] == [
            [("Provider Ltd", True)],
            [],
        ]


class TestPublicPages:
    @pytest.fixture
    def shown(self):
        return OrganizationFactory(name="Open Ltd", slug="open", is_public=True, tax_number="T1")

    def test_shows_what_is_for_everybody(self, anonymous, shown):
        response = anonymous.get(f"{PUBLIC}open/")

        assert response.json() == {
            "uuid": str(shown.uuid),
            "name": "Open Ltd",
            "slug": "open",
            "description": "",
            "website": "",
            "logo_url": "",
            "primary_color": "#0066CC",
            "secondary_color": "#004499",
            "is_verified": False,
        }
        assert response["Cache-Control"] == "public, max-age=60"

    @pytest.mark.parametrize("count", [1, 3])
    def test_lists(self, anonymous, count, django_assert_num_queries):
        OrganizationFactory.create_batch(count, is_public=True)
        OrganizationFactory()

        with django_assert_num_queries(2):
            response = anonymous.get(PUBLIC)

        assert (response.json()["count"], response["Cache-Control"]) == (
            count,
            "public, max-age=60",
        )

    def test_searches(self, anonymous, shown):
        OrganizationFactory(is_public=True)

        body = anonymous.get(f"{PUBLIC}?search=open").json()

        assert [row["slug"] for row in body["results"]] == ["open"]

    @pytest.mark.parametrize(
        "hidden",
        [{"is_public": False}, {"is_active": False}, {"deleted_at": "2026-01-01T00:00:00Z"}],
        ids=["private", "inactive", "deleted"],
    )
    def test_hides_the_others(self, anonymous, organizer, api_for, hidden):
        row = OrganizationFactory(**{"slug": "hidden", "is_public": True, **hidden})
        MembershipFactory(organization=row, user=organizer, role="owner")

        for client in (anonymous, api_for(organizer)):
            assert client.get(f"{PUBLIC}hidden/").status_code == 404
            assert client.get(PUBLIC).json()["count"] == 0


class TestJudging:
    @pytest.mark.parametrize("count", [1, 3])
    def test_staff_list_all(self, api_for, staff_member, count, django_assert_num_queries):
        for _ in range(count):
            MembershipFactory(role="owner", organization__is_active=False)
        client = api_for(staff_member)

        # session, count, page, owners; then the entry about the look
        with django_assert_num_queries(5):
            body = client.get(STAFF).json()

        row = body["results"][0]
        assert (body["count"], row["members_count"], row["is_active"]) == (count, 1, False)
        assert set(row["owner"]) == {"uuid", "full_name", "email"}

    def test_an_organization_without_an_owner_is_listed(self, api_for, staff_member):
        OrganizationFactory()

        assert api_for(staff_member).get(STAFF).json()["results"][0]["owner"] is None

    @pytest.mark.parametrize("query", ["is_verified=true", "search=chosen"])
    def test_staff_narrow(self, api_for, staff_member, query):
        OrganizationFactory(slug="chosen", is_verified=True)
        OrganizationFactory()

        body = api_for(staff_member).get(f"{STAFF}?{query}").json()

        assert [row["slug"] for row in body["results"]] == ["chosen"]

    def test_staff_deactivate_with_a_reason(self, api_for, staff_member, organization, organizer):
        path = f"{STAFF}{organization.uuid}/"

        response = api_for(staff_member).patch(
            path, {"is_active": False, "is_verified": True, "reason": "Fraud"}
        )

        body = response.json()
        assert (response.status_code, body["is_active"], body["is_verified"]) == (200, False, True)
        entry = AuditEntry.objects.get(action="organization.judged")
        assert (entry.actor_type, entry.actor_uuid, entry.organization_uuid) == (
            "staff",
            staff_member.uuid,
            organization.uuid,
        )
        assert (entry.payload["reason"], entry.payload["is_active"]) == ("Fraud", False)
        assert api_for(organizer).get(url(organization)).status_code == 404

    def test_staff_take_it_back(self, api_for, staff_member, organization, organizer):
        Organization.objects.update(is_active=False)
        path = f"{STAFF}{organization.uuid}/"

        response = api_for(staff_member).patch(path, {"is_active": True, "reason": "Mistake"})

        assert (response.status_code, response.json()["is_verified"]) == (200, False)
        assert api_for(organizer).get(url(organization)).status_code == 200

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"is_active": False}, "reason"),
            ({"is_active": False, "reason": " "}, "reason"),
            ({"reason": "Nothing"}, "non_field_errors"),
            ({"is_active": "perhaps", "reason": "x"}, "is_active"),
        ],
    )
    def test_bad_verdicts_are_refused(self, api_for, staff_member, organization, body, field):
        response = api_for(staff_member).patch(f"{STAFF}{organization.uuid}/", body)

        assert (response.status_code, list(response.json()["error"]["details"])) == (400, [field])

    def test_others_do_not_judge(self, api_for, anonymous, organizer, organization):
        path = f"{STAFF}{organization.uuid}/"
        wanted = {"is_verified": True, "reason": "Please"}

        assert api_for(organizer).patch(path, wanted).status_code == 403
        assert api_for(organizer).get(STAFF).status_code == 403
        assert anonymous.get(STAFF).status_code == 401


class TestAuditLogs:
    @pytest.mark.parametrize("count", [1, 3])
    def test_heads_read_the_organizations(
        self, api_for, organizer, organization, count, django_assert_num_queries
    ):
        for _ in range(count):
            audit.record("organization.changed", by=organizer, organization=organization)
        audit.record("organization.changed", by=organizer, organization=OrganizationFactory())
        client = api_for(organizer)

        with django_assert_num_queries(3):
            body = client.get(log(organization)).json()

        assert set(body) == {"next", "previous", "results"}
        assert [row["action"] for row in body["results"]] == ["organization.changed"] * count

    @pytest.mark.parametrize(
        ("who", "expected"),
        [
            ("owner", 200),
            ("admin", 200),
            ("organizer", 403),
            ("instructor", 403),
            ("staff", 403),
            ("stranger", 404),
            ("platform staff", 200),
        ],
    )
    def test_who_reads_it(
        self, api_for, organizer, organization, stranger, staff_member, who, expected
    ):
        people = {"owner": organizer, "stranger": stranger, "platform staff": staff_member}
        user = people.get(who) or MembershipFactory(organization=organization, role=who).user

        assert api_for(user).get(log(organization)).status_code == expected

    def test_tells_what_was_done_not_from_where(self, api_for, organizer, organization):
        client = api_for(organizer)
        client.patch(url(organization), {"name": "New"}, headers={"User-Agent": "Browser"})

        shared = client.get(log(organization)).json()["results"][0]
        own = client.get(MY_LOG).json()["results"][0]

        assert shared["payload"] == {"fields": ["name"]}
        assert (own["payload"]["fields"], own["payload"]["user_agent"]) == (["name"], "Browser")
        assert (shared["actor_uuid"], shared["actor_type"]) == (str(organizer.uuid), "user")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("action=member.left", ["member.left"]),
            ("actor={colleague}", ["member.left"]),
            ("from_date=2026-01-02", ["member.joined"]),
            ("to_date=2026-01-01", ["member.left"]),
        ],
    )
    def test_can_be_narrowed(self, api_for, organizer, organization, colleague, query, expected):
        with time_machine.travel("2026-01-01T12:00:00Z"):
            audit.record("member.left", by=colleague, organization=organization)
        with time_machine.travel("2026-01-02T12:00:00Z"):
            audit.record("member.joined", by=organizer, organization=organization)
        asked = query.format(colleague=colleague.uuid)

        body = api_for(organizer).get(f"{log(organization)}?{asked}").json()

        assert [row["action"] for row in body["results"]] == expected

    def test_everybody_reads_their_own(self, api_for, organizer, colleague, organization):
        audit.record("one.own", by=colleague)
        audit.record("another.s", by=organizer, organization=organization)

        body = api_for(colleague).get(MY_LOG).json()

        assert [row["action"] for row in body["results"]] == ["session.opened", "one.own"]

    def test_pages_by_cursor(self, api_for, organizer, organization):
        for number in range(3):
            audit.record(f"step.{number}", organization=organization)
        client = api_for(organizer)

        first = client.get(f"{log(organization)}?page_size=2").json()
        second = client.get(first["next"]).json()

        actions = [row["action"] for row in first["results"] + second["results"]]
        assert (actions, second["next"]) == (["step.2", "step.1", "step.0"], None)


def test_a_deleted_organization_gives_no_capability(organizer, organization):
    before = roles.reach(organizer).organizations
    organizations.delete(organization, by=organizer)

    assert (set(before), roles.reach(organizer).organizations) == ({organization.pk}, {})

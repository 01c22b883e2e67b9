import pytest

from certificates import templates
from certificates.models import CertificateTemplate
from events import questions
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.certificates import CertificateFactory, CertificateTemplateFactory
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/templates/"


def names(rows):
    return {row["name"] for row in rows}


def test_without_any_template_classic_is_used(event):
    assert templates.applicable(event).chain == templates.CLASSIC


def test_the_owners_default_comes_before_classic(event, organizer):
    own = CertificateTemplateFactory(owner=organizer, is_default=True)

    assert templates.applicable(event) == own


def test_the_organizations_default_comes_before_the_owners(organizer, organization):
    event = EventFactory(owner=organizer, organization=organization)
    CertificateTemplateFactory(owner=organizer, is_default=True)
    shared = CertificateTemplateFactory(
        owner=organizer, organization=organization, is_shared=True, is_default=True
    )

    assert templates.applicable(event) == shared


def test_an_organization_without_default_takes_the_owners(organizer, organization):
    event = EventFactory(owner=organizer, organization=organization)
    own = CertificateTemplateFactory(owner=organizer, is_default=True)

    assert templates.applicable(event) == own


def test_the_events_template_comes_before_every_default(event, organizer):
    CertificateTemplateFactory(owner=organizer, is_default=True)
    chosen = CertificateTemplateFactory(owner=organizer)
    event.certificate_template = chosen.uuid

    assert templates.applicable(event) == chosen


def test_a_template_deactivated_since_hinders_nothing(event, organizer):
    chosen = CertificateTemplateFactory(owner=organizer, is_active=False)
    event.certificate_template = chosen.uuid

    assert templates.applicable(event).chain == templates.CLASSIC


def test_an_event_may_name_only_what_it_may_use(event, organizer):
    ask = questions.check_reference["certificate_template"]

    assert ask(CertificateTemplateFactory(owner=organizer).uuid, event) is None
    for unusable in (
        CertificateTemplateFactory(),
        CertificateTemplateFactory(owner=organizer, is_active=False),
    ):
        with pytest.raises(questions.UnknownReference):
            ask(unusable.uuid, event)


def test_an_event_of_an_organization_may_use_what_is_shared_there(organizer, organization):
    event = EventFactory(owner=organizer, organization=organization)
    shared = CertificateTemplateFactory(organization=organization, is_shared=True)
    hidden = CertificateTemplateFactory(organization=organization)

    assert templates.named(event, shared.uuid) == shared
    assert templates.named(event, hidden.uuid) is None


def test_everybody_chooses_from_built_in_own_and_shared_designs(
    api_for, organizer, organization, colleague
):
    CertificateTemplateFactory(owner=organizer, name="Private")
    shared = CertificateTemplateFactory(
        owner=organizer, organization=organization, is_shared=True, name="Shared"
    )
    CertificateTemplateFactory(
        owner=organizer,
        organization=organization,
        name="Old",
        chain=shared.chain,
        version=2,
        is_latest_version=False,
    )

    mine = api_for(organizer).get(URL).json()["results"]
    theirs = api_for(colleague).get(URL).json()["results"]

    assert names(mine) == {"Classic", "Classic portrait", "Private", "Shared"}
    assert names(theirs) == {"Classic", "Classic portrait", "Shared"}


def test_staff_and_strangers_do_not_see_shared_designs(api_for, organizer, organization, stranger):
    template = CertificateTemplateFactory(
        owner=organizer, organization=organization, is_shared=True
    )
    staff = UserFactory()
    MembershipFactory(organization=organization, user=staff, role="staff")

    answers = [api_for(user).get(f"{URL}{template.uuid}/") for user in (staff, stranger)]

    assert {answer.status_code for answer in answers} == {404}


def test_a_design_tells_how_often_it_was_used(api_for, organizer):
    classic = CertificateTemplate.objects.get(chain=templates.CLASSIC)
    CertificateFactory()

    row = api_for(organizer).get(f"{URL}{classic.uuid}/").json()

    assert (row["certificate_count"], row["version"], row["original_template"]) == (1, 1, None)
    assert (row["orientation"], row["is_builtin"]) == ("landscape", True)
    assert row["field_positions"]["attendee_name"]["font_size"] == 40


def test_a_later_version_names_the_first(api_for, organizer):
    first = CertificateTemplateFactory(owner=organizer, is_latest_version=False)
    later = CertificateTemplateFactory(owner=organizer, chain=first.chain, version=2)

    row = api_for(organizer).get(f"{URL}{later.uuid}/").json()

    assert row["original_template"] == str(first.uuid)
    assert str(later) == f"{later.name}, version 2"


@pytest.mark.parametrize("count", [1, 3])
def test_template_list_query_count(api_for, organizer, count, django_assert_num_queries):
    CertificateTemplateFactory.create_batch(count, owner=organizer)
    api = api_for(organizer)

    with django_assert_num_queries(3):
        response = api.get(URL)

    assert response.json()["count"] == count + 2


def test_designs_are_managed_by_owner_and_heads(organizer, organization, colleague, stranger):
    own = CertificateTemplateFactory(owner=organizer)
    shared = CertificateTemplateFactory(owner=colleague, organization=organization, is_shared=True)
    rows = CertificateTemplate.objects

    assert set(rows.managed_by(organizer)) == {own, shared}
    assert set(rows.managed_by(colleague)) == {shared}
    assert set(rows.managed_by(stranger)) == set()

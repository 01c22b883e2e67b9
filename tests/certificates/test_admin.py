import pytest
from django.contrib.admin.sites import site
from django.contrib.messages.storage.cookie import CookieStorage
from django.urls import reverse

from certificates.models import Certificate
from tests.factories.accounts import UserFactory
from tests.factories.certificates import CertificateFactory, attended

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_staff(rf):
    request = rf.post("/admin/")
    request.user = UserFactory(superuser=True)
    request._messages = CookieStorage(request)
    return request


def test_failed_files_are_made_again_by_the_same_verb(request_of_staff, event):
    failed = CertificateFactory(registration=attended(event=event), pdf_status="failed")
    ready = CertificateFactory(registration=attended(event=event), ready=True)
    admin = site._registry[Certificate]

    admin.rebuild(request_of_staff, Certificate.objects.all())

    failed.refresh_from_db()
    ready.refresh_from_db()
    assert (failed.pdf_status, ready.pdf_status) == ("pending", "ready")
    assert failed.history.get(action="rebuilt").actor == request_of_staff.user


def test_certificates_are_looked_at_but_not_edited(request_of_staff):
    admin = site._registry[Certificate]

    assert not admin.has_change_permission(request_of_staff)
    assert not admin.has_delete_permission(request_of_staff)
    assert reverse("admin:certificates_certificate_changelist")

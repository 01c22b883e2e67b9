"""The stock admin: audited changes, read-only ledgers, hidden secrets, retries."""

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from common.admin import AuditedAdmin, LedgerAdmin
from common.models import AuditEntry, OutboxTask, OutgoingEmail, PeriodicRun, StoredFile
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser():
    return UserFactory(superuser=True, email="root@example.org")


@pytest.fixture
def browser(superuser):
    """A browser signed in as a superuser."""
    client = Client()
    client.force_login(superuser)
    return client


@pytest.fixture
def task():
    return OutboxTask.objects.create(
        name="common.sweep_outbox", status="failed", attempts=8, finished_at=timezone.now()
    )


LEDGERS = [
    model
    for model, model_admin in admin.site._registry.items()
    if isinstance(model_admin, LedgerAdmin)
]


@pytest.mark.parametrize("model", LEDGERS, ids=lambda model: model.__name__)
def test_ledgers_are_neither_added_to_nor_deleted_from(browser, model):
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"

    assert browser.get(base).status_code == 200
    assert browser.get(f"{base}add/").status_code == 403


def test_a_row_of_a_ledger_cannot_be_edited_or_deleted(browser, task):
    base = f"/admin/common/outboxtask/{task.pk}/"

    changed = browser.post(f"{base}change/", {"name": "other"})
    deleted = browser.post(f"{base}delete/", {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (403, 403)
    task.refresh_from_db()
    assert task.name == "common.sweep_outbox"


def test_a_message_is_listed_without_its_text(browser):
    message = OutgoingEmail.objects.create(
        kind="x",
        category="account",
        to_email="anna@example.org",
        subject="Confirm",
        text="secret link",
        html="<p>secret link</p>",
    )

    page = browser.get(f"/admin/common/outgoingemail/{message.pk}/change/").content.decode()

    assert "anna@example.org" in page
    assert "secret link" not in page
    assert "v1:" not in page


def test_failed_tasks_are_tried_again_by_the_same_verb_and_audited(browser, superuser, task):
    waiting = OutboxTask.objects.create(name="common.sweep_outbox")

    response = browser.post(
        "/admin/common/outboxtask/",
        {"action": "retry", "_selected_action": [task.pk, waiting.pk]},
        follow=True,
    )

    shown = [str(message) for message in response.context["messages"]]
    assert shown == [f"{waiting}: Only failed tasks can be retried.", "1 done."]
    task.refresh_from_db()
    assert (task.status, task.attempts) == ("pending", 0)
    (entry,) = AuditEntry.objects.filter(action="admin.action")
    assert (entry.actor_type, entry.actor_uuid, entry.target_uuid, entry.payload["change"]) == (
        "staff",
        superuser.uuid,
        task.uuid,
        "retry",
    )


def test_staff_without_the_right_cannot_retry(task):
    staff = UserFactory(platform_staff=True)
    client = Client()
    client.force_login(staff)

    response = client.post(
        "/admin/common/outboxtask/", {"action": "retry", "_selected_action": [task.pk]}
    )

    assert response.status_code == 403


class PeriodicAdmin(AuditedAdmin):
    """An editable stand-in for any model of the product."""


def request_of(user, rf):
    request = rf.post("/")
    request.user = user
    return request


def test_each_change_in_the_admin_is_audited(superuser, rf):
    row = PeriodicRun.objects.create(name="sweep")
    model_admin = PeriodicAdmin(PeriodicRun, admin.site)
    request = request_of(superuser, rf)

    model_admin.log_addition(request, row, [{"added": {}}])
    model_admin.log_change(request, row, [{"changed": {"fields": ["name"]}}])
    model_admin.log_deletions(request, PeriodicRun.objects.all())

    entries = AuditEntry.objects.filter(target_uuid=row.uuid).order_by("pk")
    assert [(entry.action, entry.actor_uuid) for entry in entries] == [
        ("admin.added", superuser.uuid),
        ("admin.changed", superuser.uuid),
        ("admin.deleted", superuser.uuid),
    ]


def test_status_is_read_only_and_encrypted_columns_are_left_out(superuser, rf):
    request = request_of(superuser, rf)
    mails = AuditedAdmin(OutgoingEmail, admin.site)
    stored = AuditedAdmin(StoredFile, admin.site)

    assert mails.get_readonly_fields(request) == ["status"]
    assert mails.get_exclude(request) == ["text", "html"]
    assert stored.get_readonly_fields(request) == []

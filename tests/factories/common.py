"""Rows of the machinery in their smallest valid form."""

import uuid
from datetime import timedelta

import factory
from django.utils import timezone

from common.models import (
    AuditEntry,
    AuditHead,
    IdempotencyRecord,
    Job,
    OutboxTask,
    OutgoingEmail,
    PeriodicRun,
    StoredFile,
)


class OutboxTaskFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OutboxTask

    class Params:
        done = factory.Trait(status="done", finished_at=factory.LazyFunction(timezone.now))
        failed = factory.Trait(
            status="failed",
            attempts=8,
            last_error="Broken: it broke",
            finished_at=factory.LazyFunction(timezone.now),
        )
        running = factory.Trait(
            status="running",
            attempts=1,
            lease_token=factory.LazyFunction(uuid.uuid4),
            lease_until=factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=6)),
        )

    name = "common.sweep_emails"
    due_at = factory.LazyFunction(timezone.now)


class PeriodicRunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PeriodicRun

    name = factory.Sequence("common.sweep_{}".format)


class OutgoingEmailFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OutgoingEmail

    class Params:
        sent = factory.Trait(status="sent", sent_at=factory.LazyFunction(timezone.now))
        failed = factory.Trait(status="failed", attempts=6, last_error="SMTPServerDisconnected")

    kind = "welcome"
    category = "registration"
    to_email = factory.Sequence("person{}@example.org".format)
    subject = "Welcome"
    text = "Hello."
    html = "<p>Hello.</p>"


class IdempotencyRecordFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IdempotencyRecord

    principal = "anonymous"
    key = factory.Sequence("key-{}".format)
    method = "POST"
    path = "/api/v1/events/"
    fingerprint = "0" * 64
    lease_token = factory.LazyFunction(uuid.uuid4)
    lease_expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=1))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))


class AuditEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AuditEntry

    action = "thing.done"
    actor_type = "system"
    payload_salt = b"0" * 16
    payload_digest = "0" * 64


class AuditHeadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AuditHead


class StoredFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StoredFile

    key = factory.Sequence("document/{}/notes.txt".format)
    filename = "notes.txt"
    content_type = "text/plain"
    size = 5
    sha256 = "0" * 64
    purpose = "document"


class JobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Job

    kind = "export"
    requested_by_uuid = factory.LazyFunction(uuid.uuid4)

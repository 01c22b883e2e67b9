"""Rows of integrations in their smallest valid form."""

import json

import factory

from integrations.models import InboundWebhook


class InboundWebhookFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = InboundWebhook

    class Params:
        message = {"event": "test.happened", "payload": {"object": {"id": "91234567890"}}}

    provider = "zoom"
    event_type = "test.happened"
    dedupe_key = factory.Sequence(lambda n: f"{n:064x}")
    subject_ref = "91234567890"
    body = factory.LazyAttribute(lambda row: json.dumps(row.message))

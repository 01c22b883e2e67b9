"""What this app answers for by itself."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, QuerySet

from common import metrics, retention
from common.metrics import Sample
from integrations import status
from integrations.models import InboundWebhook

status.register("mail", status.mail)
status.register("inbox", status.inbox)


@retention.rule("inbound_webhooks", days=90)
def inbound_webhooks(cutoff: datetime) -> QuerySet[InboundWebhook]:
    return InboundWebhook.objects.filter(received_at__lt=cutoff)


@metrics.gauge("inbound_webhooks", "Messages of providers, by provider and status.")
def count_inbox(_now: datetime) -> Iterator[Sample]:
    for row in InboundWebhook.objects.values("provider", "status").annotate(n=Count("id")):
        yield {"provider": row["provider"], "status": row["status"]}, row["n"]

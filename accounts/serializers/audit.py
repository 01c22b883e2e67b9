"""Lines of the audit log for those they concern."""

from typing import Any

from rest_framework import serializers

from common.models import AuditEntry
from common.serializers import ModelSerializer

ORIGIN = frozenset({"ip_address", "user_agent"})


class AuditLineSerializer(ModelSerializer[AuditEntry]):
    """One audited fact, with where the request came from."""

    class Meta:
        model = AuditEntry
        fields = (
            "uuid",
            "at",
            "actor_type",
            "actor_uuid",
            "action",
            "target_type",
            "target_uuid",
            "request_id",
            "payload",
            "created_at",
        )
        read_only_fields = fields


class SharedAuditLineSerializer(AuditLineSerializer):
    """One audited fact for colleagues: what was done, not from which device."""

    payload = serializers.SerializerMethodField()

    def get_payload(self, entry: AuditEntry) -> dict[str, Any]:
        """Leave out the address and the program of the person who did it."""
        return {name: value for name, value in entry.payload.items() if name not in ORIGIN}

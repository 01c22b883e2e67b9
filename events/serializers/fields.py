"""Kinds of values in requests about events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.fields import empty

from accounts.models import Organization
from accounts.roles import Capability, reach
from common import validators
from common.serializers import UuidRelatedField
from events.models import Category

# Beyond it an end, a shift or another zone may pass the last moment that can be stored.
LAST_YEAR = 9900


class SentWhole:
    """An entry of a list: also inside a PATCH its required fields and defaults apply."""

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)  # type: ignore[misc]  # mixed into serializers
        fields: Mapping[str, Any] = self.fields  # type: ignore[attr-defined]  # the same
        absent = {name: field for name, field in fields.items() if name not in known}
        missing = [name for name, field in absent.items() if field.required]
        if missing:
            message = serializers.Field.default_error_messages["required"]
            raise serializers.ValidationError({name: [message] for name in missing})
        for name, field in absent.items():
            if field.default is not empty:
                known[name] = field.default() if callable(field.default) else field.default
        return known


class MomentField(serializers.DateTimeField):
    """A moment by RFC 3339, with its offset: a wall clock alone says nothing."""

    default_error_messages: ClassVar = {
        "naive": "Enter the time with its offset, such as 2027-03-01T09:00:00Z."
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("naive")
        if value.year > LAST_YEAR:
            self.fail("overflow")
        return super().enforce_timezone(value)


class SecureUrlField(serializers.CharField):
    """An https address."""

    default_error_messages: ClassVar = {"insecure": "Enter an https address."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, validators=[validators.http_url], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if value and not value.lower().startswith("https://"):
            self.fail("insecure")
        return value


class LengthField(serializers.IntegerField):
    """How many minutes something lasts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=15, max_value=480, **kwargs)


class CreditField(serializers.DecimalField):
    """Credits: at most two places, in plain digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=5, decimal_places=2, min_value=0, max_value=100, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and "e" in data.lower():
            self.fail("invalid")
        return super().to_internal_value(data)


class ReferenceField(serializers.UUIDField):
    """The uuid of a row; the row as answers show it is understood too."""

    def to_internal_value(self, data: Any) -> Any:
        named: Any = data.get("uuid") if isinstance(data, dict) else data
        return super().to_internal_value(named)


class OrganizationField(UuidRelatedField[Organization]):
    """An organization the caller belongs to, by its uuid; its short shape is understood too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Organization.objects.all(), **kwargs)

    def get_queryset(self) -> QuerySet[Organization]:
        held = reach(self.context["request"].user)
        if held.sees_everything(Capability.EVENTS_CREATE):
            return Organization.objects.all()
        return Organization.objects.filter(pk__in=held.organizations)

    def to_internal_value(self, data: Any) -> Organization:
        return super().to_internal_value(data.get("uuid") if isinstance(data, dict) else data)


class CategoryField(serializers.SlugRelatedField[Category]):
    """A category by its slug; the category as answers show it is understood too."""

    def to_internal_value(self, data: Any) -> Category:
        return super().to_internal_value(data.get("slug") if isinstance(data, dict) else data)


class TextListField(serializers.ListField):
    """A short list of short texts."""

    def __init__(self, *, most: int, longest: int, **kwargs: Any) -> None:
        item = serializers.CharField(max_length=longest)
        super().__init__(child=item, max_length=most, **kwargs)


class ReferenceListField(serializers.ListField):
    """A short list of uuids of rows."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(child=ReferenceField(), max_length=most, **kwargs)

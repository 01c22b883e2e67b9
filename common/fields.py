"""Columns with rules of their own."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import IsNull

from common import crypto, validators

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
    EmailField = models.EmailField[str, str]
    TextField = models.TextField[str, str]
    PositiveBigIntegerField = models.PositiveBigIntegerField[int, int]
else:
    CharField = models.CharField
    EmailField = models.EmailField
    TextField = models.TextField
    PositiveBigIntegerField = models.PositiveBigIntegerField


class LowercaseEmailField(EmailField):
    """An address, stripped and lower-cased on write and on lookup."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.strip().lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


class EncryptedTextField(TextField):
    """Text that is readable only with our keys; compare nothing with it but null.

    The value is bound to table, column and the row's uuid, so that it cannot be moved.
    `values()` and exports see ciphertext.
    """

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only)
        if not cls._meta.abstract:
            setattr(cls, name, _Decrypted(self))

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        return _Stored(value) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        untouched = model_instance.__dict__.get(self.attname)
        if isinstance(untouched, _Stored):
            return untouched
        plain = getattr(model_instance, self.attname)
        if plain in {None, ""}:
            return plain
        return _Stored(crypto.encrypt(plain, bound_to=self.binding(model_instance)))

    def get_prep_value(self, value: Any) -> Any:
        # `update()` and `bulk_update()` pass by pre_save; they would write plain text.
        if value in {None, ""} or isinstance(value, _Stored):
            return value
        raise FieldError(f"{self.name} is encrypted; write it by save() or bulk_create().")

    def binding(self, instance: Any) -> str:
        """Return what the ciphertext of this row is bound to."""
        return f"{instance._meta.db_table}.{self.column}:{instance.uuid}"

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted; only isnull can be asked of it.")
        return IsNull


class _Decrypted:
    """Decrypt on first access; plain values assigned by code pass through."""

    def __init__(self, field: EncryptedTextField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        value = instance.__dict__[name]
        if isinstance(value, _Stored):
            value = crypto.decrypt(value, bound_to=self.field.binding(instance))
            instance.__dict__[name] = value
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class _Stored(str):
    """Ciphertext as it came from the database; this is what ``values()`` shows."""

    __slots__ = ()


class MinorUnitsField(PositiveBigIntegerField):
    """Money as an integer in the currency's minor unit, never negative."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", 0)
        super().__init__(*args, **kwargs)


class CurrencyField(CharField):
    """ISO 4217, three upper-case letters."""

    default_validators = [validators.currency_code]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        super().__init__(*args, **kwargs)


class TimezoneField(CharField):
    """A known IANA zone name."""

    default_validators = [validators.timezone_name]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("default", "UTC")
        super().__init__(*args, **kwargs)


class HttpUrlField(CharField):
    """An http or https address without user information."""

    default_validators = [validators.http_url]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 500)
        super().__init__(*args, **kwargs)

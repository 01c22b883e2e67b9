"""Another address for one's account."""

from accounts.serializers.access import AddressField, PasswordField
from common.serializers import Serializer


class EmailChangeSerializer(Serializer):
    """The new address, and the password where the account has one."""

    new_email = AddressField()
    password = PasswordField(required=False, allow_blank=True, default="")

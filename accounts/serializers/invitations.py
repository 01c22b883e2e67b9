"""Invitations into organizations, as those who send and those who get them see them."""

from rest_framework import serializers

from accounts.models import MembershipInvitation
from accounts.serializers.access import AddressField, SecretField
from accounts.serializers.organizations import OrganizationLabelSerializer, not_ownership
from common.serializers import ModelSerializer, PublicPersonSerializer, Serializer

STATUSES = [status.value for status in MembershipInvitation.Status]


class InviteSerializer(ModelSerializer[MembershipInvitation]):
    """Whom to ask in, as what; never as the owner."""

    email = AddressField()

    class Meta:
        model = MembershipInvitation
        fields = ("email", "role", "title")
        extra_kwargs = {"role": {"validators": [not_ownership]}}
        # An address asked already is asked anew: uniqueness is the verb's.
        validators: list[object] = []


class InvitationSerializer(ModelSerializer[MembershipInvitation]):
    """An invitation as those see it who may invite."""

    status = serializers.ChoiceField(choices=STATUSES, read_only=True)
    invited_by = PublicPersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = MembershipInvitation
        fields = (
            "uuid",
            "email",
            "role",
            "title",
            "status",
            "expires_at",
            "invited_by",
            "created_at",
        )
        read_only_fields = fields


class InviterSerializer(Serializer):
    """Who sent an invitation."""

    full_name = serializers.CharField(read_only=True)


class OwnInvitationSerializer(ModelSerializer[MembershipInvitation]):
    """An invitation as the person sees it who got it."""

    organization = OrganizationLabelSerializer(read_only=True)
    invited_by = InviterSerializer(read_only=True, allow_null=True)

    class Meta:
        model = MembershipInvitation
        fields = ("uuid", "organization", "role", "title", "invited_by", "expires_at")
        read_only_fields = fields


class InvitationSecretSerializer(Serializer):
    """The secret of the mail."""

    token = SecretField()


class InvitingOrganizationSerializer(Serializer):
    """The organization somebody is asked into."""

    name = serializers.CharField(read_only=True)
    logo_url = serializers.CharField(read_only=True)


class InvitationPreviewSerializer(Serializer):
    """What a mailed link leads to, told to whoever holds it."""

    organization = InvitingOrganizationSerializer(read_only=True)
    role = serializers.CharField(read_only=True)
    invited_by = InviterSerializer(read_only=True, allow_null=True)
    email = serializers.SerializerMethodField(help_text="The invited address, masked.")
    expires_at = serializers.DateTimeField(read_only=True)

    def get_email(self, invitation: MembershipInvitation) -> str:
        """Return enough of the address to recognise one's own."""
        name, _, domain = invitation.email.rpartition("@")
        return f"{name[:1]}***@{domain}"

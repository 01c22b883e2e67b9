"""Narrowing of lists of people."""

from accounts.models import Membership
from common.filters import BaseFilter


class MembershipFilter(BaseFilter):
    """By role."""

    class Meta:
        model = Membership
        fields = ("role",)

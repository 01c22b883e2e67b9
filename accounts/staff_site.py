"""The admin, for the people of the platform only."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from accounts import roles


class StaffSite(AdminSite):
    """The stock admin; where the second factor is required, nobody enters without it."""

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and roles.is_platform_staff(request.user)

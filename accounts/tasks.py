"""Work of accounts that happens after a request, or by the clock."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts import (
    data_exports,
    deliveries,
    email_change,
    endpoint_health,
    invitations,
    passwords,
    sign_up,
    verification,
    zoom_connections,
)
from accounts.models import User, ZoomConnection


@shared_task(name="accounts.note_sign_up")
def note_sign_up(user_uuid: str, is_new: bool = False) -> None:
    user = User.objects.filter(uuid=user_uuid, is_active=True).first()
    if user is not None:
        sign_up.follow_up(user, is_new=is_new, now=timezone.now())


@shared_task(name="accounts.note_email_change")
def note_email_change(proof_uuid: str) -> None:
    email_change.follow_up(proof_uuid, now=timezone.now())


@shared_task(name="accounts.ask_verification")
def ask_verification(user_uuid: str) -> None:
    user = User.objects.filter(uuid=user_uuid, is_active=True).first()
    if user is not None:
        verification.ask(user, now=timezone.now())


@shared_task(name="accounts.ask_password_reset")
def ask_password_reset(user_uuid: str) -> None:
    user = User.objects.filter(uuid=user_uuid, is_active=True).first()
    if user is not None:
        passwords.ask_reset(user, now=timezone.now())


@shared_task(name="accounts.revoke_zoom_token")
def revoke_zoom_token(connection_id: int) -> None:
    connection = ZoomConnection.objects.filter(pk=connection_id).first()
    if connection is not None:
        zoom_connections.revoke(connection, now=timezone.now())


@shared_task(name="accounts.refresh_zoom_connection")
def refresh_zoom_connection(connection_id: int) -> None:
    connection = ZoomConnection.objects.connected().filter(pk=connection_id).first()
    if connection is not None:
        zoom_connections.token_for(connection)


@shared_task(name="accounts.refresh_zoom_connections")
def refresh_zoom_connections() -> None:
    zoom_connections.keep_alive(timezone.now())


@shared_task(name="accounts.expire_sessions")
def expire_sessions() -> None:
    """Drop the browsers' expired session data; the rows people see go by retention."""
    SessionStore.clear_expired()


@shared_task(name="accounts.remind_open_invitations")
def remind_open_invitations() -> None:
    invitations.remind(timezone.now())


@shared_task(name="accounts.build_data_export")
def build_data_export(export_id: int) -> None:
    data_exports.build(export_id, now=timezone.now())


@shared_task(name="accounts.expire_data_exports")
def expire_data_exports() -> None:
    data_exports.expire(timezone.now())


@shared_task(name="accounts.dispatch_delivery")
def dispatch_delivery(delivery_id: int) -> None:
    deliveries.dispatch(delivery_id)


@shared_task(name="accounts.sweep_deliveries")
def sweep_deliveries() -> None:
    deliveries.sweep(timezone.now())


@shared_task(name="accounts.disable_failing_endpoints")
def disable_failing_endpoints() -> None:
    endpoint_health.review(timezone.now())

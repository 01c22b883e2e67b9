"""Where people are signed in: open, rotate, end."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Func, JSONField, QuerySet
from django.utils import timezone

from accounts import devices, emails, notices, tokens
from accounts.exceptions import AuthenticationFailed
from accounts.models import User, UserSession
from common import audit, codes, context

EndReason = UserSession.EndReason
Kind = UserSession.Kind
AuthMethod = UserSession.AuthMethod
# A row written at most this often per session, however many requests it makes.
ACTIVITY_INTERVAL = timedelta(minutes=15)


def open_for_tokens(
    user: User,
    *,
    now: datetime,
    auth_method: AuthMethod = AuthMethod.PASSWORD,
    second_factor: bool = False,
) -> UserSession:
    """Sign the user in on a client that carries tokens."""
    return _open(
        user,
        now=now,
        kind=Kind.TOKEN,
        auth_method=auth_method,
        second_factor=second_factor,
        refresh_jti=uuid4(),
        expires_at=now + timedelta(days=settings.JWT_REFRESH_DAYS),
    )


def open_for_browser(user: User, session_key: str, *, now: datetime) -> UserSession:
    """Keep a row for a Django session, so that it is listed and can be terminated."""
    return _open(
        user,
        now=now,
        kind=Kind.BROWSER,
        refresh_jti=None,
        session_key_digest=codes.digest(session_key),
        expires_at=now + timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )


class _Held(Func):
    """The pairs of organization and role that `Membership.objects.current` finds of a user.

    Written out: Django would put the same together anew for every request, at twice the price.
    """

    output_field = JSONField()
    template = (
        "(SELECT %(function)s(%(pair)s(held.organization_id, held.role)) "
        "FROM accounts_membership held JOIN accounts_organization place "
        "ON place.id = held.organization_id WHERE held.user_id = %(expressions)s "
        "AND held.ended_at IS NULL AND place.is_active AND place.deleted_at IS NULL)"
    )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, function="JSONB_AGG", pair="JSONB_BUILD_ARRAY", **context
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, function="JSON_GROUP_ARRAY", pair="JSON_ARRAY", **context
        )


def by_access_token(
    claims: tokens.Claims, *, now: datetime, with_memberships: bool = False
) -> UserSession | None:
    """Return the session a token speaks for, with its user, in one query.

    ``with_memberships`` adds as `held` the organizations of the user and the role in each.
    """
    rows = UserSession.objects.active(now).select_related("user")
    if with_memberships:
        rows = rows.annotate(held=_Held("user_id"))  # type: ignore[no-redef]  # declared for readers
    return rows.filter(uuid=claims.session, user__uuid=claims.user, kind=Kind.TOKEN).first()


def by_browser(session_key: str, *, now: datetime) -> UserSession | None:
    """Return the session of a Django session, with its user, in one query."""
    return (
        UserSession.objects.active(now)
        .select_related("user")
        .filter(session_key_digest=codes.digest(session_key))
        .first()
    )


def open_of(user: User, *, now: datetime) -> list[UserSession]:
    """Return where the user is signed in, oldest first."""
    return list(UserSession.objects.active(now).filter(user=user).order_by("created_at", "id"))


def note_activity(session: UserSession, *, now: datetime) -> None:
    """Remember that the session is in use; writes at most once per interval."""
    if now - session.last_activity_at < ACTIVITY_INTERVAL:
        return
    UserSession.objects.filter(pk=session.pk).update(last_activity_at=now)
    User.objects.filter(pk=session.user_id).update(last_active_at=now)


def rotate(raw: str, *, now: datetime) -> tokens.Pair:
    """Exchange a refresh token; of several simultaneous exchanges exactly one succeeds."""
    claims = tokens.read(raw, tokens.Kind.REFRESH)
    session = by_access_token(claims, now=now)
    if session is None:
        raise AuthenticationFailed
    session.expires_at = min(
        now + timedelta(days=settings.JWT_REFRESH_DAYS),
        session.created_at + timedelta(days=settings.SESSION_MAX_DAYS),
    )
    renewed = uuid4()
    # Only columns of this row may stand in the condition: PostgreSQL repeats it for the row it
    # waited for, but not a subquery, and then two exchanges would both find it true.
    won = UserSession.objects.filter(pk=session.pk, ended_at=None, refresh_jti=claims.jti).update(
        refresh_jti=renewed,
        refresh_issued_at=now,
        expires_at=session.expires_at,
        previous_refresh_jti=claims.jti,
        rotated_at=now,
        last_activity_at=now,
        updated_at=now,
    )
    if not won:
        _judge_stale(session, claims, now)
        raise AuthenticationFailed
    session.refresh_jti = renewed
    return tokens.pair(session, now=now)


def end(session: UserSession, reason: EndReason, *, by: User | None = None) -> bool:
    """End the session at once; False when it had ended before."""
    with transaction.atomic():
        ended = _stamp(UserSession.objects.filter(pk=session.pk), reason)
        if ended:
            audit.record(
                "session.ended", target=session, by=by, owner=session.user, reason=reason.value
            )
    return bool(ended)


@transaction.atomic
def end_all(
    user: User,
    reason: EndReason,
    *,
    by: User | None = None,
    keep: UserSession | None = None,
) -> int:
    """End every session of the user, but the one to keep; return how many ended."""
    rows = UserSession.objects.filter(user=user)
    ended = _stamp(rows.exclude(pk=keep.pk) if keep else rows, reason)
    if ended:
        audit.record("session.all_ended", target=user, by=by, owner=user, reason=reason.value)
    return ended


def end_by_refresh_token(raw: str, *, now: datetime) -> None:
    """Sign out with nothing but the refresh token at hand."""
    claims = tokens.read(raw, tokens.Kind.REFRESH)
    session = by_access_token(claims, now=now)
    if session is None or session.refresh_jti != claims.jti:
        raise AuthenticationFailed
    end(session, EndReason.LOGOUT, by=session.user)


def end_browser(session_key: str | None) -> None:
    """End the row of a Django session, if there is one."""
    if not session_key:
        return
    row = UserSession.objects.select_related("user").filter(
        session_key_digest=codes.digest(session_key), ended_at=None
    )
    for session in row:
        end(session, EndReason.LOGOUT, by=session.user)


def is_fresh(session: UserSession | None, *, now: datetime) -> bool:
    """Tell whether identity was proven within the last minutes; refreshing proves nothing."""
    return session is not None and session.authenticated_at >= now - timedelta(
        minutes=settings.REAUTH_MINUTES
    )


def note_second_factor(session: UserSession) -> None:
    """Note that whoever is signed in here has shown a second factor, too."""
    session.second_factor = True
    session.save(update_fields=["second_factor"])


def note_second_factor_in_browser(session_key: str, *, now: datetime) -> None:
    """Note the same of the browser that has just signed in."""
    session = by_browser(session_key, now=now)
    if session is not None:
        note_second_factor(session)


def forget_second_factor(user: User) -> None:
    """Let no session count as proven by codes any more; a passkey goes on proving its own."""
    rows = UserSession.objects.filter(user=user, second_factor=True)
    rows.exclude(auth_method=AuthMethod.PASSKEY).update(second_factor=False)


def freshen(session: UserSession, *, now: datetime) -> datetime:
    """Note a proof of identity; return until when it counts."""
    session.authenticated_at = now
    session.save(update_fields=["authenticated_at"])
    audit.record("session.reauthenticated", target=session, by=session.user, owner=session.user)
    return now + timedelta(minutes=settings.REAUTH_MINUTES)


@transaction.atomic
def _open(user: User, *, now: datetime, **fields: object) -> UserSession:
    # The lock lets simultaneous sign-ins take turns, so that the limit holds.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    _make_room(user, now)
    origin = context.current()
    session = UserSession.objects.create(
        user=user,
        authenticated_at=now,
        refresh_issued_at=now,
        last_activity_at=now,
        user_agent=origin.user_agent[:512],
        ip_address=origin.ip_address or None,
        **asdict(devices.recognise(origin.user_agent)),
        **fields,
    )
    User.objects.filter(pk=user.pk).update(last_login_at=now, last_active_at=now)
    audit.record("session.opened", target=session, by=user, owner=user, kind=session.kind)
    return session


def _make_room(user: User, now: datetime) -> None:
    active = UserSession.objects.active(now).filter(user=user)
    surplus = active.order_by("-last_activity_at", "-id")[settings.SESSION_LIMIT - 1 :]
    for session in surplus:
        end(session, EndReason.EVICTED, by=user)


def _judge_stale(session: UserSession, claims: tokens.Claims, now: datetime) -> None:
    """End the session of a token that was exchanged before, unless two tabs just raced."""
    session.refresh_from_db()
    grace = timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    raced = (
        claims.jti == session.previous_refresh_jti
        and session.rotated_at is not None
        and now - session.rotated_at <= grace
    )
    if raced:
        return
    with transaction.atomic():
        if end(session, EndReason.TOKEN_REUSE):
            emails.session_reuse(session)
            notices.session_reuse(session)


def _stamp(rows: QuerySet[UserSession], reason: EndReason) -> int:
    now = timezone.now()
    return rows.filter(ended_at=None).update(ended_at=now, end_reason=reason, updated_at=now)

"""The second factor: codes of a generator (RFC 6238), and recovery codes in their place."""

import base64
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django_otp.oath import hotp

from accounts import attempts, challenges, second_factor_emails, sessions
from accounts.exceptions import AuthenticationFailed, EmailNotVerified
from accounts.models import RecoveryCode, SignInChallenge, TotpDevice, User, UserSession
from common import audit, codes
from common.exceptions import Conflict, NotAuthenticated

AuthMethod = UserSession.AuthMethod
ISSUER: Final = "CPD Events"
SECRET_BYTES: Final = 20  # the length of a SHA-1 digest, as RFC 4226 recommends
STEP_SECONDS: Final = 30
DIGITS: Final = 6
# Clocks of phones are off, and people slow: the code before and the one after count, too.
STEPS_AROUND: Final = (0, -1, 1)
RECOVERY_CODES: Final = 10
SALT: Final = "accounts.recovery-code"


class OtpRequired(NotAuthenticated):
    code = "OTP_REQUIRED"
    message = "Please enter the code of your authenticator app."


class WrongCode(AuthenticationFailed):
    message = "This code is not correct."


class TwoFactorEnabled(Conflict):
    code = "TWO_FACTOR_ENABLED"
    message = "The second factor is on already."


class TwoFactorNotEnabled(Conflict):
    code = "TWO_FACTOR_NOT_ENABLED"
    message = "The second factor is not on."


@dataclass(frozen=True)
class Condition:
    """What one's second factor looks like."""

    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app is set up with; shown once."""

    secret: str
    otpauth_uri: str


def condition(user: User) -> Condition:
    """Tell whether codes are asked for, and how many recovery codes are left."""
    device = _device(user)
    return Condition(
        enabled=device is not None,
        confirmed_at=device.confirmed_at if device else None,
        recovery_codes_left=user.recovery_codes.filter(used_at=None).count(),
    )


@transaction.atomic
def start(user: User) -> Enrolment:
    """Make a secret for an app; it counts only once a code of it was shown.

    Whoever has not proven the address may lock nobody out of it.
    """
    if not user.email_verified:
        raise EmailNotVerified
    _locked(user)
    if _device(user) is not None:
        raise TwoFactorEnabled
    secret = base64.b32encode(os.urandom(SECRET_BYTES)).decode()
    TotpDevice.objects.filter(user=user).delete()
    TotpDevice.objects.create(user=user, secret=secret)
    facts = {"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_SECONDS}
    label = quote(f"{ISSUER}:{user.email}", safe=":@")
    return Enrolment(secret, f"otpauth://totp/{label}?{urlencode(facts, quote_via=quote)}")


def confirm(user: User, otp: str, *, now: datetime) -> list[str]:
    """Switch the factor on by a code of the new secret; return the recovery codes, only now."""
    guess = attempts.begin_code(user)
    with transaction.atomic():
        _locked(user)
        if _device(user) is not None:
            raise TwoFactorEnabled
        device = TotpDevice.objects.filter(user=user).first()
        if device is None:
            raise TwoFactorNotEnabled("Please start setting up the second factor first.")
        if not _take_step(device, otp, now):
            raise _refused()
        attempts.was_right(guess)
        device.confirmed_at = now
        device.save(update_fields=["confirmed_at"])
        if user.session is not None:
            sessions.note_second_factor(user.session)
        audit.record("second_factor.enabled", target=user, by=user, owner=user)
        second_factor_emails.two_factor_enabled(user)
        return _new_codes(user)


@transaction.atomic
def disable(user: User, otp: str, *, now: datetime) -> None:
    """Switch the factor off by a code."""
    _locked(user)
    require_code(user, otp, now=now)
    remove(user, by=user)


@transaction.atomic
def renew_codes(user: User, otp: str, *, now: datetime) -> list[str]:
    """Replace the recovery codes, used or not, by a code; return the new ones, only now."""
    _locked(user)
    require_code(user, otp, now=now)
    audit.record("second_factor.codes_renewed", target=user, by=user, owner=user)
    return _new_codes(user)


@transaction.atomic
def remove(user: User, *, by: User, reason: str = "") -> None:
    """Forget the generator and the recovery codes; raises when there is nothing to forget."""
    _locked(user)
    if _device(user) is None:
        raise TwoFactorNotEnabled
    TotpDevice.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    sessions.forget_second_factor(user)
    audit.record("second_factor.disabled", target=user, by=by, owner=user, reason=reason)
    second_factor_emails.two_factor_disabled(user)


def require_code(user: User, otp: str, *, now: datetime) -> None:
    """Use a code up as a signed-in person's proof; refuse a wrong one on its field."""
    if _device(user) is None:
        raise TwoFactorNotEnabled
    if not verify(user, otp, now=now):
        raise _refused()


def reauthenticate(session: UserSession, otp: str, *, now: datetime) -> datetime:
    """Take a code as fresh proof of identity; return until when it counts."""
    if not verify(session.user, otp, now=now):
        raise _refused()
    sessions.note_second_factor(session)
    return sessions.freshen(session, now=now)


def challenge_for(user: User, *, auth_method: AuthMethod, now: datetime) -> None:
    """Ask for a code, if the user's second factor is on, after another proof was right.

    Raises `OtpRequired` with `details.challenge`, which `answer` takes. Not to be called in a
    transaction: the refusal would take the challenge along.
    """
    if _device(user) is None:
        return
    purpose = SignInChallenge.Purpose.OTP
    secret = challenges.issue(purpose, user=user, auth_method=auth_method, now=now)
    raise OtpRequired(details={"challenge": secret})


def answer(challenge: str, otp: str, *, now: datetime) -> SignInChallenge:
    """Take the code that was asked for; return the challenge, used up, for its user to enter."""
    asked = challenges.attempt(challenge, SignInChallenge.Purpose.OTP, now=now)
    user = asked.user
    if user is None or not _is_right(asked, user, otp, now):
        audit.record("sign_in.failed", owner=user, reason="one-time code")
        raise WrongCode
    return asked


def verify(user: User, otp: str, *, now: datetime) -> bool:
    """Use up a code of the generator or a recovery code; tell whether it was one.

    No step counts twice and no recovery code either, however many ask at once. Raises beyond
    ten wrong codes of the account in an hour.
    """
    guess = attempts.begin_code(user)
    device = _device(user)
    is_right = device is not None and (_take_step(device, otp, now) or _take_code(user, otp, now))
    if is_right:
        attempts.was_right(guess)
    return is_right


@transaction.atomic
def _is_right(asked: SignInChallenge, user: User, otp: str, now: datetime) -> bool:
    is_right = verify(user, otp, now=now)
    if is_right:
        challenges.use(asked, now=now)
    return is_right


def _device(user: User) -> TotpDevice | None:
    return TotpDevice.objects.filter(user=user).exclude(confirmed_at=None).first()


def _locked(user: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _take_step(device: TotpDevice, otp: str, now: datetime) -> bool:
    step = _step_of(device, otp, now)
    if step is None:
        return False
    rows = TotpDevice.objects.filter(pk=device.pk, last_used_step__lt=step)
    return bool(rows.update(last_used_step=step, updated_at=now))


def _step_of(device: TotpDevice, otp: str, now: datetime) -> int | None:
    """Return the step in which the generator shows this code, around now."""
    key = base64.b32decode(device.secret)
    typed = otp.replace(" ", "")
    current = int(now.timestamp()) // STEP_SECONDS
    shown = ((current + offset, hotp(key, current + offset, DIGITS)) for offset in STEPS_AROUND)
    matches = [step for step, code in shown if constant_time_compare(f"{code:0{DIGITS}}", typed)]
    return matches[0] if matches else None


def _take_code(user: User, otp: str, now: datetime) -> bool:
    unused = RecoveryCode.objects.filter(user=user, used_at=None)
    with transaction.atomic():
        taken = unused.filter(digest__in=_digests(user, otp)).update(used_at=now, updated_at=now)
        if taken:
            audit.record("second_factor.recovery_code_used", target=user, by=user, owner=user)
            second_factor_emails.recovery_code_used(user, left=unused.count())
    return bool(taken)


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    made = [codes.recovery_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_digests(user, code)[0]) for code in made
    )
    return made


def _digests(user: User, code: str) -> list[str]:
    """Return the code under the key of today and under the former ones."""
    typed = codes.normalised_short_code(code)
    salt = f"{SALT}:{user.uuid}"
    return [
        salted_hmac(salt, typed, secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def _refused() -> ValidationError:
    return ValidationError({"otp": ["This code is not correct."]})

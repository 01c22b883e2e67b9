"""The ways an account can be signed in to: one must remain, and none that a stranger left."""

from django.db import transaction

from accounts.models import Passkey, RecoveryCode, SignInChallenge, SocialAccount, TotpDevice, User
from common.exceptions import Conflict


class LastSignInMethod(Conflict):
    code = "LAST_SIGN_IN_METHOD"
    message = "This is the only way to sign in to the account. Add another one first."


@transaction.atomic
def require_another(user: User, *, without: SocialAccount | Passkey) -> None:
    """Refuse when nothing would sign the user in but the row; locks the user till commit.

    Call it in the transaction that deletes the row: of two removals at once, the second waits
    for the first and sees what it left.
    """
    current = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if current.has_usable_password():
        return
    others = [
        rows.exclude(pk=without.pk) if isinstance(without, rows.model) else rows
        for rows in (user.social_accounts.all(), user.passkeys.all())
    ]
    if not any(rows.exists() for rows in others):
        raise LastSignInMethod


def forget(user: User) -> None:
    """Drop every way to sign in but the password, with the second factor.

    For the moment in which somebody proves an address on which another person may have made the
    account: whatever that person added would let them in again.
    """
    for left in (SocialAccount, Passkey, TotpDevice, RecoveryCode, SignInChallenge):
        left.objects.filter(user=user).delete()

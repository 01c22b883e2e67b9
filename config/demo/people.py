"""Two organizers, one with an organization and colleagues, attendees, and somebody in charge."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import verification
from accounts.models import Membership, Organization, User, ZoomConnection
from billing.models import Subscription
from integrations import doubles
from integrations.doubles.visits import ACCOUNT
from integrations.doubles.zoom import ZoomDouble

PASSWORD = "demo-Password-1"  # noqa: S105 -- printed for everybody who tries the product
ADMIN = ("admin@demo.example", "Alma Administrator")
ADA = ("ada@demo.example", "Ada Provider")
BEN = ("ben@demo.example", "Ben Director")
COLLEAGUES = (
    ("olive@demo.example", "Olive Organizer", Membership.Role.ORGANIZER),
    ("stan@demo.example", "Stan Steward", Membership.Role.STAFF),
)
ATTENDEES = (
    ("jo@demo.example", "Jo Example"),
    ("sam@demo.example", "Sam Sample"),
    ("ana@demo.example", "Ana Prueba"),
    ("huong@demo.example", "Nguyễn Thị Hường"),
)


@dataclass(frozen=True)
class Cast:
    """Everybody of the demo."""

    ada: User
    ben: User
    academy: Organization
    attendees: tuple[User, ...]


@transaction.atomic
def invite() -> Cast:
    """Make the people who are not there yet."""
    _administrator()
    ada, ben = (_organizer(*who) for who in (ADA, BEN))
    academy = _academy(ben)
    for email, full_name, role in COLLEAGUES:
        Membership.objects.get_or_create(
            organization=academy, user=_person(email, full_name), defaults={"role": role}
        )
    for organizer in (ada, ben):
        _connect_zoom(organizer)
    return Cast(ada, ben, academy, tuple(_person(*who) for who in ATTENDEES))


def logins() -> list[tuple[str, str, str]]:
    """Return who may sign in how."""
    who = [
        ("Platform staff", ADMIN[0]),
        ("Organizer", ADA[0]),
        ("Organizer with an organization", BEN[0]),
        ("Organizer in that organization", COLLEAGUES[0][0]),
        ("Staff in that organization", COLLEAGUES[1][0]),
        ("Attendee", ATTENDEES[0][0]),
    ]
    return [(role, email, PASSWORD) for role, email in who]


def _person(email: str, full_name: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, full_name=full_name)
    verification.prove(user, now=timezone.now())
    return user


def _organizer(email: str, full_name: str) -> User:
    user = _person(email, full_name)
    if not user.is_organizer:
        user.upgrade(by=user)
    # The demo does not end with the trial.
    Subscription.objects.filter(account__user=user, source="trial").update(
        trial_end=timezone.now() + timedelta(days=365)
    )
    return user


def _administrator() -> None:
    email, full_name = ADMIN
    if not User.objects.filter(email=email).exists():
        now = timezone.now()
        User.objects.create_superuser(
            email, PASSWORD, full_name=full_name, email_verified=True, email_verified_at=now
        )


def _academy(owner: User) -> Organization:
    academy, _ = Organization.objects.get_or_create(
        slug="northern-health-academy",
        defaults={
            "name": "Northern Health Academy",
            "description": "Continuing education for nurses and pharmacists.",
            "contact_email": owner.email,
            "timezone": "Europe/London",
            "is_public": True,
            "created_by": owner,
        },
    )
    Membership.objects.get_or_create(
        organization=academy, user=owner, defaults={"role": Membership.Role.OWNER}
    )
    return academy


def _connect_zoom(user: User) -> None:
    """Connect the double; with real keys people connect their own accounts."""
    double = doubles.running("zoom")
    if not isinstance(double, ZoomDouble) or ZoomConnection.objects.filter(user=user).exists():
        return
    zoom_user = f"host{user.uuid.hex[:16]}"
    pair = double.pair_for(zoom_user)
    ZoomConnection.objects.create(
        user=user,
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        token_expires_at=timezone.now() + timedelta(seconds=pair["expires_in"]),
        scopes=pair["scope"].split(),
        zoom_user_id=zoom_user,
        zoom_user_type=double.user_type,
        zoom_email=user.email,
        zoom_account_id=ACCOUNT,
    )

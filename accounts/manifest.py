"""What a front end may offer the caller; answered by the rules that the endpoints follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from accounts.models import Membership, User
from accounts.roles import EVERYTHING, READING, Capability, is_platform_staff, reach

Answer = Callable[[User], bool]

# In the order of the document. What no app answers is not offered.
FEATURES: Final = (
    "create_events",
    "create_courses",
    "manage_certificates",
    "view_billing",
    "browse_events",
    "register_for_events",
    "view_own_registrations",
    "view_own_certificates",
    "can_create_organization",
)
# Routes of the front end for everybody who is signed in, then those that want something.
OPEN_ROUTES: Final = (
    "dashboard",
    "events",
    "registrations",
    "certificates",
    "credits",
    "notifications",
    "organizations",
    "settings.profile",
    "settings.notifications",
    "settings.security",
    "settings.sessions",
    "settings.privacy",
    "settings.organization-invitations",
)
ROUTES_OF_FEATURES: Final[Mapping[str, str]] = {
    "manage.events.create": "create_events",
    "manage.courses.create": "create_courses",
    "manage.certificates": "manage_certificates",
    "settings.billing": "view_billing",
    "organizations.create": "can_create_organization",
}

_answers: dict[str, Answer] = {}


@dataclass(frozen=True)
class Standing:
    """Everything a front end needs to know to build its menus."""

    user: User
    features: Mapping[str, bool]
    routes: list[str]
    capabilities: list[Capability]
    organizations: list[Membership]


def feature(name: str, answer: Answer) -> None:
    """Register how a feature is decided; apps do so in their receivers."""
    if name not in FEATURES:
        raise LookupError(f"No such feature in the manifest: {name}")
    _answers[name] = answer


def of(user: User) -> Standing:
    """Return what the person may do, in a constant number of queries."""
    features = {name: name in _answers and _answers[name](user) for name in FEATURES}
    return Standing(
        user=user,
        features=features,
        routes=_routes(user, features),
        capabilities=sorted(_capabilities(user)),
        organizations=list(
            user.memberships.current()
            .select_related("organization")
            .order_by("organization__name", "pk")
        ),
    )


def everybody(_user: User) -> bool:
    """Answer for what every signed-in person may do."""
    return True


def may_create_organization(user: User) -> bool:
    """Tell whether the person may found an organization."""
    return user.email_verified and user.is_organizer


def _routes(user: User, features: Mapping[str, bool]) -> list[str]:
    held = reach(user)
    wanted = {
        "upgrade": user.email_verified and not user.is_organizer,
        "manage.events": bool(
            user.upgraded_to_organizer_at or held.organizations or held.everywhere
        ),
        "settings.organizer-profile": user.is_organizer,
        "settings.zoom": user.is_organizer,
        "settings.api-tokens": user.email_verified,
        "settings.webhook-endpoints": user.email_verified,
        "staff": is_platform_staff(user),
        **{route: features[name] for route, name in ROUTES_OF_FEATURES.items()},
    }
    return [*OPEN_ROUTES, *(route for route, is_open in sorted(wanted.items()) if is_open)]


def _capabilities(user: User) -> frozenset[Capability]:
    """Return what the person may do outside organizations: with own content, and everywhere."""
    own: frozenset[Capability] = READING if user.upgraded_to_organizer_at else frozenset()
    return reach(user).everywhere | (EVERYTHING if user.is_organizer else own)

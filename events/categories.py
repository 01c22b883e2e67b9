"""The subjects of the catalogue, kept by the people of the platform."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from common import audit, codes
from common.exceptions import Conflict
from common.outbox import after_commit
from events.models import Category, Event

SLUG_LIMIT = 80


class CategoryInUse(Conflict):
    """Events are sorted by it."""

    code = "CATEGORY_IN_USE"
    message = "Events belong to this category. Set it inactive instead."


@transaction.atomic
def add(*, by: User, name: str, **fields: Any) -> Category:
    """Add a subject; words that make the same slug are kept apart by a suffix."""
    slug = codes.slug(name, limit=SLUG_LIMIT, empty="category")
    if Category.objects.filter(slug=slug).exists():
        slug += codes.slug_suffix()
    category = Category.objects.create(name=name, slug=slug, **fields)
    audit.record("category.added", target=category, by=by)
    return category


@transaction.atomic
def change(category: Category, *, by: User, changes: Mapping[str, Any]) -> None:
    """Change a subject; its slug stays, for links lead to it."""
    is_renamed = changes.get("name", category.name) != category.name
    for name, value in changes.items():
        setattr(category, name, value)
    category.save()
    audit.record("category.changed", target=category, by=by, fields=sorted(changes))
    if is_renamed:
        key = f"category:{category.pk}"
        after_commit("events.refresh_search_of_category", category.pk, key=key)


@transaction.atomic
def remove(category: Category, *, by: User) -> None:
    """Remove a subject that no event ever bore."""
    # A full lock: an event that takes the category at this moment waits.
    Category.objects.select_for_update().get(pk=category.pk)
    if Event.all_objects.filter(category=category).exists():
        raise CategoryInUse
    audit.record("category.removed", target=category, by=by, name=category.name)
    category.delete()

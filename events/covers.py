"""The image of an event."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from common import files
from common.exceptions import InvalidRequest
from events.models import Event


class NoFile(InvalidRequest):
    code = "NO_FILE"
    message = "Send the image as the part named image."


class InvalidType(InvalidRequest):
    code = "INVALID_TYPE"
    message = "Send a JPEG, PNG, GIF or WebP image of at most 8000 pixels a side."


def show(event: Event, *, by: User, image: UploadedFile[Any] | None) -> None:
    """Give the event its image: made anew, without what cameras write into it.

    Raises FileTooLarge above five megabytes.
    """
    if image is None:
        raise NoFile
    try:
        stored = files.store(
            image,
            purpose="image",
            owner=event.owner,
            organization=event.organization,
            field="image",
        )
    except ValidationError as error:
        raise InvalidType from error
    _set(event, stored, by)


def hide(event: Event, *, by: User) -> None:
    """Take the image away; an event without one stays as it is."""
    _set(event, None, by)


@transaction.atomic
def _set(event: Event, stored: Any, by: User) -> None:
    event.lock()
    event.cover_image = stored
    event.save(update_fields=["cover_image"])
    event.record("event.image_changed", by)

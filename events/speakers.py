"""A tenant's library of speakers."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import Organization, User
from common import audit, files
from common.exceptions import Conflict
from common.outbox import after_commit
from events import drafting
from events.models import Event, EventSession, Speaker


class SpeakerInUse(Conflict):
    """Programmes name this person."""

    code = "SPEAKER_IN_USE"
    message = "This speaker belongs to an event. Set them inactive instead."


@transaction.atomic
def add(
    *,
    by: User,
    organization: Organization | None = None,
    photo: UploadedFile[Any] | None = None,
    **fields: Any,
) -> Speaker:
    """Put somebody into the library of the organization, or into one's own."""
    drafting.require_right(by, organization)
    speaker = Speaker(owner=by, organization=organization, **fields)
    _show(speaker, photo)
    _recognise(speaker)
    speaker.save()
    _record("speaker.added", speaker, by)
    return speaker


@transaction.atomic
def change(speaker: Speaker, *, by: User, changes: Mapping[str, Any]) -> None:
    """Change what the library says of somebody; events show it at once."""
    fields = {name: value for name, value in changes.items() if name != "organization"}
    if "photo" in fields:
        _show(speaker, fields.pop("photo"))
    is_renamed = fields.get("name", speaker.name) != speaker.name
    for name, value in fields.items():
        setattr(speaker, name, value)
    if "email" in fields:
        _recognise(speaker)
    speaker.save()
    _record("speaker.changed", speaker, by)
    if is_renamed:
        after_commit("events.refresh_search_of_speaker", speaker.pk, key=f"speaker:{speaker.pk}")


@transaction.atomic
def remove(speaker: Speaker, *, by: User) -> None:
    """Take somebody out of the library whom no event names, deleted events included."""
    # A full lock: a programme that takes them in at this moment waits.
    Speaker.objects.select_for_update().get(pk=speaker.pk)
    in_events = Event.all_objects.filter(speakers=speaker).exists()
    if in_events or EventSession.objects.filter(speakers=speaker).exists():
        raise SpeakerInUse
    _record("speaker.removed", speaker, by)
    speaker.delete()


def link(user: User) -> int:
    """Connect the entries of the user's proven address with the user; return how many."""
    return Speaker.objects.filter(email=user.email, user=None).update(user=user)


def _show(speaker: Speaker, photo: UploadedFile[Any] | None) -> None:
    if photo is None:
        speaker.photo = None
        return
    speaker.photo = files.store(
        photo,
        purpose="image",
        owner=speaker.owner,
        organization=speaker.organization,
        field="photo",
    )


def _recognise(speaker: Speaker) -> None:
    """Name the account behind the address, if its owner has proven it; it grants no access."""
    speaker.user = (
        User.objects.filter(email=speaker.email, email_verified=True).first()
        if speaker.email
        else None
    )


def _record(action: str, speaker: Speaker, by: User) -> None:
    audit.record(
        action, target=speaker, by=by, organization=speaker.organization, owner=speaker.owner
    )

"""Who asked for work that is done later: as narrow as they were then, with the rights of now."""

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.settings import api_settings

from common.exceptions import PermanentFailure
from common.models import Job

API_TOKEN = "api_token"  # noqa: S105 -- the name of an argument of jobs


def of(job: Job) -> tuple[Any, Any]:
    """Return `user` and `auth` of the request that asked for the job; raises PermanentFailure.

    The account must still be active, and the API token, if it was one, must still stand.
    """
    told = job.args.get(API_TOKEN)
    if told is not None:
        return _program(UUID(told))
    people = get_user_model()._default_manager  # noqa: SLF001 -- Django's documented attribute
    user = people.filter(uuid=job.requested_by_uuid, is_active=True).first()
    if user is None:
        raise PermanentFailure("Whoever asked for this is gone.")
    return user, None


def _program(token_uuid: UUID) -> tuple[Any, Any]:
    known: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES  # classes, once asked for
    for each in known:
        recall = getattr(each(), "recall", None)
        if recall is None:
            continue
        try:
            recalled: tuple[Any, Any] = recall(token_uuid)
        except AuthenticationFailed as error:
            raise PermanentFailure(str(error.detail)) from error
        return recalled
    raise PermanentFailure("Nobody here knows API tokens.")

"""Long exports: the file of a list, made by a worker as the caller would have got it."""

import tempfile
from typing import Any

from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve
from rest_framework.exceptions import APIException

from common import callers, files, jobs
from common.exceptions import DomainError, PermanentFailure
from common.models import Job
from common.renderers import Renderer
from common.sheets import TYPES, Sheet


def write(job_id: int) -> None:
    """Write the job's file. Running it again starts the file anew and replaces it."""
    job = jobs.begin(job_id)
    if job is None:
        return
    jobs.advance(job, done=-job.done)
    try:
        sheet = _sheet(job)
    except (DomainError, APIException, Http404) as refusal:
        # Rights that were lost since do not come back by trying again.
        raise PermanentFailure("The caller may not have this list any more.") from refusal
    with tempfile.TemporaryFile() as book:
        sheet.write(book, lambda done: jobs.advance(job, done=done - job.done))
        book.seek(0)
        stored = files.store_bytes(
            book.read(),
            filename=sheet.filename,
            content_type=TYPES[sheet.file_type],
            owner_uuid=job.requested_by_uuid,
            key=f"generated/{job.uuid}/{sheet.filename}",
        )
    jobs.advance(job, done=(job.total or 0) - job.done)
    jobs.finish(job, file=stored)


def _sheet(job: Job) -> Sheet:
    """Ask the view of the list, as the caller and with the caller's rights of now."""
    user, auth = callers.of(job)
    match = resolve(job.args["path"])
    made: Any = match.func  # by `as_view()`, which leaves its arguments on it
    view = made.cls(**made.initkwargs)
    http = HttpRequest()
    http.method, http.path = "GET", job.args["path"]
    http.GET = QueryDict(job.args["query"])
    view.setup(http, **match.kwargs)
    view.action_map = made.actions
    view.request = view.initialize_request(http)
    view.request.user, view.request.auth = user, auth
    view.request.accepted_renderer = Renderer()
    view.check_permissions(view.request)
    sheet: Sheet = view.sheet()
    return sheet

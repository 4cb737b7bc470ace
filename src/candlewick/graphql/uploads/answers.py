"""What became of an upload, as JSON."""

from __future__ import annotations

import re
from typing import Any, Final

from candlewick.domain.errors import CandlewickError
from candlewick.domain.job import Job, JobStatus
from candlewick.graphql.errors import fault
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.responses import JsonResponse

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_STATUSES: Final = {JobStatus.SUCCEEDED: 200, JobStatus.FAILED: 422, JobStatus.CANCELLED: 409}
"""Of a job that is over; another one is accepted."""


def path_of(job: Job) -> str:
    """Where the job can be seen."""
    return f"/import/{job.id}"


def accepted(job: Job) -> JsonResponse:
    """The job, with the status that says how it stands."""
    return JsonResponse(_body(job), _STATUSES.get(job.status, 202), headers={"location": path_of(job)})


def shown(job: Job) -> JsonResponse:
    """The job, to whoever asks how it stands."""
    return JsonResponse(_body(job))


def rejected(error: CandlewickError) -> HttpFault:
    """422: nothing of it is stored, and it would fare no better again."""
    return HttpFault(422, str(error), _WORD.sub("_", type(error).__name__).upper())


def _body(job: Job) -> dict[str, Any]:
    body: dict[str, Any] = {
        "job": job.id,
        "status": job.status.value,
        "part": job.progress.part,
        "stored": job.progress.stored,
        "repeated": job.progress.repeated,
        "dead": job.progress.dead,
        "instrument": next(iter(job.arguments["instruments"]), None),
        "kind": job.arguments["kind"],
        "file": job.arguments["file"],
        "location": path_of(job),
    }
    if job.status is JobStatus.FAILED:
        body["errors"] = [fault(job.error or "the job failed", "IMPORT_FAILED")]
    return body

"""`/import`: a table comes in and a job goes out; how that job stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from candlewick.domain.access import Role
from candlewick.domain.errors import InvalidInput, NormaliseError, ServiceError
from candlewick.domain.job import Job, JobId, JobKind
from candlewick.graphql.errors import internal, unavailable
from candlewick.graphql.http.access import Access
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.responses import JsonResponse, refused
from candlewick.graphql.services import Services
from candlewick.graphql.uploads import answers
from candlewick.graphql.uploads.body import NAMES_OF_TYPES, check_head, linger, receive
from candlewick.graphql.uploads.options import UploadOptions
from candlewick.graphql.uploads.spool import spool

log = structlog.get_logger(__name__)

_POLL: Final = 0.25
"""Seconds between looks at a job that somebody waits for."""
_LONGEST_KEY: Final = 100
_LARGEST_NUMBER: Final = 2**31 - 1


class UploadEndpoint:
    """Takes tables. Who may send one has a key with the role OPERATOR."""

    def __init__(self, services: Services, access: Access, options: UploadOptions) -> None:
        self._services = services
        self._access = access
        self._options = options
        self._taken = 0

    async def take(self, request: Request) -> Response:
        """`POST /import`: the body is a table."""
        if request.method != "POST":
            return refused(HttpFault(405, "Use POST.", headers={"allow": "POST"}, facts={"allowed": ["POST"]}))
        return await _answered(request, self._take)

    async def show(self, request: Request) -> Response:
        """`GET /import/{number}`: how the job of a table stands."""
        return await _answered(request, self._show)

    async def _take(self, request: Request) -> Response:
        caller = await self._access.admit(request, Role.OPERATOR)
        assert caller is not None  # noqa: S101 (nobody is anonymous in this role)
        key = _idempotency_key(request)
        media_type = check_head(request, self._options)
        if self._taken >= self._options.at_once:
            message = f"{self._taken} files are on their way already: try again."
            raise HttpFault(
                503,
                message,
                "SERVICE_UNAVAILABLE",
                {"retry-after": "5", "connection": "close"},
                {"limit": self._options.at_once},
            )
        self._taken += 1
        try:
            return await self._store(request, media_type, key, caller.prefix)
        except (InvalidInput, NormaliseError) as exc:
            await linger(request)
            raise answers.rejected(exc) from exc
        except HttpFault:
            await linger(request)
            raise
        finally:
            self._taken -= 1

    async def _store(self, request: Request, media_type: str, key: str | None, requested_by: str) -> Response:
        imports = self._services.imports
        name = NAMES_OF_TYPES.get(media_type, "the file")
        async with spool(self._options, lambda start: imports.look(start, name)) as body:
            upload = await receive(request, media_type, body, self._options)
            wait, wanted = upload.fields.wait, upload.fields.request(upload.filename)
            job = await imports.submit(wanted, body.path, idempotency_key=key, requested_by=requested_by)
            log.info("upload_taken", job=job.id, instrument=str(wanted.instrument), bytes=body.size)
        return answers.accepted(await self._awaited(job, wait))

    async def _show(self, request: Request) -> Response:
        await self._access.admit(request, Role.OPERATOR)
        number = int(request.path_params["number"])
        job = await self._services.jobs.job(JobId(number)) if number <= _LARGEST_NUMBER else None
        if job is None or job.kind is not JobKind.IMPORT:
            raise HttpFault(404, f"There is no import {number}.", "NOT_FOUND")
        return answers.shown(job)

    async def _awaited(self, job: Job, seconds: int) -> Job:
        """The job when it is over, or as it is after so many seconds."""
        deadline = monotonic() + seconds
        while not job.status.finished and monotonic() < deadline:
            await asyncio.sleep(_POLL)
            job = await self._services.jobs.job(job.id) or job
        return job


async def _answered(request: Request, respond: Callable[[Request], Awaitable[Response]]) -> Response:
    """The response; nothing escapes but cancellation."""
    trace_id: str = request.state.trace_id
    try:
        return await respond(request)
    except HttpFault as exc:
        return refused(exc)
    except ClientDisconnect:
        log.info("upload_cut_off", trace_id=trace_id)
        return Response(status_code=400)
    except ServiceError as exc:
        log.warning("service_unavailable", reason=str(exc), trace_id=trace_id)
        return JsonResponse({"errors": [unavailable(trace_id)]}, 503, headers={"retry-after": "5"})
    except Exception:  # the last resort: logged in full, told in brief
        log.exception("request_failed", trace_id=trace_id)
        return JsonResponse({"errors": [internal(trace_id)]}, 500)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        raise HttpFault(400, f"`Idempotency-Key` is a text of 1 to {_LONGEST_KEY} characters.")
    return key

"""Tables that somebody sends: looked at and kept when they come, stored by a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from candlewick.domain.errors import UnknownPayload
from candlewick.domain.job import ImportRequest, Job, JobKind, NewJob, NewStep, Step
from candlewick.domain.market import AssetClass, DataKind, InstrumentKey
from candlewick.domain.raw import ArchiveContents, ArchiveFile, RawId
from candlewick.pipeline.file_job import ImportProgress
from candlewick.pipeline.history import Report
from candlewick.pipeline.importing import ArchiveImport, Stores, registered_name
from candlewick.ports import Clock, JobStore, Outcome, RawReads, TableSource

Tables = Callable[[ImportRequest], TableSource]
"""What reads the table of a request. Raises InvalidMapping."""
Look = Callable[[bytes, str], None]
"""Refuses a file by its first bytes. Raises WrongEncoding."""
_READ: Final = 0.1
"""The part of the work that is done when the file was read once, and nothing of it is stored."""


class Uploads:
    """Makes import jobs (`ports.Imports`) and does their steps."""

    def __init__(self, tables: Tables, look: Look, stores: Stores, raw: RawReads, jobs: JobStore, clock: Clock) -> None:
        self._tables = tables
        self._look = look
        self._stores = stores
        self._raw = raw
        self._jobs = jobs
        self._clock = clock

    def look(self, start: bytes, name: str) -> None:
        """See `Imports.look`."""
        self._look(start, name)

    async def submit(
        self, request: ImportRequest, path: Path, *, idempotency_key: str | None, requested_by: str
    ) -> Job:
        """See `Imports.submit`."""
        source = self._tables(request)
        contents = await asyncio.to_thread(source.preview, path, request.name)
        await self._importing(source).check(request.instrument, contents)
        name, now = registered_name(request.instrument, contents), self._clock.now()
        file = await self._stores.raw.keep_file(source.source, name, path, received_at=now, mapping=contents.mapping)
        step = NewStep(
            f"{request.instrument} {contents.kind.lower()} of {request.name}",
            _arguments(request) | {"file": file.id, "again": file.complete},
        )
        return await self._jobs.submit(
            NewJob(
                JobKind.IMPORT,
                _told(request, contents, file),
                [step],
                idempotency_key=idempotency_key,
                requested_by=requested_by,
            )
        )

    async def run(self, step: Step, report: Report) -> Outcome:
        """Do one step. Doing it again changes nothing; what was stored before it breaks stays.

        Raises:
            CandlewickError: its class says whether to try again. Before a row is stored the whole file was read.
        """
        request, file_id = _request(step.arguments), RawId(step.arguments["file"])
        file = await self._raw.file(file_id)
        if file is None:
            raise UnknownPayload(file_id)

        def tell(reached: ImportProgress) -> None:
            part = reached.lines / reached.total_lines if reached.total_lines else 1.0
            report(reached.outcome, _READ + (1 - _READ) * part)

        importing = self._importing(self._tables(request))
        imported = await importing.run_kept(
            file, request.name, request.instrument, again=step.arguments["again"], report=tell, lease=step.lease
        )
        return imported.outcome

    def _importing(self, source: TableSource) -> ArchiveImport:
        return ArchiveImport(source, self._stores, self._clock)


def _told(request: ImportRequest, contents: ArchiveContents, file: ArchiveFile) -> dict[str, Any]:
    """What the job is about."""
    return {
        "instruments": [str(request.instrument)],
        "kind": contents.kind.value,
        "file": {"name": request.name, "sha256": file.sha256, "unused": list(contents.unused)},
        "mapping": request.mapping,
    }


def _arguments(request: ImportRequest) -> dict[str, Any]:
    """The request as JSON."""
    return {
        "instrument": str(request.instrument),
        "name": request.name,
        "mapping": request.mapping,
        "kind": request.kind,
        "base_class": request.base_class,
        "quote_class": request.quote_class,
    }


def _request(arguments: Mapping[str, Any]) -> ImportRequest:
    """What `_arguments` wrote."""
    kind, base_class, quote_class = (arguments[name] for name in ("kind", "base_class", "quote_class"))
    return ImportRequest(
        InstrumentKey.parse(arguments["instrument"]),
        arguments["name"],
        arguments["mapping"],
        DataKind(kind) if kind else None,
        AssetClass(base_class) if base_class else None,
        AssetClass(quote_class) if quote_class else None,
    )

"""The archive's pages: zips, their CHECKSUM files, and what a missing file is answered with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from candlewick.providers.binance.simulator.archive import Archive, ArchiveRequest, ArchiveZip
from candlewick.providers.simulation.faults import Fault, Faults
from candlewick.providers.simulation.ledger import Channel, Ledger

_PIECE: Final = 256 * 1024
_NO_SUCH_KEY: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
    "<Message>The specified key does not exist.</Message></Error>"
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Hands the archive's files out."""

    archive: Archive
    faults: Faults
    ledger: Ledger

    def routes(self) -> list[Route]:
        return [Route("/data/{rest:path}", self._file)]

    async def _file(self, request: Request) -> Response:
        asked = ArchiveRequest.parse(request.url.path.removeprefix("/"))
        made = await self.archive.find(asked) if asked else None
        if asked is None or made is None:
            return Response(_NO_SUCH_KEY, 404, media_type="application/xml")
        if asked.wants_checksum:
            return PlainTextResponse(f"{self._digest(request, made)}  {asked.stem}.zip\n")
        self.ledger.record_ranges(Channel.ARCHIVES, asked.symbol, made.trades)
        headers = {
            "Content-Length": str(made.path.stat().st_size),
            "ETag": f'"{made.sha256[:32]}"',
            "Last-Modified": format_datetime(asked.due, usegmt=True),
        }
        return StreamingResponse(_pieces(made.path), headers=headers, media_type="application/zip")

    def _digest(self, request: Request, made: ArchiveZip) -> str:
        """The file's digest, unless it is to be another one."""
        is_corrupt = self.faults.strike({Fault.CORRUPT_ARCHIVE}, request.url.path)
        return made.sha256[::-1] if is_corrupt else made.sha256


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece

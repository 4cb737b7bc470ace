"""An answer's body on its way into a file: whole or not at all."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

import httpx

from candlewick.domain.errors import ArchiveStoreUnavailable, SourceUnavailable

_PIECE: Final = 1024 * 1024


class Download:
    """Writes a temporary file beside the target and puts it there when it is whole."""

    def __init__(self, source: str, target: Path, magic: bytes, largest: int) -> None:
        self._source = source
        self._target = target
        self._magic = magic
        self._largest = largest

    async def take(self, response: httpx.Response) -> None:
        """Read the body to its end. Whatever happens, no half of it stays.

        Raises:
            SourceUnavailable: it is something else, or too long.
            ArchiveStoreUnavailable: it cannot be written.
        """
        partial = self._target.with_name(f".{self._target.name}.{uuid4().hex[:8]}.part")
        try:
            with partial.open("xb") as file:
                await self._write(response, file)
            await asyncio.to_thread(os.replace, partial, self._target)
        except TimeoutError:
            raise
        except OSError as exc:
            raise ArchiveStoreUnavailable(self._target.parent, exc.strerror or str(exc)) from exc
        finally:
            with suppress(OSError):  # moved, never made, or on a disk that is gone
                partial.unlink()

    async def _write(self, response: httpx.Response, file: IO[bytes]) -> None:
        written = 0
        async for piece in response.aiter_bytes(_PIECE):
            if not written and not piece.startswith(self._magic):
                raise SourceUnavailable(self._source, f"{self._target.name} is something else: {piece[:40]!r}")
            written += len(piece)
            if written > self._largest:
                raise SourceUnavailable(self._source, f"{self._target.name} is longer than {self._largest:,} bytes")
            await asyncio.to_thread(file.write, piece)
        if not written:
            raise SourceUnavailable(self._source, f"{self._target.name} is empty")

"""A body on its way into a file: in bounded memory, whole or not at all."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final

from candlewick.domain.errors import ArchiveStoreUnavailable
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.uploads.options import UploadOptions

_PIECE: Final = 1 << 20
_START: Final = 4096
"""Bytes that tell what is no text."""
_PREFIX: Final = "upload-"
_STALE_SECONDS: Final = 86_400.0
"""A file this old is of a server that was killed."""

Look = Callable[[bytes], None]


class Spool:
    """The file that a body is written to."""

    def __init__(self, file: IO[bytes], options: UploadOptions, look: Look) -> None:
        self.path = Path(file.name)
        self.size = 0
        self._file = file
        self._options = options
        self._look = look
        self._waiting = bytearray()
        self._looked = False

    async def write(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            HttpFault: 413, there are more than a body may have.
            WrongEncoding: they are none of a table.
            ArchiveStoreUnavailable: there is no room for them.
        """
        self.size += len(piece)
        if self.size > self._options.largest:
            raise too_large(self._options)
        self._waiting += piece
        if not self._looked and len(self._waiting) >= _START:
            self._look_at_start()
        if len(self._waiting) >= _PIECE:
            await self._flush()

    async def close(self) -> None:
        """All bytes are here. Errors as for `write`; HttpFault 400 if there are none."""
        if not self.size:
            raise HttpFault(400, "The body is empty: send the file as the body, or as the field `file` of a form.")
        if not self._looked:
            self._look_at_start()
        await self._flush()

    def _look_at_start(self) -> None:
        self._look(bytes(self._waiting[:_START]))
        self._looked = True

    async def _flush(self) -> None:
        piece, self._waiting = bytes(self._waiting), bytearray()
        try:
            await asyncio.to_thread(self._write, piece)
        except OSError as exc:
            raise ArchiveStoreUnavailable(self.path.parent, exc.strerror or str(exc)) from exc

    def _write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._file.flush()


@asynccontextmanager
async def spool(options: UploadOptions, look: Look) -> AsyncIterator[Spool]:
    """A file for one body, which is gone when the block ends.

    Raises:
        ArchiveStoreUnavailable: there is no place for it.
    """
    try:
        file = await asyncio.to_thread(_open, options.folder)
    except OSError as exc:
        raise ArchiveStoreUnavailable(options.folder, exc.strerror or str(exc)) from exc
    try:
        yield Spool(file, options, look)
    finally:
        await asyncio.shield(asyncio.to_thread(_remove, file))


def too_large(options: UploadOptions) -> HttpFault:
    """413, with what to do."""
    message = (
        f"The body is larger than {options.largest:,} bytes: send it in parts, or packed, or raise imports.max_bytes."
    )
    return HttpFault(413, message, "TOO_LARGE", {"connection": "close"}, {"limit": options.largest})


def _open(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_PREFIX}*"):
        if left.stat().st_mtime < time.time() - _STALE_SECONDS:
            left.unlink(missing_ok=True)
    return tempfile.NamedTemporaryFile(dir=folder, prefix=_PREFIX, delete=False)


def _remove(file: IO[bytes]) -> None:
    try:
        file.close()
    finally:
        Path(file.name).unlink(missing_ok=True)

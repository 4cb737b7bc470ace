"""The parts of a form as they come (RFC 7578, RFC 2046 section 5.1.1): never more of one in memory than a piece."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from email.message import Message
from typing import Final

from candlewick.graphql.http.faults import HttpFault

_MOST_PARTS: Final = 20
_LONGEST_HEAD: Final = 8 * 1024
_LONGEST_PREAMBLE: Final = 1024
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form. Its pieces are there until the next part is asked for."""

    name: str
    filename: str | None
    pieces: AsyncGenerator[bytes]


def boundary_of(content_type: str) -> bytes:
    """What stands between the parts. Raises HttpFault if the type does not say."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary("")
    if not _BOUNDARY.fullmatch(boundary):
        raise HttpFault(400, "The form's content type does not say its boundary.")
    return boundary.encode()


async def parts(body: AsyncIterator[bytes], boundary: bytes) -> AsyncGenerator[Part]:
    """The parts of a form, one after the other.

    Raises:
        HttpFault: 400, it is no form, or one that was cut off.
    """
    reader = _Reader(body)
    await reader.until(b"--" + boundary, _LONGEST_PREAMBLE)
    for _ in range(_MOST_PARTS):
        if await reader.ends():
            return
        name, filename = _described(await reader.until(b"\r\n\r\n", _LONGEST_HEAD))
        async with aclosing(reader.pieces(b"\r\n--" + boundary)) as pieces:
            yield Part(name, filename, pieces)
            async for _ in pieces:
                continue  # whoever asks for the next part has no use for the rest of this one
    raise HttpFault(400, f"The form has more than {_MOST_PARTS} fields.")


class _Reader:
    """Bytes up to some mark."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._held = bytearray()

    async def until(self, mark: bytes, longest: int) -> bytes:
        """What comes before the mark, which is taken as well."""
        while (at := self._held.find(mark)) < 0:
            if len(self._held) > longest:
                raise HttpFault(400, "The body is no form with the boundary that its content type says.")
            await self._more()
        return self._take(at, len(mark))

    async def ends(self) -> bool:
        """Whether the form is over, behind a boundary."""
        while len(self._held) < 2:
            await self._more()
        return self._held.startswith(b"--")

    async def pieces(self, mark: bytes) -> AsyncGenerator[bytes]:
        """What comes before the mark, piece by piece."""
        while (at := self._held.find(mark)) < 0:
            sure = len(self._held) - len(mark)
            if sure > 0:
                yield self._take(sure, 0)
            await self._more()
        yield self._take(at, len(mark))

    async def _more(self) -> None:
        async for piece in self._body:
            self._held += piece
            if piece:
                return
        raise HttpFault(400, "The form was cut off: its last boundary did not come.", "CUT_OFF")

    def _take(self, length: int, and_drop: int) -> bytes:
        taken = bytes(self._held[:length])
        del self._held[: length + and_drop]
        return taken


def _described(head: bytes) -> tuple[str, str | None]:
    """The name of a field and of the file in it, from the part's headers."""
    message = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            message["content-disposition"] = value.strip()
    name = message.get_param("name", header="content-disposition")
    if isinstance(name, str) and name:
        return name, message.get_filename()
    raise HttpFault(400, "A part of the form has no name.")

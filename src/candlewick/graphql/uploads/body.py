"""The body of an upload: a file by itself, or a form that has it in a field."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from email.message import Message
from typing import Final

from starlette.requests import ClientDisconnect, Request

from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.uploads.fields import NAMES, Fields
from candlewick.graphql.uploads.multipart import Part, boundary_of, parts
from candlewick.graphql.uploads.options import LONGEST_FIELD, UploadOptions
from candlewick.graphql.uploads.spool import Spool, too_large

FORM: Final = "multipart/form-data"
NAMES_OF_TYPES: Final = {
    "text/csv": "upload.csv",
    "application/zip": "upload.zip",
    "application/x-zip-compressed": "upload.zip",
    "application/gzip": "upload.csv.gz",
    "application/x-gzip": "upload.csv.gz",
}
"""What a file is called that comes without a name."""
_FILE: Final = "file"
_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 64 * 1024**2
_LAST: Final = {"connection": "close"}
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class Upload:
    """What came: the fields, and the file's name."""

    fields: Fields
    filename: str


def check_head(request: Request, options: UploadOptions) -> str:
    """The media type of the body, if it may come.

    Raises:
        HttpFault: 413, 415: before a byte of it is taken.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > options.largest:
        raise too_large(options)
    if request.headers.get("content-encoding", "identity").lower() not in {"identity", "gzip"}:
        raise HttpFault(415, "Send the body as it is, or gzipped.")
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    media_type = message.get_content_type() if request.headers.get("content-type") else ""
    if media_type != FORM and media_type not in NAMES_OF_TYPES:
        known = ", ".join((*NAMES_OF_TYPES, FORM))
        raise HttpFault(415, f"Send the file as one of {known}.", headers={"accept-post": known})
    charset = message.get_content_charset("utf-8")
    if charset.lower() not in _UTF8:
        raise HttpFault(415, f"The charset {charset[:40]!r} is none that is read here: send it in UTF-8.")
    return media_type


async def receive(request: Request, media_type: str, spool: Spool, options: UploadOptions) -> Upload:
    """Take the whole body.

    Raises:
        HttpFault: 400, it is empty, no form, or cut off; 408, it comes too slowly; 413, it is too large.
        ClientDisconnect: it was cut off.
        WrongEncoding, ArchiveStoreUnavailable: see `Spool.write`.
    """
    pieces = _patient(request, options)
    given = dict(request.query_params)
    if media_type != FORM:
        async for piece in pieces:
            await spool.write(piece)
        await spool.close()
        return Upload(Fields(given), NAMES_OF_TYPES[media_type])
    filename = None
    async with aclosing(parts(pieces, boundary_of(request.headers["content-type"]))) as form:
        async for part in form:
            if part.name == _FILE and filename is None:
                filename = part.filename or NAMES_OF_TYPES["text/csv"]
                async for piece in part.pieces:
                    await spool.write(piece)
            elif part.name in NAMES and part.name not in given:
                given[part.name] = await _text(part)
            else:
                raise HttpFault(400, f"The form's field {part.name[:64]!r} is none, or came twice.")
    await spool.close()
    return Upload(Fields(given), filename or NAMES_OF_TYPES["text/csv"])


async def linger(request: Request) -> None:
    """Take for a moment what still comes of a body that is refused, and drop it.

    A client that sends all before it reads would find its connection broken instead of the answer.
    """
    left = _LINGER_BYTES
    with suppress(ClientDisconnect, TimeoutError, RuntimeError):  # the last one: there is nothing left of it
        async with asyncio.timeout(_LINGER_SECONDS):
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    return


async def _patient(request: Request, options: UploadOptions) -> AsyncIterator[bytes]:
    """The body's pieces, none of which may be long in coming."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(options.patience.total_seconds()):
                piece = await anext(stream, None)
        except TimeoutError as exc:
            facts = {"limitSeconds": options.patience.total_seconds()}
            raise HttpFault(408, "The body took too long to go on.", headers=_LAST, facts=facts) from exc
        if piece is None:
            return
        yield piece


async def _text(part: Part) -> str:
    text = bytearray()
    async for piece in part.pieces:
        text += piece
        if len(text) > LONGEST_FIELD:
            message = f"The form's field {part.name!r} is longer than {LONGEST_FIELD:,} bytes."
            raise HttpFault(413, message, "TOO_LARGE", facts={"field": part.name, "limit": LONGEST_FIELD})
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise HttpFault(400, f"The form's field {part.name!r} is no text in UTF-8.") from exc

"""Sends what no decent client would, over sockets of its own, and notes what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from attacks.answers import leaks
from attacks.corpus import Sent

PATIENCE: Final = 30
PROTOCOL: Final = Subprotocol("graphql-transport-ws")
LARGEST: Final = 8_000_000
"""Bytes of an answer that are read: none has as many."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the server did."""

    name: str
    sent: str
    status: int
    """0: it closed the connection without an answer, or it was a websocket."""
    text: str
    seconds: float

    def wrong(self, *, refused: bool | None = None) -> Iterator[str]:
        """What it should not have done."""
        if self.status >= 500:
            yield f"{self.name}: status {self.status}: {self.text[:300]}"
        if "INTERNAL_SERVER_ERROR" in self.text or "[1011," in self.text:
            yield f"{self.name}: a mistake of ours: {self.text[:300]}"
        for leak in leaks(self.text, self.sent):
            yield f"{self.name}: tells {leak!r}"
        failed = self.status >= 400 or '"errors"' in self.text or '"type":"error"' in self.text
        if refused is not None and refused is not failed:
            yield f"{self.name}: is {'refused' if failed else 'answered'}: {self.text[:300]}"


@dataclass(frozen=True, slots=True)
class Sender:
    """To one server, as one caller."""

    host: str
    port: int
    key: str | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The header that says who asks."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    async def post(self, sent: Sent) -> Outcome:
        """A POST of its own connection."""
        headers = {"host": self.host, "content-length": str(len(sent.body)), "connection": "close"}
        return await self.raw(
            sent.name, head("POST /graphql HTTP/1.1", headers | sent.headers | self.identity) + sent.body
        )

    async def raw(self, name: str, data: bytes) -> Outcome:
        """Bytes as they are, and all that comes back until the server closes."""
        begun, answer = perf_counter(), b""
        with suppress(ConnectionError):
            reader, writer = await asyncio.open_connection(self.host, self.port)
            writer.write(data)
            async with asyncio.timeout(PATIENCE):
                answer = await _until_closed(reader)
            writer.close()
        seconds = perf_counter() - begun
        status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
        return Outcome(name, data.decode("utf-8", "replace"), status, answer.decode("utf-8", "replace"), seconds)

    async def frames(self, name: str, frames: Sequence[str | bytes], *, begin: bool = True) -> Outcome:
        """Frames on a socket of their own, up to the first answer, or to its end."""
        begun, text = perf_counter(), ""
        url = f"ws://{self.host}:{self.port}/graphql"
        connecting = connect(url, subprotocols=[PROTOCOL], additional_headers=self.identity, max_size=LARGEST)
        try:
            async with asyncio.timeout(PATIENCE), connecting as socket:
                if begin:
                    await socket.send('{"type": "connection_init"}')
                    await socket.recv()
                begun = perf_counter()
                text = await _exchanged(socket, frames)
        except InvalidHandshake as refusal:
            text = str(refusal)
        sent = " ".join(each if isinstance(each, str) else each.decode("utf-8", "replace") for each in frames)
        return Outcome(name, sent, 0, text, perf_counter() - begun)


@dataclass(slots=True)
class Line:
    """One connection that is kept from request to request, as far as the server leaves it open."""

    sender: Sender
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, name: str, body: bytes) -> Outcome:
        """A POST of a JSON body; a connection that was closed meanwhile is made anew, once."""
        headers = {"host": self.sender.host, "content-type": "application/json", "content-length": str(len(body))}
        data = head("POST /graphql HTTP/1.1", headers | self.sender.identity) + body
        begun, answer = perf_counter(), b""
        for _ in range(2):
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                async with asyncio.timeout(PATIENCE):
                    answer = await self._exchanged(data)
                break
            self.close()
        status = int(answer.split(b" ", 2)[1]) if answer else 0
        sent = body.decode("utf-8", "replace")
        return Outcome(name, sent, status, answer.decode("utf-8", "replace"), perf_counter() - begun)

    async def _exchanged(self, data: bytes) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.sender.host, self.sender.port)
        reader, writer = self._streams
        writer.write(data)
        top = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = top + await reader.readexactly(int(length.partition(b":")[2]))
        if b"\nconnection: close" in top.lower():
            self.close()
        return answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _exchanged(socket: ClientConnection, frames: Sequence[str | bytes]) -> str:
    """The first answer; why there is none, if so."""
    with suppress(ConnectionClosed):
        for frame in frames:
            await socket.send(frame)
    try:
        return str(await socket.recv())
    except ConnectionClosed:
        return f"[{socket.close_code}, {socket.close_reason!r}]"


def subscribe(payload: str) -> list[str]:
    """The message that carries a request's body. A subscription may be silent: a ping asks for a sign of life."""
    message = '{"id": "1", "type": "subscribe", "payload": ' + payload + "}"
    return [message, '{"type": "ping"}'] if '"query": "subscription' in payload else [message]


def head(line: str, headers: Mapping[str, str]) -> bytes:
    """A request's line and headers."""
    lines = [line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass")


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    answer = bytearray()
    with suppress(ConnectionError):
        while len(answer) < LARGEST and (piece := await reader.read(1 << 16)):
            answer += piece
    return bytes(answer)

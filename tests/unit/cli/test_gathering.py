"""Heads and bodies of responses, in one piece where they come together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from candlewick.cli.gathering import Gathering

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class FakeTransport:
    """Writes down what is sent in one piece."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self.sent.append(b"".join(pieces))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


async def over() -> tuple[FakeTransport, Any]:
    transport: Any = FakeTransport()
    return transport, Gathering(transport, asyncio.get_running_loop())


async def test_a_head_and_what_follows_are_sent_in_one_piece() -> None:
    transport, gathering = await over()
    gathering.write(HEAD)
    gathering.write(b"body")
    gathering.write(b"more")
    assert transport.sent == [HEAD + b"body", b"more"]


async def test_a_head_waits_for_no_body_that_has_to_be_made() -> None:
    transport, gathering = await over()
    gathering.write(HEAD)
    await asyncio.sleep(0)
    assert transport.sent == [HEAD]
    gathering.write(b"body")
    assert transport.sent == [HEAD, b"body"]


async def test_a_body_that_looks_like_a_head_keeps_its_place() -> None:
    transport, gathering = await over()
    for piece in (HEAD, HEAD, HEAD, b"end"):
        gathering.write(piece)
    await asyncio.sleep(0)
    assert b"".join(transport.sent) == HEAD * 3 + b"end"


async def test_a_head_is_sent_before_the_connection_is_closed_and_not_after_it() -> None:
    transport, gathering = await over()
    gathering.write(HEAD)
    gathering.close()
    assert (transport.sent, transport.closed) == ([HEAD], True)
    transport, gathering = await over()
    gathering.write(HEAD)
    gathering.abort()
    await asyncio.sleep(0)
    assert transport.sent == []

"""Uploads over a real socket, by clients of every kind: those that send all before they read, and those that vanish."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.uploads.options import UploadOptions
from simulated import serving
from tables import trade_table
from unit.graphql.fakes import SECRET, FakeServices
from working import HANGS

PIECE = 1 << 16
MUCH = 2 * 1024**3


@dataclass
class Scene:
    """A server on a port, with what it made jobs of."""

    address: str
    services: FakeServices
    folder: Path

    async def connect(self, length: int | None, *more: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which the head of an upload was sent."""
        host, _, port = self.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        size = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
        head = [
            "POST /import?instrument=csv:BTC-USD HTTP/1.1", f"Host: {host}", f"X-API-Key: {SECRET}",
            "Content-Type: text/csv", size, *more, "", "",
        ]  # fmt: skip
        writer.write("\r\n".join(head).encode())
        await writer.drain()
        return reader, writer

    def left(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.exists() else []

    async def wait_for_files(self, count: int) -> None:
        """Until so many wait in the folder."""
        async with asyncio.timeout(HANGS):
            while len(self.left()) != count:  # noqa: ASYNC110 (the server does not say)
                await asyncio.sleep(0.02)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    services = FakeServices()
    uploads = UploadOptions(tmp_path / "uploads", patience=timedelta(seconds=5))
    async with serving(create_app(services, HttpOptions(uploads=uploads))) as address:
        yield Scene(address, services, uploads.folder)


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """Status and body."""
    async with asyncio.timeout(HANGS):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.lower().splitlines() if line.startswith("content-length:"))
        body = await reader.readexactly(int(length.partition(":")[2]))
    return int(head.split()[1]), json.loads(body)


async def test_two_gigabytes_of_zeros_are_refused_early(scene: Scene) -> None:
    reader, writer = await scene.connect(MUCH)
    answering, sent = asyncio.create_task(answer_of(reader)), 0
    with suppress(ConnectionError):
        while not answering.done() and sent < MUCH:
            writer.write(bytes(PIECE))
            await writer.drain()
            sent += PIECE
    status, body = await answering
    assert (status, body["errors"][0]["extensions"]["code"]) == (422, "WRONG_ENCODING")
    assert sent < 256 * 1024**2
    await scene.wait_for_files(0)
    writer.close()


async def test_a_client_that_sends_all_before_it_reads_finds_its_answer(scene: Scene) -> None:
    body = trade_table(50_000).encode("utf-16")
    reader, writer = await scene.connect(len(body))
    for start in range(0, len(body), PIECE):
        writer.write(body[start : start + PIECE])
        await writer.drain()
    status, answer = await answer_of(reader)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (422, "WRONG_ENCODING")
    writer.close()


async def test_a_client_that_waits_for_leave_is_refused_before_it_sends(scene: Scene) -> None:
    reader, writer = await scene.connect(MUCH + 1, "Expect: 100-continue")
    status, answer = await answer_of(reader)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (413, "TOO_LARGE")
    writer.close()


@pytest.mark.parametrize("length", [10_000_000, None])
async def test_a_client_that_vanishes_leaves_nothing(scene: Scene, length: int | None) -> None:
    body = trade_table(40_000).encode()
    _, writer = await scene.connect(length)
    part = body[:1_500_000]
    writer.write(part if length is not None else f"{len(part):x}\r\n".encode() + part + b"\r\n")
    await writer.drain()
    await scene.wait_for_files(1)
    writer.transport.abort()
    await scene.wait_for_files(0)
    assert scene.services.imports.files == []


async def test_a_whole_file_arrives_as_it_was_sent(scene: Scene) -> None:
    body = trade_table(40_000).encode()
    reader, writer = await scene.connect(len(body))
    writer.write(body)
    await writer.drain()
    status, _ = await answer_of(reader)
    assert (status, scene.services.imports.files) == (202, [body])
    await scene.wait_for_files(0)
    writer.close()

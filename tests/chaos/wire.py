"""A cable to a venue that can be pulled out: while it is, nothing passes in either direction and nobody is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PIECE = 65_536
_CONNECTING = 5.0


class Wire:
    """Listens on a port of this machine and passes on what comes to another one."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = asyncio.Event()
        self._whole.set()
        self.port = 0

    @asynccontextmanager
    async def plugged(self) -> AsyncIterator[Wire]:
        """For as long as the block lasts."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._whole.set()
            server.close()

    async def pull(self, seconds: float) -> None:
        """Pull it out for so long."""
        self._whole.clear()
        await asyncio.sleep(seconds)
        self._whole.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        try:
            async with asyncio.timeout(_CONNECTING):
                other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        there = asyncio.create_task(self._carry(reader, other_writer))
        back = asyncio.create_task(self._carry(other_reader, writer))
        try:
            await asyncio.wait({there, back})
        finally:
            for task in (there, back):
                task.cancel()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(_PIECE):
                await self._whole.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            writer.transport.abort()
        else:
            writer.close()

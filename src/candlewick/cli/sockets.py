"""The server's side of a websocket: uvicorn's, which sheds clients that take nothing and writes without a detour."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.protocol import State

from candlewick.graphql.websocket.channel import WIRE
from candlewick.graphql.websocket.closing import SHED

KERNEL_BYTES: Final = 128 * 1024
"""What the kernel keeps for a client that is slow: by itself it would take megabytes, and we would notice late."""
AHEAD_BYTES: Final = 64 * 1024
"""What we keep beyond that before the client counts as one that has to be waited for."""
GRACE: Final = 3.0
"""Seconds after a close frame until the connection is dropped, taken or not."""
MOST_PINGS: Final = 20
"""Websocket pings of a client within a second."""
_FIN_TEXT: Final = 0x81


class SocketProtocol(WebSocketsSansIOProtocol):
    """See `channel.Wire`, which this is. A connection that is over never outlives its client's silence."""

    _dropping: asyncio.TimerHandle | None = None
    _pings: int = 0
    _pings_since: float = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what lies between us and the client."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=AHEAD_BYTES)
        if (endpoint := transport.get_extra_info("socket")) is not None:
            with suppress(OSError):
                endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to drop."""
        super().connection_lost(exc)
        if self._dropping is not None:
            self._dropping.cancel()

    def handle_connect(self, event: object) -> None:
        """Let the application have this side of the socket."""
        super().handle_connect(event)  # type: ignore[arg-type] # uvicorn's own event, passed on
        if hasattr(self, "scope"):
            cast("dict[str, object]", self.scope["extensions"])[WIRE] = self

    def write(self, texts: Sequence[bytes]) -> bool:
        """See `Wire.write`."""
        if not self.writable.is_set() or self.close_sent or self.disconnected or self.conn.state is not State.OPEN:
            return False
        for text in texts:
            self.transport.write(_head(len(text)) + text)
        return True

    def close(self, code: int, reason: str) -> None:
        """See `Wire.close`."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        with suppress(InvalidState):
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._listen_on()  # for the client's answer
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        self._drop_soon()

    def handle_parser_exception(self) -> None:
        """Say what was wrong, and listen a moment longer: a client that is still sending would not hear it."""
        if self.close_sent:
            return
        why = self.conn.close_sent
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        disconnect = {"type": "websocket.disconnect", "code": why.code if why else 1002}
        self.queue.put_nowait(disconnect)  # type: ignore[arg-type] # uvicorn's type has a key that is not needed
        self.stop_keepalive()
        self._listen_on()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._drop_soon()

    def _listen_on(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        """The client has stopped reading, or is gone without a word."""
        self.pong_timer = None
        self.pending_ping_payload = None
        self.close(SHED, f"No pong within {self.ping_timeout:g} s: connect again, and go on with `after`")

    def handle_ping(self) -> None:
        """Answer it, unless there are too many or nobody takes the answers."""
        now = self.loop.time()
        if now - self._pings_since > 1:
            self._pings_since, self._pings = now, 0
        self._pings += 1
        if self._pings > MOST_PINGS or not self.writable.is_set():
            self.conn.data_to_send()
            self.close(1008, f"Too many pings: at most {MOST_PINGS} within a second")
            return
        super().handle_ping()

    def shutdown(self) -> None:
        """Tell the client to come back."""
        super().shutdown()
        self._drop_soon()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application has done with the socket."""
        super().on_task_complete(task)
        self._drop_soon()

    def _drop_soon(self) -> None:
        if self._dropping is None and not self.disconnected:
            self._dropping = self.loop.call_later(GRACE, self.transport.abort)


def _head(size: int) -> bytes:
    """The head of a text frame that is the whole message (RFC 6455, section 5.2)."""
    if size < 126:
        return bytes((_FIN_TEXT, size))
    if size < 65_536:
        return bytes((_FIN_TEXT, 126)) + size.to_bytes(2)
    return bytes((_FIN_TEXT, 127)) + size.to_bytes(8)

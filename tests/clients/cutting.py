"""A wire that is cut again and again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Final

CUT_AFTER: Final = (b'"connection_ack"', b'"next"')
"""What the last message of a connection has in it, in turn: the server's welcome, or its first event."""
COMPRESSION: Final = b"Sec-WebSocket-Extensions"
"""A header that is kept from the server: what it sends stays readable on its way."""


@dataclass
class CuttingWire:
    """Carries bytes to a port of this machine; cuts one connection before its first event, the next one after it."""

    target: int
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    cuts: int = 0

    @property
    def port(self) -> int:
        number: int = self.listener.getsockname()[1]
        return number

    def serve(self) -> None:
        """One connection after the other, until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self.target)) as server:
                up = Thread(target=self._carry, args=(client, server, None))
                up.start()
                self.cuts += self._carry(server, client, CUT_AFTER[self.cuts % len(CUT_AFTER)])
                _end(client)
                _end(server)
                up.join()

    def _carry(self, source: socket.socket, sink: socket.socket, last: bytes | None) -> bool:
        """Whether `last` was what ended it: it still arrives."""
        try:
            while data := source.recv(65536):
                sink.sendall(data.replace(COMPRESSION, b"X-Not-Offered"))
                if last is not None and last in data:
                    return True
        except OSError:
            pass  # the other side is gone: that is what this is for
        return False


def _end(end: socket.socket) -> None:
    """At once, with whatever it still carries."""
    with suppress(OSError):  # it had ended already
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(target: int) -> Iterator[CuttingWire]:
    """Such a wire to the port `target`."""
    wire = CuttingWire(target)
    thread = Thread(target=wire.serve)
    thread.start()
    try:
        yield wire
    finally:
        wire.listener.shutdown(socket.SHUT_RDWR)
        wire.listener.close()
        thread.join()

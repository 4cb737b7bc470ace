"""A connection's transport that sends the head of a response together with its body.

uvicorn writes the two one after the other, and each is a call of the system, which takes longer than to make the head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio

_HEAD: Final = b"HTTP/1.1 "
_COPIED: Final = 1_000_000
"""Bytes that are copied rather than sent by themselves."""


class Gathering:
    """Holds a head back until something follows it, or the loop turns: a body that has to be made is not waited for."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Send it, if it is no head: after the head that is held back, if one is."""
        if self._head:
            head, self._head = self._head, b""
            if len(data) > _COPIED:
                self.transport.write(head)
                self.transport.write(data)
            else:
                self.transport.write(head + data)
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self._let_go)
        else:
            self.transport.write(data)

    def close(self) -> None:
        """Send what is held back, and close."""
        self._let_go()
        self.transport.close()

    def _let_go(self) -> None:
        if self._head and not self.transport.is_closing():
            self.transport.write(self._head)
        self._head = b""

"""How long a connection may take: for a request's line and headers to come, and for what is sent to be taken.

uvicorn bounds neither: without this, anybody may hold any number of connections with half a request on each. Bodies
are bounded by who reads them (`graphql.http.body`), silence between two requests by uvicorn itself.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from candlewick.cli.gathering import Gathering
from candlewick.graphql.http.body import HANG_UP

if TYPE_CHECKING:
    from candlewick.settings import LimitSettings

log = structlog.get_logger(__name__)

SLOWEST: Final = 1_000
"""Bytes a second: who takes less is taken for gone."""


def patient_protocol(limits: LimitSettings) -> type[H11Protocol]:
    """uvicorn's protocol, which the bounds are built into: uvicorn makes one of it for each connection."""
    head, stall = limits.head_time.total_seconds(), limits.stall_time.total_seconds()

    class Bounded(PatientProtocol):
        head_seconds = head
        stall_seconds = stall

    return Bounded


class PatientProtocol(H11Protocol):
    """One connection, watched by two timers: at most one of the two waits for its client."""

    head_seconds: float = 10
    stall_seconds: float = 15
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _begun: object = None
    """What answers the request whose head came last."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        self.app_state = {**self.app_state, HANG_UP: partial(self._give_up, "no_body")}
        super().connection_made(Gathering(transport, self.loop))  # type: ignore[arg-type] # it is one, by __getattr__
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """The next request is waited for, unless it was there already."""
        self._await_head()
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        _stop(self._stall)
        if self._begun is not None and self.cycle.response_complete:
            self._await_head()

    def handle_websocket_upgrade(self, *arguments: Any) -> None:
        """From here on another protocol has the connection."""
        _stop(self._head)
        self.transport = self.transport.transport  # type: ignore[attr-defined] # its frames are gathered already
        super().handle_websocket_upgrade(*arguments)

    def connection_lost(self, exc: Exception | None) -> None:
        _stop(self._head)
        _stop(self._stall)
        super().connection_lost(exc)

    def _look(self) -> None:
        """A head that is complete is waited for no more."""
        if self.cycle is not self._begun:
            self._begun = self.cycle
            if not self.cycle.response_complete:
                _stop(self._head)

    def _await_head(self) -> None:
        _stop(self._head)
        self._head = self.loop.call_later(self.head_seconds, self._miss_head)

    def _miss_head(self) -> None:
        if self.transport.get_write_buffer_size():  # the answer before is still being taken
            self._await_taking()
        else:
            self._give_up("no_request")

    def _await_taking(self) -> None:
        _stop(self._stall)
        unsent = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(self.stall_seconds, self._look_at_taking, unsent)

    def _look_at_taking(self, unsent: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left and unsent - left < SLOWEST * self.stall_seconds:
            self._give_up("nothing_taken")
        elif left:
            self._await_taking()
        elif self._begun is None or self.cycle.response_complete:
            self._await_head()

    def _give_up(self, reason: str) -> None:
        log.info("connection_given_up", reason=reason)
        self.transport.abort()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()

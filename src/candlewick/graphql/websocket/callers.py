"""The keys of open websockets, looked at again every few seconds: each once, however many sockets it has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from candlewick.domain.access import ApiKey
from candlewick.domain.errors import ServiceError
from candlewick.graphql.http.access import Access
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.websocket import closing
from candlewick.graphql.websocket.closing import SocketClosed

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Caller:
    """Who asks on a socket, and how to end it."""

    secret: str | None
    key: ApiKey | None
    end: Callable[[SocketClosed], None]


@dataclass(slots=True)
class Callers:
    """One a process."""

    access: Access
    seconds: float
    _known: dict[str, set[Caller]] = field(default_factory=dict)

    def add(self, caller: Caller) -> None:
        """Look at its key from now on."""
        if caller.secret is not None:
            self._known.setdefault(caller.secret, set()).add(caller)

    def remove(self, caller: Caller) -> None:
        """Its socket is gone."""
        if caller.secret is not None and caller.secret in self._known:
            self._known[caller.secret].discard(caller)
            if not self._known[caller.secret]:
                del self._known[caller.secret]

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Keys are looked at while the block lasts."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait({looking})

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            for secret in list(self._known):
                try:
                    self._confirm(secret, await self.access.check(secret))
                except HttpFault as fault:
                    self._end(secret, closing.forbidden(fault.message))
                except ServiceError as error:  # a database that is away says nothing about the key
                    log.warning("key_not_checked", reason=str(error))
                except Exception:  # nobody else would look again
                    log.exception("key_not_checked")

    def _confirm(self, secret: str, key: ApiKey | None) -> None:
        """The key is good; but what runs was begun with the role that it had."""
        for caller in list(self._known.get(secret, ())):
            if key is not None and caller.key is not None and key.role is not caller.key.role:
                caller.end(closing.forbidden("This API key has another role now: connect again"))

    def _end(self, secret: str, why: SocketClosed) -> None:
        for caller in list(self._known.get(secret, ())):
            caller.end(why)

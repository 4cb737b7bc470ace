"""A simulator as an application: what every venue's has, put together with what is the venue's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from candlewick.ports import Clock
from candlewick.providers.simulation.admin import Admin
from candlewick.providers.simulation.emitter import Emitter, Feed
from candlewick.providers.simulation.exchange import Exchange, NumberedMarket
from candlewick.providers.simulation.faults import Fault, Faults
from candlewick.providers.simulation.injection import Struck, Wording
from candlewick.providers.simulation.ledger import Ledger
from candlewick.providers.simulation.options import SimulationOptions
from candlewick.providers.simulation.sockets import Sockets


@dataclass(frozen=True, slots=True)
class Simulation[Form: Hashable]:
    """The parts that every simulator has."""

    exchange: Exchange
    faults: Faults
    ledger: Ledger
    emitter: Emitter[Form]
    sockets: Sockets[Form]

    @classmethod
    def of(
        cls,
        markets: Sequence[NumberedMarket],
        clock: Clock,
        options: SimulationOptions,
        feed: Callable[[Exchange], Feed[Form]],
    ) -> Simulation[Form]:
        """Of these markets, which are at `clock` now; `feed` makes what the streams bring."""
        faults, ledger = Faults(options.seed), Ledger()
        exchange = Exchange(markets, clock, faults.gone, faults.skew)
        emitter = Emitter(exchange, faults, options, feed(exchange))
        return cls(exchange, faults, ledger, emitter, Sockets(emitter, faults, ledger, options))

    def application(
        self,
        routes: Sequence[BaseRoute],
        wording: Wording,
        *,
        exception_handlers: Mapping[Any, Any],
        middleware: Sequence[Middleware] = (),
        offered: Collection[Fault] = frozenset(Fault),
        opened: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Starlette:
        """The server: the venue's routes and, under /simulator, faults and the ledger. Streams need its lifespan.

        Faults strike before `middleware` sees a request. `opened` is entered for as long as the server runs.
        """

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            with opened():
                async with asyncio.TaskGroup() as group:
                    emitting = group.create_task(self.emitter.run())
                    yield
                    emitting.cancel()

        return Starlette(
            routes=[*routes, *Admin(self.exchange, self.faults, self.ledger, self.emitter, offered).routes()],
            lifespan=lifespan,
            exception_handlers=exception_handlers,
            middleware=[Middleware(Struck, faults=self.faults, wording=wording), *middleware],
        )

"""What lies under /simulator: faults are ordered here, and the ledger is read. No venue's; for tests and demos."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.providers.simulation.emitter import Emitter
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import AT_ONCE, Fault, Faults, InvalidFault
from candlewick.providers.simulation.ledger import Ledger
from candlewick.providers.simulation.orders import read_order, shown, spans_of


@dataclass(frozen=True, slots=True)
class Admin:
    """Answers under /simulator."""

    exchange: Exchange
    faults: Faults
    ledger: Ledger
    emitter: Emitter[Any]
    offered: Collection[Fault]
    """The faults that this venue can have."""

    def routes(self) -> list[Route]:
        return [
            Route("/simulator/faults", self._order, methods=["POST"]),
            Route("/simulator/faults", self._list, methods=["GET"]),
            Route("/simulator/faults", self._clear, methods=["DELETE"]),
            Route("/simulator/ledger", self._ledger, methods=["GET"]),
        ]

    async def _order(self, request: Request) -> Response:
        try:
            order = read_order(await request.body(), self.offered)
            ends = {
                name: partial(lambda symbol: self.exchange.last(symbol) + 1, symbol)
                for name, symbol in self.exchange.symbols.items()
            }
            rule = self.faults.add(order, await asyncio.to_thread(spans_of, order, ends))
        except InvalidFault as exc:
            return _json({"error": str(exc)}, 422)
        if order.fault in AT_ONCE:
            self.emitter.end_sockets(rule)
        return _json(shown(rule), 201)

    async def _list(self, _: Request) -> Response:
        return _json([shown(rule) for rule in self.faults.rules()])

    async def _clear(self, _: Request) -> Response:
        self.faults.clear()
        return Response(status_code=204)

    async def _ledger(self, _: Request) -> Response:
        return _json({"symbols": await asyncio.to_thread(self.ledger.shown)})


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")

"""The venues that break: how each is opened, and what its requests and sockets are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from candlewick.ports import Clock
from candlewick.providers.coinbase.simulator.app import FAULTS as COINBASE_FAULTS
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.simulation.faults import Fault
from candlewick.providers.steady_market import SteadyMarket
from integration.faults.coinbase_venue import coinbase_market, open_coinbase
from integration.faults.venue import Venue, open_venue, steady_market

PAGE: Final = 1_000
"""Trades of a page of either."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A venue's wire."""

    code: str
    market: Callable[[int], SteadyMarket]
    """So many trades a second, of an instrument that no other test has."""
    open: Callable[[NumberedMarket, Clock, timedelta], AbstractAsyncContextManager[Venue]]
    """With the silence that ends a stream."""
    stream: str
    """A pattern of its sockets."""
    history: str
    """Of requests for pages of trades."""
    page_from: Callable[[int], str]
    """Of the request for the page that begins with that number."""
    endpoint: Callable[[str], str]
    """How the endpoint of a page of trades begins."""
    candles: str
    id_field: str
    refusal: str
    """What it says about a symbol that it does not have."""
    faults: Collection[Fault] = field(default_factory=lambda: frozenset(Fault))

    def __str__(self) -> str:
        return self.code


BINANCE: Final = Wire(
    "binance",
    steady_market,
    open_venue,
    stream="^/stream",
    history="historicalTrades",
    page_from=lambda first: f"historicalTrades.*fromId={first}&",
    endpoint=lambda symbol: f"/api/v3/historicalTrades?symbol={symbol}&",
    candles="klines",
    id_field="id",
    refusal="Invalid symbol.",
)
COINBASE: Final = Wire(
    "coinbase",
    coinbase_market,
    open_coinbase,
    stream="^/$",
    history="/trades",
    page_from=lambda first: f"/trades.*after={first + PAGE}$",
    endpoint=lambda symbol: f"/products/{symbol}/trades?",
    candles="/candles",
    id_field="trade_id",
    refusal="NotFound",
    faults=COINBASE_FAULTS,
)
WIRES: Final = (BINANCE, COINBASE)


def each(*faults: Fault | tuple[Fault, Any]) -> Mapping[str, Any]:
    """Arguments of `parametrize`: each venue with each of these faults that it can have, and what belongs to it."""
    cases = [fault if isinstance(fault, tuple) else (fault,) for fault in faults]
    names = ("wire", "fault", "details")[: len(cases[0]) + 1]
    values = [(wire, *case) for wire in WIRES for case in cases if case[0] in wire.faults]
    return {
        "argnames": names,
        "argvalues": values,
        "ids": [f"{value[0]}-{value[1]}" for value in values],
        "indirect": ["wire"],
    }

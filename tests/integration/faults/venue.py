"""A simulated Binance on a socket that breaks on demand, and the real adapters that ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

import httpx
from backports import zstd

from candlewick.domain.batch import SIDES
from candlewick.domain.market import Instrument, InstrumentKey, Trade
from candlewick.ports import Clock
from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.directory import BinanceDirectory
from candlewick.providers.binance.history import BinanceCandles, BinanceTrades
from candlewick.providers.binance.listing import BINANCE
from candlewick.providers.binance.rest import HEADERS, used_weight
from candlewick.providers.binance.shelf import BinanceShelf
from candlewick.providers.binance.simulator import create_simulator
from candlewick.providers.binance.stream import BinanceStream
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.provider import Source
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.simulation.faults import Fault
from candlewick.providers.steady_market import SteadyMarket
from candlewick.providers.websocket import StreamBounds
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from simulated import listing, load_market, serving
from source_doubles import Budget, Pauses

PATIENCE: Final = timedelta(seconds=3)
"""How long an answer may take: longer than a busy machine takes for one, and short enough to wait for."""
_NUMBER = count(1)

_STORED: Final = """
SELECT trade.sequence, trade.ts, trade.price, trade.size, trade.side
FROM trade JOIN instrument ON instrument.id = trade.instrument_id
WHERE instrument.key = $1
ORDER BY trade.sequence
"""
_LETTERS: Final = """
SELECT letter.kind, letter.reason, payload.body
FROM dead_letter AS letter LEFT JOIN raw_payload AS payload ON payload.id = letter.raw_id
WHERE letter.subject = $1
ORDER BY letter.id
"""
_PAGES: Final = "SELECT body FROM raw_payload WHERE starts_with(endpoint, $1) ORDER BY id"


@dataclass(frozen=True, slots=True)
class Venue:
    """A market of one instrument that no other test has, behind a socket, and the source that asks it."""

    market: NumberedMarket
    clock: Clock
    admin: httpx.AsyncClient
    rest: ProviderHttp
    source: Source
    budget: Budget
    """Of REST and archives."""
    connections: Budget
    """Of streams: one is spent a connection."""

    @property
    def key(self) -> InstrumentKey:
        return self.market.listings()[0].key

    @property
    def symbol(self) -> str:
        return self.market.listings()[0].symbol

    async def order(self, fault: Fault, path: str = "", **details: Any) -> dict[str, Any]:
        """Have it strike from now on; the rule as the simulator shows it."""
        answer = await self.admin.post("/simulator/faults", json={"fault": fault, "path": path, **details})
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def order_trades(self, fault: Fault, **details: Any) -> range:
        """The same for a fault of trades: the numbers that it strikes, which are all still to come."""
        first, last = (await self.order(fault, f"^{self.symbol.lower()}@", **details))["trades"][self.symbol]
        return range(first, last + 1)

    async def heal(self) -> None:
        """No fault is in force any more."""
        (await self.admin.delete("/simulator/faults")).raise_for_status()

    async def struck(self) -> int:
        """What the faults in force have struck so far."""
        return sum(rule["struck"] for rule in (await self.admin.get("/simulator/faults")).json())

    def newest(self) -> int:
        """The number of the next trade."""
        return self.market.sequence_at(self.key, self.clock.now())

    def trades(self, numbers: range) -> list[Trade]:
        """What the market has under those numbers."""
        return self.market.from_sequence(self.key, numbers.start, len(numbers)).trades()


def steady_market(rate: int) -> SteadyMarket:
    """So many trades a second, of an instrument that no other test has."""
    return load_market(rate, [f"STEADY{next(_NUMBER)}"])


def daily_market(trades_a_day: int) -> MarketModel:
    """So many trades a day, of an instrument that no other test has."""
    shape = Traded(
        listing(f"DAILY{next(_NUMBER)}"), Decimal(61_000), Decimal("0.01"), Decimal("0.00001"),
        trades_a_day=trades_a_day, daily_volatility=0.03, typical_lots=400,
    )  # fmt: skip
    return MarketModel(BINANCE.code, [shape], seed=5)


@asynccontextmanager
async def open_venue(
    market: NumberedMarket, clock: Clock, silence: timedelta = timedelta(seconds=30), *, quotes: bool = False
) -> AsyncIterator[Venue]:
    """A venue of that market, whose streams carry quotes if they are wanted.

    Pauses between tries take no time; `silence` ends a stream.
    """
    budget, connections = Budget(), Budget()
    async with (
        serving(create_simulator([market], clock)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as admin,
    ):
        bounds = Bounds(total=PATIENCE)
        rest = ProviderHttp(
            BINANCE.code, f"http://{address}", budget, clock,
            bounds=bounds, headers=HEADERS, used_weight=used_weight, pause=Pauses(),
        )  # fmt: skip
        archives = ProviderHttp(BINANCE.code, f"http://{address}", budget, clock, bounds=bounds, pause=Pauses())
        trusted = StreamBounds(opening=PATIENCE, silence=silence)
        source = Source(
            source=BINANCE.code,
            since=BINANCE.since,
            archive_files=BinanceArchives(clock),
            shelf=BinanceShelf(archives, BINANCE.code),
            trades=BinanceTrades(rest),
            candles=BinanceCandles(rest),
            directory=BinanceDirectory(rest, BINANCE),
            stream=BinanceStream(BINANCE.code, f"ws://{address}", connections, clock, trusted, quotes=quotes),
            statuses=rest.circuits,
        )
        try:
            yield Venue(market, clock, admin, rest, source, budget, connections)
        finally:
            await rest.aclose()
            await archives.aclose()


async def known_instrument(venue: Venue, database: Database) -> Instrument:
    """The venue's instrument, made known to the database."""
    return await Instruments(database).list_instrument(venue.market.listings()[0])


async def stored_trades(database: Database, key: InstrumentKey) -> list[Trade]:
    """All trades of the instrument that the database has, in order of their sequence."""
    async with database.driver() as driver:
        rows = await driver.fetch(_STORED, str(key))
    return [Trade(row["sequence"], row["price"], row["size"], SIDES[row["side"]], row["ts"]) for row in rows]


async def letters_about(database: Database, subject: str) -> list[tuple[str, str, bytes | None]]:
    """Kind, reason and, as far as they were kept, the bytes as received of the dead letters about the subject."""
    async with database.driver() as driver:
        rows = await driver.fetch(_LETTERS, subject)
    return [(row["kind"], row["reason"], zstd.decompress(row["body"]) if row["body"] else None) for row in rows]


async def pages_kept(database: Database, endpoint: str) -> list[bytes]:
    """The payloads, as received, of the endpoints that begin so."""
    async with database.driver() as driver:
        rows = await driver.fetch(_PAGES, endpoint)
    return [zstd.decompress(row["body"]) for row in rows]

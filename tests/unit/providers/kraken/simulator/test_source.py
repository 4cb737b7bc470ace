"""Our adapters and the simulator: what is read is what the market has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from candlewick.domain.market import AssetClass, InstrumentStatus, Trade
from candlewick.domain.time import Window
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.kraken.directory import KrakenDirectory
from candlewick.providers.kraken.history import KrakenCandles, KrakenTrades
from candlewick.providers.kraken.quotes import KrakenQuotes
from candlewick.providers.kraken.reader import KrakenReader
from candlewick.providers.kraken.rest import objection
from candlewick.providers.kraken.simulator import create_simulator
from markets import FrozenClock
from simulated import NOW
from source_doubles import Budget, Pauses
from unit.providers.kraken.simulator.venue import MARKET, OPTIONS, instrument

BTC = instrument()
DAY = Window(NOW - timedelta(days=1), NOW)


@dataclass
class Asked:
    """The client of a simulator, and its budget."""

    http: ProviderHttp
    budget: Budget
    admin: httpx.AsyncClient


@asynccontextmanager
async def asked() -> AsyncIterator[Asked]:
    app = create_simulator([MARKET], FrozenClock(NOW), OPTIONS)
    transport = httpx.ASGITransport(app)
    budget = Budget()
    http = ProviderHttp(
        "kraken", "http://simulator", budget, FrozenClock(NOW),
        bounds=Bounds(), objection=objection, transport=transport, pause=Pauses(),
    )  # fmt: skip
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://simulator") as admin,
    ):
        yield Asked(http, budget, admin)


async def all_trades(history: KrakenTrades, window: Window) -> list[Trade]:
    """Of the window, page after page, each once."""
    found: dict[int, Trade] = {}
    cursor = await history.start(BTC, window)
    while cursor is not None:
        fetched = history.read(BTC, await history.page(BTC, cursor))
        assert list(fetched.rows.rejected) == []
        found |= {trade.sequence: trade for trade in fetched.rows.trades.trades()}
        cursor = fetched.next
    return [trade for trade in found.values() if window.start <= trade.ts < window.end]


async def test_a_day_of_trades_is_the_market_s_own() -> None:
    async with asked() as venue:
        found = await all_trades(KrakenTrades(venue.http), DAY)

    assert found == MARKET.trades(BTC.key, DAY).trades()
    assert len(found) > 5000
    moments = [trade.ts for trade in found]
    assert len(set(moments)) < len(moments)  # bursts of one moment are among them


async def test_trades_after_one_are_found_by_its_time() -> None:
    before = MARKET.trades(BTC.key, DAY).trades()[-500]
    async with asked() as venue:
        history = KrakenTrades(venue.http)
        page = history.read(BTC, await history.page(BTC, history.at(before.sequence + 1, before.ts)))

    assert before.sequence + 1 in page.rows.trades.sequence.tolist()


async def test_what_lists_pairs_is_read() -> None:
    async with asked() as venue:
        directory = KrakenDirectory(venue.http)
        found = {str(each.key): each async for page in directory.pages() for each in directory.read(page)}

    assert {key: each.status for key, each in found.items()} == {
        "kraken:BTC-USD": InstrumentStatus.TRADING,
        "kraken:EUR-USD": InstrumentStatus.TRADING,
        "kraken:OLD-USD": InstrumentStatus.HALTED,
    }
    assert found["kraken:EUR-USD"].base_class is AssetClass.FIAT


async def test_candles_are_those_of_the_trades() -> None:
    window = Window(NOW - timedelta(hours=2), NOW)
    async with asked() as venue:
        candles = KrakenCandles(venue.http, FrozenClock(NOW))
        found = candles.read(BTC, await candles.page(BTC, window)).rows

    start = window.start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    assert list(found.rejected) == []
    assert [each.open_time for each in found.candles] == [start + timedelta(minutes=at) for at in range(119)]
    for candle in found.candles:
        trades = MARKET.trades(BTC.key, Window(candle.open_time, candle.open_time + timedelta(minutes=1))).trades()
        assert candle.trade_count == len(trades)
        assert candle.volume == sum(trade.size for trade in trades)
        if trades:
            prices = [trade.price for trade in trades]
            shown = (candle.open, candle.high, candle.low, candle.close)
            assert shown == (prices[0], max(prices), min(prices), prices[-1])


async def test_quotes_have_the_last_price() -> None:
    async with asked() as venue:
        quotes = KrakenQuotes(venue.http, FrozenClock(NOW))
        (page,) = await quotes.pages([BTC, instrument("EUR/USD")])
        found = quotes.read(page)

    assert set(found) == {"BTC/USD", "EUR/USD"}
    assert found["BTC/USD"].quotes[0].price == MARKET.trades(BTC.key, DAY).trades()[-1].price


async def test_kept_pages_are_read_again_into_the_same_trades() -> None:
    async with asked() as venue:
        history = KrakenTrades(venue.http)
        payload = await history.page(BTC, await history.start(BTC, DAY) or "")

    again = KrakenReader().read(payload).trades["BTC/USD"]
    assert again.trades.trades() == history.read(BTC, payload).rows.trades.trades()


@pytest.mark.parametrize("fault", ["server_error", "html", "malformed", "rate_limited"])
async def test_what_passes_is_asked_again(fault: str) -> None:
    async with asked() as venue:
        await venue.admin.post("/simulator/faults", json={"fault": fault, "count": 2})
        history = KrakenTrades(venue.http)
        payload = await history.page(BTC, await history.start(BTC, DAY) or "")

    assert len(history.read(BTC, payload).rows.trades) == 1000
    assert len(venue.budget.spent) == 3
    assert venue.budget.pauses == ([5.0, 5.0] if fault == "rate_limited" else [])

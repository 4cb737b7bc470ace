"""Klines: sums of the trades, by an independent computation; silent minutes are there, with nothing in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import pytest

from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window, microseconds
from markets import Expected, FrozenClock, expected_candles
from simulated import DAY, NOW, asking, load_market, small_market

MARKET = small_market()
BTC = InstrumentKey("binance", "BTC", "USDT")
MINUTE_MS = 60_000


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(MARKET, FrozenClock(NOW)) as asked:
        yield asked


async def klines(client: httpx.AsyncClient, **parameters: Any) -> list[list[Any]]:
    response = await client.get("/api/v3/klines", params={"symbol": "BTCUSDT", "interval": "1m", **parameters})
    assert response.status_code == 200, response.text
    found: list[list[Any]] = response.json()
    return found


def numbers(row: list[Any]) -> tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal, int, Decimal]:
    return (
        row[0], *(Decimal(text) for text in row[1:6]), Decimal(row[7]), row[8], Decimal(row[9])
    )  # fmt: skip


def as_numbers(candle: Expected) -> tuple[object, ...]:
    return (
        microseconds(candle.open_time) // 1000, candle.open, candle.high, candle.low, candle.close, candle.volume,
        candle.quote_volume, candle.trade_count, candle.taker_buy_volume,
    )  # fmt: skip


@pytest.mark.parametrize(("interval", "named"), [("1m", Interval.M1), ("15m", Interval.M15), ("1h", Interval.H1)])
async def test_they_are_the_sums_of_the_trades(client: httpx.AsyncClient, interval: str, named: Interval) -> None:
    hours = Window(DAY + timedelta(hours=10), DAY + timedelta(hours=14))
    rows = await klines(
        client, interval=interval, startTime=microseconds(hours.start), endTime=microseconds(hours.end) - 1, limit=1000
    )

    expected = [as_numbers(candle) for candle in expected_candles(MARKET.trades(BTC, hours).trades(), named.duration)]
    assert [numbers(row) for row in rows if row[8]] == expected


async def test_a_minute_without_trades_repeats_the_last_price(client: httpx.AsyncClient) -> None:
    rows = await klines(client, startTime=microseconds(DAY) // 1000, limit=1000)

    silent = [(before, row) for before, row in pairwise(rows) if row[8] == 0]
    assert silent
    assert all(row[1:6] == [before[4]] * 4 + ["0.00000000"] for before, row in silent)
    assert [row[0] for row in rows] == [microseconds(DAY) // 1000 + MINUTE_MS * index for index in range(1000)]


async def test_the_running_minute_is_the_newest(client: httpx.AsyncClient) -> None:
    rows = await klines(client, limit=3)

    newest = microseconds(NOW) // 60_000_000 * MINUTE_MS
    assert [row[0] for row in rows] == [newest - 2 * MINUTE_MS, newest - MINUTE_MS, newest]
    assert rows[-1][6] == newest + MINUTE_MS - 1


async def test_an_end_alone_gives_the_newest_up_to_it(client: httpx.AsyncClient) -> None:
    end = microseconds(DAY) // 1000 + 10 * MINUTE_MS

    assert [row[0] for row in await klines(client, endTime=end, limit=2)] == [end - MINUTE_MS, end]


async def test_a_start_after_now_gives_nothing(client: httpx.AsyncClient) -> None:
    assert await klines(client, startTime=microseconds(NOW) // 1000 + MINUTE_MS) == []


async def test_a_symbol_that_trades_no_more_has_no_candles_since(client: httpx.AsyncClient) -> None:
    assert await klines(client, symbol="OLDUSDT", startTime=microseconds(DAY) // 1000) == []


async def test_pages_are_shorter_where_trading_is_busy() -> None:
    async with asking(load_market(rate=1_000), FrozenClock(NOW)) as client:
        rows = await klines(client, startTime=microseconds(DAY) // 1000, limit=100)

    assert 1 <= len(rows) < 100
    assert all(row[8] == 60_000 for row in rows)

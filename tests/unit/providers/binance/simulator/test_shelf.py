"""The simulated archive: our own reader takes its files, and finds what REST and the market say."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey, Tape, Trade
from candlewick.domain.time import Window
from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.simulator import SimulatorOptions
from markets import FrozenClock, expected_candles, in_milliseconds
from simulated import DAY, NOW, asking, small_market

MARKET = small_market()
BTC = InstrumentKey("binance", "BTC", "USDT")
ARCHIVES = BinanceArchives(FrozenClock(NOW))
DAILY = "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2025-03-04.zip"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(MARKET, FrozenClock(NOW)) as asked:
        yield asked


async def downloaded(client: httpx.AsyncClient, path: str, folder: Path) -> Path:
    """The file, with its CHECKSUM beside it."""
    target = folder / path.rpartition("/")[2]
    for address, place in ((path, target), (f"{path}.CHECKSUM", target.with_name(f"{target.name}.CHECKSUM"))):
        response = await client.get(address)
        assert response.status_code == 200, address
        place.write_bytes(response.content)
    return target


def trades_in(path: Path) -> list[Trade]:
    contents = ARCHIVES.inspect(path)
    blocks = list(ARCHIVES.trades(path, contents))
    assert not any(block.rejected for block in blocks)
    return [trade for block in blocks for trade in block.trades.trades()]


def traded(start: datetime, days: int = 1) -> list[Trade]:
    return MARKET.trades(BTC, Window(start, start + timedelta(days=days))).trades()


@pytest.mark.parametrize("kind", ["trades", "aggTrades"])
async def test_a_day_is_read_trade_by_trade(client: httpx.AsyncClient, tmp_path: Path, kind: str) -> None:
    path = await downloaded(client, f"/data/spot/daily/{kind}/BTCUSDT/BTCUSDT-{kind}-2025-03-04.zip", tmp_path)

    assert ARCHIVES.inspect(path).tape is (Tape.TRADES if kind == "trades" else Tape.AGGREGATED)
    assert trades_in(path) == traded(DAY)


async def test_times_before_2025_are_milliseconds(client: httpx.AsyncClient, tmp_path: Path) -> None:
    path = await downloaded(client, "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2024-12-31.zip", tmp_path)

    assert trades_in(path) == [in_milliseconds(trade) for trade in traded(datetime(2024, 12, 31, tzinfo=UTC))]


async def test_a_month_is_its_days(client: httpx.AsyncClient, tmp_path: Path) -> None:
    path = await downloaded(client, "/data/spot/monthly/trades/BTCUSDT/BTCUSDT-trades-2025-02.zip", tmp_path)

    assert trades_in(path) == traded(datetime(2025, 2, 1, tzinfo=UTC), days=28)


async def test_klines_are_the_sums_of_the_trades(client: httpx.AsyncClient, tmp_path: Path) -> None:
    path = await downloaded(client, "/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-03-04.zip", tmp_path)

    blocks = list(ARCHIVES.candles(path, ARCHIVES.inspect(path)))
    found = [candle for block in blocks for candle in block.candles]
    assert len(found) == 1440
    assert [
        (each.open_time, each.open, each.high, each.low, each.close, each.volume, each.quote_volume, each.trade_count)
        for each in found if each.trade_count
    ] == [
        (each.open_time, each.open, each.high, each.low, each.close, each.volume, each.quote_volume, each.trade_count)
        for each in expected_candles(traded(DAY), Interval.M1.duration)
    ]  # fmt: skip


async def test_the_same_seed_is_the_same_bytes(client: httpx.AsyncClient) -> None:
    async with asking(small_market(), FrozenClock(NOW)) as other:
        assert (await client.get(DAILY)).content == (await other.get(DAILY)).content
    async with asking(small_market(seed=6), FrozenClock(NOW)) as third:
        assert (await client.get(DAILY)).content != (await third.get(DAILY)).content


async def test_the_checksum_is_that_of_the_file(client: httpx.AsyncClient) -> None:
    digest = hashlib.sha256((await client.get(DAILY)).content).hexdigest()

    assert (await client.get(f"{DAILY}.CHECKSUM")).text == f"{digest}  BTCUSDT-trades-2025-03-04.zip\n"


@pytest.mark.parametrize(
    "path",
    [
        "daily/trades/BTCUSDT/BTCUSDT-trades-2025-03-05.zip",
        "daily/trades/BTCUSDT/BTCUSDT-trades-2025-02-30.zip",
        "daily/trades/BTCUSDT/BTCUSDT-trades-2025-02.zip",
        "daily/trades/BTCUSDT/ETHUSDT-trades-2025-03-04.zip",
        "daily/trades/NOPE/NOPE-trades-2025-03-04.zip",
        "daily/trades/OLDUSDT/OLDUSDT-trades-2025-03-04.zip",
        "daily/trades/BTCUSDT/BTCUSDT-aggTrades-2025-03-04.zip",
        "daily/klines/BTCUSDT/1h/BTCUSDT-1h-2025-03-04.zip",
        "monthly/trades/BTCUSDT/BTCUSDT-trades-2025-03.zip",
        "../secrets",
    ],
)
async def test_what_is_not_there_is_404_in_xml(client: httpx.AsyncClient, path: str) -> None:
    for ending in ("", ".CHECKSUM"):
        response = await client.get(f"/data/spot/{path}{ending}")
        assert response.status_code == 404
    assert "<Code>NoSuchKey</Code>" in response.text or path.startswith("..")


@pytest.mark.parametrize(
    ("now", "status"),
    [(datetime(2025, 3, 2, 23, 59, tzinfo=UTC), 404), (datetime(2025, 3, 3, tzinfo=UTC), 200)],
)
async def test_a_month_is_there_from_the_first_monday_after_it(now: datetime, status: int) -> None:
    async with asking(MARKET, FrozenClock(now)) as client:
        response = await client.get("/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2025-02.zip.CHECKSUM")

    assert response.status_code == status


async def test_a_day_can_be_late() -> None:
    options = SimulatorOptions(archive_delay=timedelta(hours=15))
    async with asking(MARKET, FrozenClock(NOW), options) as client:
        assert (await client.get(f"{DAILY}.CHECKSUM")).status_code == 404


async def test_a_file_that_would_be_too_large_is_not_offered() -> None:
    async with asking(MARKET, FrozenClock(NOW), SimulatorOptions(largest_archive=3_999)) as client:
        assert (await client.get(f"{DAILY}.CHECKSUM")).status_code == 404

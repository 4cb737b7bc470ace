"""The main job on real input: archive files in, exact candles out over GraphQL, the same on every edition."""

from __future__ import annotations

import csv
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from candlewick.domain.errors import SupersededFile
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentKey, Side, Trade
from candlewick.ports import Outcome
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.trades import Trades
from graphql_client import ask, client
from importers import BTC, importer
from markets import Expected, FrozenClock, as_expected, delivery, expected_candles, new_instrument, read_all
from recordings import recording

pytestmark = pytest.mark.shared_data

FOLDER = "binance/archive_derived/data/spot/daily/trades/BTCUSDT"
DAYS = {"2024-08-08": 9_738, "2024-08-09": 10_166}
WIDTHS = [*(interval.duration for interval in Interval), *map(Duration.parse, ("PT10S", "PT2M", "PT2H", "P2D"))]

CANDLES = """
query ($spec: BarSpec!, $after: String) {
  instrument(key: "binance:BTC-USDT") {
    candles(
      spec: $spec, first: 5000, after: $after, range: {from: "2024-08-01T00:00:00Z", to: "2024-09-01T00:00:00Z"}
    ) {
      nodes { openTime closeTime open high low close volume quoteVolume vwap tradeCount takerBuyVolume status origin }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


def archive(day: str) -> Path:
    return recording(f"{FOLDER}/BTCUSDT-trades-{day}.zip")


def trades_of(day: str) -> list[Trade]:
    """The file as plain csv and Decimal read it."""
    with zipfile.ZipFile(archive(day)) as zipped, zipped.open(zipped.namelist()[0]) as member:
        return [
            Trade(
                int(row[0]),
                Decimal(row[1]),
                Decimal(row[2]),
                Side.SELL if row[5] == "True" else Side.BUY,
                datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(row[4])),
            )
            for row in csv.reader(TextIOWrapper(member))
        ]


def as_numbers(node: dict[str, Any]) -> Expected:
    return Expected(
        open_time=datetime.fromisoformat(node["openTime"]),
        open=Decimal(node["open"]),
        high=Decimal(node["high"]),
        low=Decimal(node["low"]),
        close=Decimal(node["close"]),
        volume=Decimal(node["volume"]),
        quote_volume=Decimal(node["quoteVolume"]),
        vwap=Decimal(node["vwap"]),
        trade_count=node["tradeCount"],
        taker_buy_volume=Decimal(node["takerBuyVolume"]),
    )


async def test_two_real_days_give_exact_candles_of_every_width(database: Database, tmp_path: Path) -> None:
    imports = importer(database, tmp_path)
    for day, count in DAYS.items():
        assert (await imports.run(archive(day), BTC)).outcome == Outcome(stored=count)
    for day, count in DAYS.items():
        assert (await imports.run(archive(day), BTC)).outcome == Outcome()
        assert (await imports.run(archive(day), BTC, again=True)).outcome == Outcome(repeated=count)
    tape = [trade for day in DAYS for trade in trades_of(day)]
    async with client(database) as api:
        for width in WIDTHS:
            nodes, after = [], None
            while True:
                data = await ask(api, CANDLES, spec={"time": {"every": str(width)}}, after=after)
                page = data["instrument"]["candles"]
                nodes += page["nodes"]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
            assert [as_numbers(node) for node in nodes] == expected_candles(tape, width), str(width)
            assert {(node["status"], node["origin"]) for node in nodes} == {("FINAL", "TRADES")}
            closes = [datetime.fromisoformat(node["closeTime"]) for node in nodes]
            assert closes == [width.after(datetime.fromisoformat(node["openTime"])) for node in nodes]


async def test_a_named_interval_is_the_same_as_its_duration(database: Database, tmp_path: Path) -> None:
    await importer(database, tmp_path).run(archive("2024-08-08"), BTC)
    async with client(database) as api:
        for interval in Interval:
            named = await ask(api, CANDLES, spec={"interval": interval.value})
            spelled = await ask(api, CANDLES, spec={"time": {"every": str(interval.duration)}})
            assert named == spelled


async def test_a_replaced_archive_corrects_its_day_and_the_old_one_cannot_come_back(
    database: Database, tmp_path: Path
) -> None:
    day, key = "2024-08-08", InstrumentKey("binance", "ETH", "USDT")
    right = Path(shutil.copy(archive(day), tmp_path / f"ETHUSDT-trades-{day}.zip"))
    wrong = tmp_path / "wrong" / right.name
    wrong.parent.mkdir()
    with zipfile.ZipFile(right) as source, zipfile.ZipFile(wrong, "w", zipfile.ZIP_DEFLATED) as copy:
        [name] = source.namelist()
        lines = source.read(name).splitlines(keepends=True)
        copy.writestr(name, b"".join([lines[0].replace(b"61837.63", b"99999.99"), *lines[2:]]))
    imports = importer(database, tmp_path)
    assert (await imports.run(wrong, key)).outcome.stored == DAYS[day] - 1
    imported = await imports.run(right, key)
    assert imported.corrected
    assert imported.outcome == Outcome(stored=DAYS[day])
    instrument = (await Instruments(database).by_keys([key]))[key]
    for width in (Interval.M1, Interval.H1, Interval.D1):
        found = [as_expected(candle) for candle in await read_all(database, instrument, width.duration)]
        assert found == expected_candles(trades_of(day), width.duration)
    with pytest.raises(SupersededFile, match=r"a newer version of .* replaced it: nothing stored"):
        await imports.run(wrong, key, again=True)


@pytest.fixture(scope="session")
def spy() -> tuple[list[Trade], dict[Interval, list[Expected]]]:
    """SPY on 2013-10-08: milliseconds since midnight in New York, price × 10,000, no side; and its candles."""
    midnight, tape = datetime(2013, 10, 8, 4, tzinfo=UTC), []
    with zipfile.ZipFile(recording("stock/ticks_spy_20131008_trade.zip")) as zipped:
        for number, line in enumerate(zipped.read(zipped.namelist()[0]).decode().splitlines()):
            ms, price, size, *_ = line.split(",")
            ts = midnight + timedelta(milliseconds=int(ms))
            tape.append(Trade(number, Decimal(price).scaleb(-4), Decimal(size), Side.UNKNOWN, ts))
    widths = (Interval.M1, Interval.H1, Interval.MO1)
    return tape, {width: expected_candles(tape, width.duration) for width in widths}


async def test_half_a_million_stock_ticks(
    database: Database, spy: tuple[list[Trade], dict[Interval, list[Expected]]]
) -> None:
    tape, expected = spy
    assert len(tape) == 451_545
    instrument = await new_instrument(database)
    for start in range(0, len(tape), 100_000):
        await Trades(database).insert(delivery(instrument, tape[start : start + 100_000]))
    await Candles(database, FrozenClock()).settle()
    for width, candles in expected.items():
        assert [as_expected(candle) for candle in await read_all(database, instrument, width.duration)] == candles

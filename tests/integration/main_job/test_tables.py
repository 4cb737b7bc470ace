"""Tables of anybody's making through the import: every row accounted for, digit for digit, on every edition."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import TextIOWrapper
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.errors import MisleadingColumns, TooManyRejected, UnknownAssetClass, WrongEncoding
from candlewick.domain.interval import Interval
from candlewick.domain.market import AssetClass, InstrumentKey, Side, Trade
from candlewick.domain.page import QuoteQuery, TradeQuery
from candlewick.domain.time import Window
from candlewick.ports import Outcome
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from importers import table_importer
from markets import as_expected, expected_candles, read_all
from recordings import recording
from tables import (
    DAY,
    LEAN_DAYS,
    LEAN_FACTORS,
    LEAN_NAMES,
    LEAN_QUOTES,
    LEAN_TRADES,
    MONTHS,
    trade_row,
    trade_table,
    write,
)

_NUMBER = count(1)


@pytest.fixture
def key() -> InstrumentKey:
    """An instrument that no other test knows."""
    return InstrumentKey("tables", f"T{next(_NUMBER)}", "USD")


def as_crypto(mapping: str = "") -> str:
    return f"{mapping}\ninstrument.base_class = 'crypto'"


async def stored(database: Database, key: InstrumentKey) -> list[tuple[int, Decimal, Decimal]]:
    found = (await Instruments(database).by_keys([key])).get(key)
    if found is None:
        return []
    page = (await Trades(database).read([found.id], TradeQuery(limit=5000)))[found.id]
    return [(row.sequence, Decimal(row.price), Decimal(row.size)) for row in page.rows]


async def letters(database: Database, key: InstrumentKey) -> list[str]:
    async with database.driver() as driver:
        rows = await driver.fetch("SELECT reason FROM dead_letter WHERE subject = $1 ORDER BY id", str(key))
    return [row["reason"] for row in rows]


async def test_a_table_goes_in_and_its_bad_rows_are_dead_letters(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    rows = [trade_row(number) for number in range(40)]
    rows[7] = trade_row(7, price="=1+1")
    path = write(tmp_path, "\n".join(["time,id,price,size,side", *rows, rows[3], ""]))
    imported = await table_importer(database, tmp_path, key, as_crypto()).run(path, key)

    assert imported.outcome == Outcome(stored=39, repeated=1, dead=1)
    assert [sequence for sequence, _, _ in await stored(database, key)] == [n for n in range(40) if n != 7]
    assert await letters(database, key) == ["row 9: price '=1+1' is a formula"]
    assert imported.file.source == "csv"


async def test_the_same_table_again_stores_nothing_twice(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    importer = table_importer(database, tmp_path, key, as_crypto("columns.id = false"), batch_rows=50)
    path = write(tmp_path, trade_table(200))
    assert (await importer.run(path, key)).outcome == Outcome(stored=200)
    assert (await importer.run(path, key)).already
    assert (await importer.run(path, key, again=True)).outcome == Outcome(repeated=200)
    longer = write(tmp_path, trade_table(260))
    assert (await importer.run(longer, key)).outcome == Outcome(stored=60, repeated=200)
    assert len(await stored(database, key)) == 260


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (trade_table(3000).encode() + b"M\xfcller\n", WrongEncoding),
        (trade_table(3000).encode("utf-16"), WrongEncoding),
        (b"time,price,size\n" + b"1723109400,AAPL,1\n" * 50, MisleadingColumns),
        (trade_table(3000).encode() + b"1,2,3\n" * 400, TooManyRejected),
    ],
)
async def test_a_table_that_is_found_lying_leaves_nothing_behind(
    database: Database, tmp_path: Path, key: InstrumentKey, content: bytes, error: type[Exception]
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(error):
        await table_importer(database, tmp_path, key, as_crypto(), batch_rows=50).run(path, key)
    assert await Instruments(database).by_keys([key]) == {}
    assert not (tmp_path / "archives").exists()
    assert await letters(database, key) == []


async def test_an_instrument_of_which_nobody_knows_what_it_is_is_not_made(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    path = write(tmp_path, trade_table(5))
    with pytest.raises(UnknownAssetClass):
        await table_importer(database, tmp_path, key).run(path, key)
    assert not (tmp_path / "archives").exists()
    await table_importer(database, tmp_path, key, as_crypto()).run(path, key)
    known = (await Instruments(database).by_keys([key]))[key]
    assert known.asset_class is AssetClass.CRYPTO
    assert (await table_importer(database, tmp_path, key).run(path, key)).already is False


async def test_candles_of_a_table_are_the_venue_s(database: Database, tmp_path: Path, key: InstrumentKey) -> None:
    header = "timestamp,open,high,low,close,volume"
    rows = [f"{(DAY + timedelta(minutes=n)).timestamp():.0f},1.5,2.25,0.125,2,{n}" for n in range(120)]
    path = write(tmp_path, "\n".join([header, *rows, ""]))
    imported = await table_importer(database, tmp_path, key, as_crypto()).run(path, key)
    assert imported.outcome == Outcome(stored=120)

    found = await read_all(database, imported.instrument, Interval.H1.duration, CandleOrigin.VENUE)
    assert [(candle.open, candle.high, candle.low, candle.close, candle.volume) for candle in found] == [
        ("1.5", "2.25", "0.125", "2", str(sum(range(60)))),
        ("1.5", "2.25", "0.125", "2", str(sum(range(60, 120)))),
    ]


async def test_quotes_of_a_table_are_quotes(database: Database, tmp_path: Path, key: InstrumentKey) -> None:
    rows = ["2024-08-08T09:30:00Z,1.1,1.2", "2024-08-08T09:30:01Z,1.1,1.2", "2024-08-08T09:30:02Z,1.1,1.3", "x,1,1"]
    path = write(tmp_path, "\n".join(["time,bid,ask", *rows, ""]))
    importer = table_importer(database, tmp_path, key, as_crypto("max_rejected = 0.5"))
    imported = await importer.run(path, key)
    assert imported.outcome == Outcome(stored=2, repeated=1, dead=1)
    assert (await importer.run(path, key)).already
    query = QuoteQuery(limit=10)
    page = (await Quotes(database).read([imported.instrument.id], query))[imported.instrument.id]
    assert [(row.source, row.bid, row.ask) for row in page.rows] == [("csv", "1.1", "1.2"), ("csv", "1.1", "1.3")]


def rows_of(path: Path) -> Iterator[list[str]]:
    """The table as plain csv reads it."""
    with zipfile.ZipFile(path) as zipped, zipped.open(zipped.namelist()[0]) as member:
        yield from csv.reader(TextIOWrapper(member))


@pytest.mark.shared_data
async def test_the_recorded_ticks_of_a_share_are_stored_and_folded_exactly(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    path = recording("stock/ticks_spy_20131008_trade.zip")
    midnight = datetime(2013, 10, 8, 4, tzinfo=UTC)
    trades = [
        Trade(
            place,
            Decimal(row[1]) / 10_000,
            Decimal(row[2]),
            Side.UNKNOWN,
            midnight + timedelta(milliseconds=int(row[0])),
        )
        for place, row in enumerate(rows_of(path), 1)
    ]
    imported = await table_importer(database, tmp_path, key, LEAN_TRADES).run(path, key)
    assert imported.outcome == Outcome(stored=451_545)
    assert len(trades) == 451_545

    for interval in (Interval.M1, Interval.H1, Interval.D1):
        found = await read_all(database, imported.instrument, interval.duration)
        assert list(map(as_expected, found)) == expected_candles(trades, interval.duration)


@pytest.mark.shared_data
async def test_the_recorded_quotes_of_a_currency_pair_are_all_accounted_for(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    path = recording("fx/ticks_fxcm_eurusd_20140502_quote.zip")
    imported = await table_importer(database, tmp_path, key, as_crypto(LEAN_QUOTES)).run(path, key)
    midnight = datetime(2014, 5, 2, 4, tzinfo=UTC)
    said = {midnight + timedelta(milliseconds=int(row[0])): tuple(row[1:]) for row in rows_of(path)}
    outcome = imported.outcome
    assert outcome.stored + outcome.repeated == 96_406
    assert outcome.dead == 0
    async with database.driver() as driver:
        rows: list[Any] = await driver.fetch(
            "SELECT ts, bid::text, ask::text FROM quote WHERE instrument_id = $1 ORDER BY ts", imported.instrument.id
        )
    expected = [next(same) for _, same in groupby(said.items(), key=itemgetter(1))]
    assert [(row["ts"], (row["bid"], row["ask"])) for row in rows] == expected


@pytest.mark.shared_data
async def test_the_recorded_days_and_factors_of_a_share_go_in_together(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    days = recording("stock/lean_daily_aapl.zip")
    imported = await table_importer(database, tmp_path, key, LEAN_DAYS).run(days, key)
    factors = await table_importer(database, tmp_path, key, LEAN_FACTORS).run(
        recording("stock/factor_files/aapl.csv"), key
    )
    assert (imported.outcome, factors.outcome) == (Outcome(stored=5_849), Outcome(stored=41))
    async with database.driver() as driver:
        rows = await driver.fetch(
            "SELECT open_time, open, high, low, close, volume FROM candle_day WHERE instrument_id = $1 ORDER BY 1",
            imported.instrument.id,
        )
    for row, raw in zip(rows, rows_of(days), strict=True):
        assert f"{row['open_time']:%Y%m%d 00:00}" == raw[0]
        assert [row["open"], row["high"], row["low"], row["close"]] == [Decimal(price) / 10_000 for price in raw[1:5]]
        assert row["volume"] == Decimal(raw[5])


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "mapping", "count"), [("brent_daily", "", 9_958), ("gold_monthly", MONTHS, 2_322)])
async def test_the_recorded_prices_of_commodities_are_days(
    database: Database, tmp_path: Path, key: InstrumentKey, name: str, mapping: str, count: int
) -> None:
    path = recording(f"commodity/{name}.csv")
    imported = await table_importer(database, tmp_path, key, as_crypto(mapping)).run(path, key)
    assert imported.outcome == Outcome(stored=count)


@pytest.mark.shared_data
async def test_the_recorded_names_of_a_share_are_dated_aliases(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    path, importer = recording("stock/map_files/twx.csv"), table_importer(database, tmp_path, key, LEAN_NAMES)
    imported = await importer.run(path, key)
    assert imported.outcome == Outcome(stored=3)
    assert (await importer.run(path, key, again=True)).outcome == Outcome(repeated=3)
    listed = imported.instrument.symbol
    for day, names in (
        (datetime(1999, 1, 1, tzinfo=UTC), {"aol"}),
        (datetime(2003, 10, 15, tzinfo=UTC), {"aol"}),
        (datetime(2003, 10, 16, tzinfo=UTC), {"twx"}),
        (datetime(2020, 1, 1, tzinfo=UTC), set[str]()),
    ):
        window = Window(day, day + timedelta(days=1))
        assert await Instruments(database).symbols(imported.instrument.id, window) == names | {listed}

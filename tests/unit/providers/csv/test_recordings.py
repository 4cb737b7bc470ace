"""Recordings of other people's tables are read with no row unaccounted for, their values digit for digit."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from candlewick.domain.day import DayCandle, DayLines, Factor
from candlewick.domain.market import DataKind
from candlewick.domain.quote import Quote
from candlewick.domain.raw import TradeLines
from candlewick.providers.container import BLOCK
from candlewick.providers.csv.numbering import DAY_SPACE, FIRST
from recordings import recording
from tables import LEAN_DAYS, LEAN_FACTORS, LEAN_NAMES, LEAN_QUOTES, LEAN_TRADES, MONTHS, files

pytestmark = pytest.mark.shared_data

NEW_YORK = ZoneInfo("America/New_York")
TENTHS_OF_CENTS = Decimal("0.0001")


def rows_of(path: Path) -> Iterator[list[str]]:
    """The table as plain csv reads it."""
    if path.suffix != ".zip":
        with path.open(newline="") as file:
            yield from csv.reader(file)
        return
    with zipfile.ZipFile(path) as zipped, zipped.open(zipped.namelist()[0]) as member:
        yield from csv.reader(TextIOWrapper(member))


def days_of(path: Path, mapping: str) -> DayLines:
    source = files(mapping, BLOCK, now=datetime(2026, 9, 1, tzinfo=UTC))
    contents = source.inspect(path)
    assert contents.kind is DataKind.DAYS
    blocks = list(source.days(path, contents))
    return DayLines(
        [candle for block in blocks for candle in block.candles],
        [factor for block in blocks for factor in block.factors],
        [row for block in blocks for row in block.rejected],
        blocks[-1].last_line,
        [spelling for block in blocks for spelling in block.spellings],
    )


def test_every_recorded_tick_of_a_share_is_a_trade() -> None:
    path = recording("stock/ticks_spy_20131008_trade.zip")
    source = files(LEAN_TRADES, BLOCK)
    contents = source.inspect(path)
    lines = TradeLines.concat(list(source.trades(path, contents)))
    trades = lines.trades.trades()

    assert (contents.lines, len(trades), list(lines.rejected)) == (451_545, 451_545, [])
    midnight = datetime(2013, 10, 8, 4, tzinfo=UTC)
    day = (date(2013, 10, 8) - date(1970, 1, 1)).days
    for place, (trade, row) in enumerate(zip(trades, rows_of(path), strict=True), 1):
        assert (trade.price, trade.size) == (Decimal(row[1]) * TENTHS_OF_CENTS, Decimal(row[2]))
        assert trade.ts == midnight + timedelta(milliseconds=int(row[0]))
        assert trade.sequence == FIRST + day * DAY_SPACE + place


def test_every_recorded_quote_of_a_currency_pair_is_a_quote() -> None:
    path = recording("fx/ticks_fxcm_eurusd_20140502_quote.zip")
    source = files(LEAN_QUOTES, BLOCK)
    contents = source.inspect(path)
    blocks = list(source.quotes(path, contents))
    quotes = [quote for block in blocks for quote in block.quotes]

    assert (contents.lines, len(quotes), sum(len(block.rejected) for block in blocks)) == (96_406, 96_406, 0)
    midnight = datetime(2014, 5, 2, tzinfo=NEW_YORK).astimezone(UTC)
    for quote, row in zip(quotes, rows_of(path), strict=True):
        assert quote == Quote(midnight + timedelta(milliseconds=int(row[0])), bid=Decimal(row[1]), ask=Decimal(row[2]))


def test_every_recorded_day_of_a_share_is_a_day() -> None:
    path = recording("stock/lean_daily_aapl.zip")
    found = days_of(path, LEAN_DAYS)
    expected = []
    for row in rows_of(path):
        day = datetime.strptime(row[0], "%Y%m%d %H:%M").replace(tzinfo=UTC).date()
        opened, high, low, close = (Decimal(price) * TENTHS_OF_CENTS for price in row[1:5])
        expected.append(DayCandle(day, opened, high, low, close, Decimal(row[5])))
    assert (list(found.candles), list(found.rejected), found.last_line) == (expected, [], 5_849)


def test_every_recorded_factor_of_a_share_is_a_factor() -> None:
    path = recording("stock/factor_files/aapl.csv")
    found = days_of(path, LEAN_FACTORS)
    expected = [
        Factor(datetime.strptime(row[0], "%Y%m%d").replace(tzinfo=UTC).date(), *map(Decimal, row[1:]))
        for row in rows_of(path)
    ]
    assert (list(found.factors), list(found.rejected), len(expected)) == (expected, [], 41)


@pytest.mark.parametrize(("name", "mapping", "count"), [("brent_daily", "", 9_958), ("gold_monthly", MONTHS, 2_322)])
def test_every_recorded_price_of_a_commodity_is_a_day(name: str, mapping: str, count: int) -> None:
    path = recording(f"commodity/{name}.csv")
    found = days_of(path, mapping)
    _, *rows = rows_of(path)
    for candle, (day, price) in zip(found.candles, rows, strict=True):
        assert candle.day.isoformat().startswith(day)
        assert {candle.open, candle.high, candle.low, candle.close} == {Decimal(price)}
    assert (len(found.candles), list(found.rejected)) == (count, [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("twx", [("aol", date(1998, 1, 2)), ("aol", date(2003, 10, 15)), ("twx", date(2018, 6, 15))]),
        ("goog", [("goocv", date(2014, 3, 27)), ("goocv", date(2014, 4, 2)), ("goog", date(2050, 12, 31))]),
    ],
)
def test_every_recorded_name_of_a_share_is_a_name(name: str, expected: list[tuple[str, date]]) -> None:
    found = days_of(recording(f"stock/map_files/{name}.csv"), LEAN_NAMES)
    assert [(spelling.symbol, spelling.until) for spelling in found.spellings] == expected
    assert list(found.rejected) == []

"""The contract of candles as columns: they say what the rows say, whatever these are made of."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from candlewick.domain.candle import Candle, CandleStatus, MinuteCandle
from candlewick.domain.columns import NUMBERS, CandleColumns, ColumnChoice
from candlewick.domain.interval import Duration
from candlewick.domain.market import Instrument, InstrumentId, Side, Trade
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.time import EPOCH, Window
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument

START = datetime(2024, 8, 8, tzinfo=UTC)
ALL = ColumnChoice(frozenset(NUMBERS), frozenset(NUMBERS))
WIDTHS = ["PT1M", "PT5M", "PT7M", "PT1H", "PT90S", "P1D", "P1M"]


def tape(count: int, every: timedelta = timedelta(seconds=100)) -> list[Trade]:
    return [
        Trade(n, Decimal(n + 1) / 8, Decimal(n % 7 + 1) / 100, [Side.BUY, Side.SELL][n % 2], START + n * every)
        for n in range(count)
    ]


def published(opened: datetime, volume: Decimal) -> MinuteCandle:
    price = Decimal("7.10")
    return MinuteCandle(opened, price, price, price, price, volume, None, None, None, None)


async def market(database: Database, *, refreshed: bool = True) -> Instrument:
    """Trades, some of them late, and minutes of the venue's own after them."""
    instrument = await new_instrument(database)
    trades = tape(400)
    await Trades(database).insert(delivery(instrument, trades[:300] + trades[310:]))
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    await Trades(database).insert(delivery(instrument, trades[300:310]))
    beyond = [published(START + timedelta(hours=12, minutes=n), Decimal(n)) for n in range(20)]
    await Candles(database, FrozenClock()).put_published(instrument, beyond, received_at=LATER)
    return instrument


def read_back(found: CandleColumns) -> CandleColumns:
    """Written columns as any client reads them."""
    if found.written is None:
        return found
    exact, floats, others = (
        {name: json.loads(text) for name, text in kind.items()}
        for kind in (found.written.exact, found.written.floats, found.written.others)
    )
    columns = CandleColumns(exact=exact, floats=floats, more=found.more, **others)
    assert columns.ends == found.ends
    return columns


def turned(rows: list[Candle], columns: CandleColumns) -> None:
    """The columns are these rows."""
    columns = read_back(columns)
    millisecond = timedelta(milliseconds=1)
    assert list(columns.open_time) == [(row.open_time - EPOCH) // millisecond for row in rows]
    assert list(columns.close_time) == [(row.close_time - EPOCH) // millisecond for row in rows]
    for name in NUMBERS if rows else ():
        texts = [getattr(row, name) for row in rows]
        assert list(columns.exact[name]) == texts, name
        assert list(columns.floats[name]) == [None if text is None else float(text) for text in texts], name
    for name in ("trade_count", "status", "origin"):
        assert list(getattr(columns, name)) == [getattr(row, name) for row in rows], name


@pytest.mark.parametrize("refreshed", [True, False])
async def test_columns_say_what_the_rows_say(database: Database, refreshed: bool) -> None:
    instrument = await market(database, refreshed=refreshed)
    store = Candles(database, FrozenClock(START + timedelta(hours=12, minutes=19)))
    windows = [None, Window(START, START + timedelta(hours=3)), Window(LATER, LATER + timedelta(days=1))]
    for width, window, newest, limit in product(WIDTHS, windows, (True, False), (5, 2000)):
        query = CandleQuery(Duration.parse(width), limit, window=window, newest=newest)
        rows = (await store.read([instrument.id], query))[instrument.id]
        columns = (await store.read_columns([instrument.id], query, ALL))[instrument.id]
        turned(list(rows.rows), columns)
        assert columns.more == rows.more, query


@pytest.mark.parametrize("fill", Fill)
async def test_coverage_and_windows_without_trades_come_as_columns_too(database: Database, fill: Fill) -> None:
    instrument = await market(database)
    query = replace(CandleQuery(Duration.parse("PT1M"), 50, newest=False), fill=fill, coverage=True)
    store = Candles(database, FrozenClock())
    rows = list((await store.read([instrument.id], query))[instrument.id].rows)
    columns = (await store.read_columns([instrument.id], query, ALL))[instrument.id]
    turned(rows, columns)
    assert list(columns.coverage) == [row.coverage for row in rows]


async def test_open_windows_are_provisional_and_late_data_revises(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, tape(4, timedelta(minutes=1))))
    late = Trade(99, Decimal(1), Decimal(1), Side.BUY, START + timedelta(seconds=1))
    await Trades(database).insert(delivery(instrument, [late]))
    store = Candles(database, FrozenClock(START + timedelta(minutes=3, seconds=30)))
    query = CandleQuery(Duration.parse("PT1M"), 10)
    columns = read_back((await store.read_columns([instrument.id], query, ColumnChoice()))[instrument.id])
    assert list(columns.status) == [
        CandleStatus.REVISED, CandleStatus.FINAL, CandleStatus.FINAL, CandleStatus.PROVISIONAL
    ]  # fmt: skip


async def test_clean_candles_are_written_by_the_database_and_dirty_ones_are_not(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, tape(40)))
    store, query = Candles(database, FrozenClock()), CandleQuery(Duration.parse("PT5M"), 5)
    dirty = (await store.read_columns([instrument.id], query, ALL))[instrument.id]
    await tree.refresh(database, older_than=timedelta())
    clean = (await store.read_columns([instrument.id], query, ALL))[instrument.id]
    assert (dirty.written, clean.written is not None) == (None, True)
    turned(list((await store.read([instrument.id], query))[instrument.id].rows), clean)


async def test_only_what_is_wanted_is_written(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, tape(4)))
    choice = ColumnChoice(frozenset({"close"}), frozenset({"vwap"}), frozenset())
    found = await Candles(database, FrozenClock()).read_columns(
        [instrument.id], CandleQuery(Duration.parse("PT1M"), 2, newest=False), choice
    )
    written = found[instrument.id].written
    assert written is not None
    assert written.exact == {"close": '["0.125","0.25"]'}
    assert json.loads(written.floats["vwap"]) == [0.125, 0.25]
    assert written.others == {"open_time": "[1723075200000,1723075260000]"}


async def test_many_instruments_come_at_once_each_its_own(database: Database) -> None:
    instruments = [await market(database) for _ in range(3)]
    nobody = InstrumentId(2**31 - 1)
    store = Candles(database, FrozenClock())
    query = CandleQuery(Duration.parse("PT1H"), 4)
    keys = [*(instrument.id for instrument in instruments), nobody]
    rows, columns = await store.read(keys, query), await store.read_columns(keys, query, ALL)
    for key in keys:
        turned(list(rows[key].rows), columns[key])

"""The contract of candles that the database writes: they are the rows, and their keys are those of cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from candlewick.domain.candle import Candle, CandleOrigin, MinuteCandle
from candlewick.domain.interval import Duration
from candlewick.domain.market import Instrument, InstrumentId, Side, Trade
from candlewick.domain.page import CandleQuery, Fill, Page
from candlewick.domain.time import Window, microseconds
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument
from written import text_of

pytestmark = pytest.mark.usefixtures("swept")

START = datetime(2024, 8, 8, tzinfo=UTC)
NAMES = tuple(name for name in Candle._fields if name not in {"version", "coverage"})
WIDTHS = ("PT1M", "PT5M", "PT1H", "P1D", "P7D", "P1M")


def template(*columns: str, keyed: bool = False) -> RowTemplate:
    return RowTemplate((*(f'["{number}",' for number, _ in enumerate(columns)), "end]"), columns, keyed)


def tape(count: int, every: timedelta = timedelta(seconds=100)) -> list[Trade]:
    return [
        Trade(n, Decimal(n + 1) / 8, Decimal(n % 7 + 1) / 100, [Side.BUY, Side.SELL][n % 2], START + n * every)
        for n in range(count)
    ]


def published(opened: datetime, volume: Decimal) -> MinuteCandle:
    price = Decimal("7.10")
    return MinuteCandle(opened, price, price, price, price, volume, None, None, None, None)


async def traded(database: Database, count: int = 400) -> Instrument:
    """Trades, of which a minute changed after it was closed; a clean tree over them."""
    instrument = await new_instrument(database)
    trades = tape(count)
    await Trades(database).insert(delivery(instrument, trades[:200] + trades[210:], received_at=LATER))
    await Trades(database).insert(delivery(instrument, trades[200:210], received_at=LATER))
    await Candles(database, FrozenClock()).settle()
    return instrument


def store_of(database: Database) -> Candles:
    return Candles(database, FrozenClock(START + timedelta(hours=10)))


async def compared(store: Candles, ids: list[InstrumentId], query: CandleQuery, asked: RowTemplate) -> int:
    """Compare pages with rows; how many were written."""
    rows, found = await store.read(ids, query), await store.read_written(ids, query, asked)
    for key in ids:
        page = found.get(key, WrittenPage(()))
        expected = rows.get(key, Page((), more=False))
        if isinstance(page, WrittenPage):
            assert list(page.rows) == [text_of(row, asked) for row in expected.rows]
            keys = [str(microseconds(row.open_time)) for row in expected.rows] if asked.keyed else []
            assert list(page.keys) == keys
            assert page.more == expected.more
        else:
            assert page == expected
    return sum(isinstance(page, WrittenPage) for page in found.values())


async def test_what_is_written_is_what_is_read(database: Database) -> None:
    instrument, store = await traded(database), store_of(database)
    windows = [None, Window(START, START + timedelta(hours=3)), Window(LATER, LATER + timedelta(days=1))]
    templates = [template(*NAMES, keyed=True), template(), template("close", "open_time", "close"), template("status")]
    for width, window, newest, limit in product(WIDTHS, windows, (True, False), (5, 2000)):
        query = CandleQuery(Duration.parse(width), limit, window=window, newest=newest)
        for asked in templates:
            written = await compared(store, [instrument.id], query, asked)
            assert written or window is not None, query


async def test_many_instruments_are_written_at_once_each_for_itself(database: Database) -> None:
    first, second, empty = await traded(database), await traded(database, 300), await new_instrument(database)
    query = CandleQuery(Duration.parse("PT5M"), 50)
    assert await compared(store_of(database), [second.id, empty.id, first.id], query, template(*NAMES)) == 2


async def test_rows_of_a_dirty_instrument_come_beside_the_written_ones(database: Database) -> None:
    clean, dirty = await traded(database), await traded(database)
    late = Trade(9_999, Decimal(7), Decimal(1), Side.SELL, START + timedelta(hours=1, seconds=1))
    await Trades(database).insert(delivery(dirty, [late]))
    hours = CandleQuery(Duration.parse("PT1H"), 50)
    await compared(store_of(database), [dirty.id, clean.id], hours, template(*NAMES, keyed=True))
    await tree.refresh(database, older_than=timedelta())
    assert await compared(store_of(database), [dirty.id, clean.id], hours, template(*NAMES)) == 2


async def test_edges_of_many_instruments_are_written_together(database: Database) -> None:
    live, other, calm = await mixed(database), await traded(database), await traded(database, 30)
    for instrument, minutes in ((live, 5), (other, 700)):
        newer = Trade(9_999, Decimal(7), Decimal(1), Side.SELL, START + timedelta(hours=8, minutes=minutes))
        await Trades(database).insert(delivery(instrument, [newer]))
    ids, asked = [live.id, other.id, calm.id], template(*NAMES, keyed=True)
    for width, limit in product(("PT5M", "PT15M", "PT1H", "P1D", "P1M"), (1, 7, 500)):
        assert await compared(store_of(database), ids, CandleQuery(Duration.parse(width), limit), asked) == 3


async def test_candles_of_the_venue_have_nulls_where_it_says_nothing(database: Database) -> None:
    instrument, store = await new_instrument(database), store_of(database)
    minutes = [published(START + timedelta(minutes=n), Decimal(n)) for n in range(30)]
    await store.put_published(instrument, minutes, received_at=LATER)
    await store.settle()
    for width in ("PT1M", "PT5M"):
        query = CandleQuery(Duration.parse(width), 50, CandleOrigin.VENUE)
        assert await compared(store, [instrument.id], query, template(*NAMES)) == 1


async def test_a_count_beyond_what_the_api_can_say_is_left_to_it(database: Database) -> None:
    instrument, store = await traded(database), store_of(database)
    async with database.driver() as driver:
        await driver.execute(
            "UPDATE candle_m1 SET trade_count = 2147483648 WHERE instrument_id = $1 AND open_time = $2",
            instrument.id, START,
        )  # fmt: skip
    query = CandleQuery(Duration.parse("PT1M"), 500)
    assert await compared(store, [instrument.id], query, template("trade_count")) == 0
    assert await compared(store, [instrument.id], query, template("open")) == 1


async def mixed(database: Database) -> Instrument:
    """Trades, with the venue's own minutes beside and beyond them: as good, better, worse, and without a volume."""
    instrument = await traded(database, 200)
    store = Candles(database, FrozenClock())
    query = CandleQuery(Duration.parse("PT1M"), 40, newest=False)
    minutes = []
    for number, row in enumerate((await store.read([instrument.id], query))[instrument.id].rows):
        open_, high, low, close, volume = (Decimal(text or 0) for text in row[2:7])
        volume += Decimal(number % 3 - 1) / 1000
        minutes.append(MinuteCandle(row.open_time, open_, high, low, close, volume, None, None, None, None))
    minutes += [published(START + timedelta(hours=7, minutes=n), Decimal(n)) for n in range(20)]
    await store.put_published(instrument, minutes, received_at=LATER)
    await store.settle()
    return instrument


@pytest.mark.parametrize("origin", [None, *CandleOrigin])
async def test_of_several_origins_the_best_is_written(database: Database, origin: CandleOrigin | None) -> None:
    both, one = await mixed(database), await traded(database)
    store = store_of(database)
    windows = [None, Window(START + timedelta(minutes=7), START + timedelta(hours=8))]
    for width, window, newest, limit in product(("PT1M", "PT5M", "PT1H"), windows, (True, False), (7, 2000)):
        query = CandleQuery(Duration.parse(width), limit, origin, window, newest=newest)
        written = await compared(store, [both.id, one.id], query, template(*NAMES, keyed=True))
        assert written == (2 if origin in {None, CandleOrigin.TRADES} else 1 if origin is CandleOrigin.VENUE else 0)


async def test_dirt_beyond_the_page_does_not_matter(database: Database) -> None:
    instrument, store = await traded(database), store_of(database)
    late = Trade(9_999, Decimal(7), Decimal(1), Side.SELL, START + timedelta(hours=1, seconds=1))
    await Trades(database).insert(delivery(instrument, [late]))
    asked, hour, width = template(*NAMES), timedelta(hours=1), Duration.parse("PT5M")
    for query, expected in (
        (CandleQuery(width, 12), 1),
        (CandleQuery(width, 500), 1),
        (CandleQuery(width, 11, newest=False), 1),
        (CandleQuery(width, 12, newest=False), 0),
        (CandleQuery(width, 500, window=Window(START, START + hour), newest=False), 1),
        (CandleQuery(width, 500, window=Window(START, START + hour + timedelta(minutes=1)), newest=False), 0),
        (CandleQuery(width, 500, window=Window(START, START + hour + timedelta(minutes=1))), 0),
        (CandleQuery(width, 500, window=Window(START, START + hour - width.span)), 1),
        (CandleQuery(width, 500, window=Window(START + hour + width.span, START + 9 * hour)), 1),
        (CandleQuery(Duration.parse("PT1M"), 500), 1),
    ):
        assert await compared(store, [instrument.id], query, asked) == expected, query


async def test_the_edge_of_a_live_instrument_is_written_by_us(database: Database) -> None:
    instrument, store = await traded(database), store_of(database)
    newer = Trade(9_999, Decimal(7), Decimal(1), Side.SELL, START + timedelta(hours=11, minutes=10))
    await Trades(database).insert(delivery(instrument, [newer]))
    asked, width = template(*NAMES, keyed=True), Duration.parse("PT1H")
    for limit in (1, 2, 5, 500):
        assert await compared(store, [instrument.id], CandleQuery(width, limit), asked) == 1
    assert await compared(store, [instrument.id], CandleQuery(width, 5, newest=False), asked) == 1
    earlier = CandleQuery(width, 5, window=Window(START, START + timedelta(hours=10)))
    assert await compared(store, [instrument.id], earlier, asked) == 1


@pytest.mark.parametrize(
    "query",
    [
        CandleQuery(Duration.parse("PT7M"), 50),
        CandleQuery(Duration.parse("PT1S"), 50),
        CandleQuery(Duration.parse("PT5M"), 50, fill=Fill.EMPTY),
        CandleQuery(Duration.parse("PT5M"), 50, coverage=True),
    ],
)
async def test_candles_that_are_made_on_demand_are_rows(database: Database, query: CandleQuery) -> None:
    instrument = await traded(database)
    names = ("open", "coverage") if query.coverage else ("open",)
    found = await store_of(database).read_written([instrument.id], query, template(*names))
    assert isinstance(found[instrument.id], Page)


async def test_a_template_with_too_many_columns_gets_rows(database: Database) -> None:
    instrument, query = await traded(database), CandleQuery(Duration.parse("PT5M"), 50)
    found = await store_of(database).read_written([instrument.id], query, template(*["open"] * 46))
    assert isinstance(found[instrument.id], Page)
    assert await compared(store_of(database), [instrument.id], query, template(*["open"] * 45)) == 1

"""The contract: however the same trades are delivered, candles are the same, on every edition, at once."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.storage import tree
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import as_expected, delivery, expected_candles, in_milliseconds, new_instrument, read_all

ODD = [Duration.parse(text) for text in ("PT7S", "PT7M", "PT10M", "PT2H", "PT36H", "P2D", "P2W", "P3M", "P5M", "P1Y")]
WIDTHS = [interval.duration for interval in Interval] + ODD

# A switch to daylight saving time in New York, the end of a chunk of trades (weeks from 1970-01-01), a month, a year.
BORDERS = [
    datetime(2024, 3, 10, 7, tzinfo=UTC),
    datetime(2024, 11, 3, 6, tzinfo=UTC),
    datetime(2024, 8, 8, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 30, tzinfo=UTC),
    datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
]


@st.composite
def tapes(draw: st.DrawFn) -> list[Trade]:
    """A tape: trades around a border in time, many in one minute, sequences in the order of time."""
    start = draw(st.sampled_from(BORDERS)) - timedelta(seconds=draw(st.integers(0, 7200)))
    steps = draw(
        st.lists(
            st.sampled_from([0, 1, 999, 1_000, 900_000, 61_000_000, 7_200_000_000, 86_400_000_000]),
            min_size=1,
            max_size=40,
        )
    )
    price = st.decimals("0.00000001", "99999999.99999999", places=8)
    trades, ts = [], start
    for sequence, step in enumerate(steps, start=draw(st.integers(0, 2**40))):
        ts += timedelta(microseconds=step)
        trades.append(Trade(sequence, draw(price), draw(price), draw(st.sampled_from(Side)), ts))
    return trades


async def assert_candles(database: Database, instrument: Instrument, trades: list[Trade]) -> None:
    for duration in WIDTHS:
        found = [as_expected(candle) for candle in await read_all(database, instrument, duration)]
        assert found == expected_candles(trades, duration), f"{duration}"


SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SLOW
@given(tape=tapes(), seed=st.integers(0, 2**32), refreshed=st.sampled_from(["never", "between", "after"]))
async def test_shuffled_split_repeated_and_late_deliveries(
    database: Database, tape: list[Trade], seed: int, refreshed: str
) -> None:
    chance = random.Random(seed)
    instrument = await new_instrument(database)
    store = Trades(database)
    feed = tape + [in_milliseconds(trade) for trade in tape if chance.random() < 0.5]
    chance.shuffle(feed)
    while feed:
        size = chance.randint(1, len(feed))
        part, feed = feed[:size], feed[size:]
        await store.insert(delivery(instrument, part))
        if chance.random() < 0.3:
            await store.insert(delivery(instrument, part))
        if refreshed == "between":
            await tree.refresh(database, older_than=timedelta())
    if refreshed == "after":
        await tree.refresh(database, older_than=timedelta())
    await assert_candles(database, instrument, tape)


@SLOW
@given(tape=tapes(), seed=st.integers(0, 2**32))
async def test_four_writers_and_a_refresher_at_once(database: Database, tape: list[Trade], seed: int) -> None:
    chance = random.Random(seed)
    instrument = await new_instrument(database)
    store = Trades(database)

    async def write(part: list[Trade]) -> None:
        for _ in range(2):
            await store.insert(delivery(instrument, part))

    parts = [chance.sample(tape, chance.randint(1, len(tape))) for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        for part in (*parts, tape):
            group.create_task(write(part))
        for _ in range(3):
            group.create_task(tree.refresh(database, older_than=timedelta()))
    await assert_candles(database, instrument, tape)
    await tree.refresh(database, older_than=timedelta())
    await assert_candles(database, instrument, tape)

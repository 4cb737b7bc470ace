"""The contract of adjusted candles: exact products with the factor of each day, the same on every edition."""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from io import TextIOWrapper
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.candle import Candle, CandleOrigin
from candlewick.domain.day import Adjustment, DayCandle, DayLines, Factor
from candlewick.domain.errors import InvalidDuration
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.page import CandleQuery
from candlewick.ports import DayDelivery
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, expected_candles, new_instrument
from recordings import recording

FIRST = date(2024, 8, 8)
DAY = timedelta(days=1)
D1 = Interval.D1.duration
EXACT = Context(prec=400)
ONE = Factor(date.max, Decimal(1), Decimal(1))


def candle(offset: int, price: str, volume: str | None = "12") -> DayCandle:
    number = Decimal(price)
    return DayCandle(FIRST + offset * DAY, number, number, number, number, Decimal(volume) if volume else None)


def factor(offset: int, price_factor: str, split_factor: str) -> Factor:
    return Factor(FIRST + offset * DAY, Decimal(price_factor), Decimal(split_factor))


async def put(
    database: Database, instrument: Instrument, candles: Iterable[DayCandle], factors: Iterable[Factor] = ()
) -> None:
    await Days(database).put(DayDelivery(instrument, "test", DayLines(list(candles), list(factors)), LATER))


async def read(
    database: Database,
    instrument: Instrument,
    adjustment: Adjustment,
    duration: Duration = D1,
    origin: CandleOrigin | None = None,
) -> list[Candle]:
    query = CandleQuery(duration, 6000, origin, adjustment=adjustment)
    page = (await Candles(database, FrozenClock()).read([instrument.id], query))[instrument.id]
    assert not page.more
    return list(page.rows)


def of_day(factors: Sequence[Factor], day: date) -> Factor:
    """The oldest factor that is not before the day, by definition."""
    at = bisect_left(factors, day, key=lambda each: each.day)
    return factors[at] if at < len(factors) else ONE


def divided(volume: Decimal, split: Decimal) -> Decimal:
    return EXACT.divide(volume, split).quantize(Decimal(1).scaleb(-18), ROUND_HALF_UP, EXACT)


async def test_splits_alone_or_dividends_too(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(
        database,
        instrument,
        [candle(0, "100"), candle(1, "102"), candle(2, "25.5")],
        [factor(0, "0.97", "0.25"), factor(1, "1", "0.25"), factor(900, "1", "1")],
    )
    raw, splits, both = [await read(database, instrument, adjustment) for adjustment in Adjustment]
    assert [(row.close, row.volume) for row in raw] == [("100", "12"), ("102", "12"), ("25.5", "12")]
    assert [(row.close, row.volume) for row in splits] == [("25", "48"), ("25.5", "48"), ("25.5", "12")]
    assert [(row.close, row.volume) for row in both] == [("24.25", "48"), ("25.5", "48"), ("25.5", "12")]


async def test_a_wider_candle_is_made_of_adjusted_days(database: Database) -> None:
    instrument = await new_instrument(database)
    split = factor(0, "1", "0.5")  # a Thursday
    await put(database, instrument, [candle(0, "90"), candle(1, "44"), candle(2, "50")], [split])
    [week] = await read(database, instrument, Adjustment.ALL, Interval.W1.duration)
    assert (week.open, week.high, week.low, week.close, week.volume) == ("45", "50", "44", "50", "48")


async def test_a_volume_that_has_no_end_is_rounded_half_up_to_18_places(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, [candle(0, "1", "2"), candle(1, "1", None)], [factor(5, "1", "3")])
    found = await read(database, instrument, Adjustment.SPLITS)
    assert [row.volume for row in found] == ["0.666666666666666667", None]


async def test_an_instrument_without_factors_reads_as_it_is(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, [candle(0, "1.25"), candle(4, "2.5")])
    for duration in (D1, Interval.W1.duration):
        raw, splits, both = [await read(database, instrument, each, duration) for each in Adjustment]
        assert raw == splits == both


@pytest.mark.parametrize("text", ["PT36H", "PT7H", "PT25H"])
def test_widths_that_cut_days_are_refused(text: str) -> None:
    with pytest.raises(InvalidDuration, match="adjusted candles are whole days or divide a day"):
        CandleQuery(Duration.parse(text), 1, adjustment=Adjustment.SPLITS)


@st.composite
def tapes(draw: st.DrawFn) -> list[Trade]:
    """Trades on some of twenty days."""
    prices = st.decimals("0.0001", "9999", places=4)
    found, ts = [], datetime(2024, 8, 8, 9, 30, tzinfo=UTC)
    for sequence, step in enumerate(draw(st.lists(st.sampled_from([1, 61, 7200, 86_400, 300_000]), max_size=25))):
        ts += timedelta(seconds=step)
        found.append(Trade(sequence, draw(prices), draw(prices), draw(st.sampled_from(Side)), ts))
    return found


FACTORS = st.lists(
    st.builds(
        Factor,
        st.integers(-2, 80).map(lambda offset: FIRST + offset * DAY),
        st.decimals("0.0000001", "1.5", places=7),
        st.decimals("0.00000001", "20", places=8),
    ),
    max_size=6,
    unique_by=lambda each: each.day,
).map(lambda factors: sorted(factors, key=lambda each: each.day))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tape=tapes(), factors=FACTORS, refreshed=st.booleans())
async def test_candles_of_trades_are_adjusted_by_their_day(
    database: Database, tape: list[Trade], factors: list[Factor], refreshed: bool
) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, tape))
    await put(database, instrument, (), factors)
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    for text in ("PT10S", "PT1M", "PT90M", "PT1H", "P1D"):
        found = await read(database, instrument, Adjustment.ALL, Duration.parse(text))
        expected = []
        for row in expected_candles(tape, Duration.parse(text)):
            by = of_day(factors, row.open_time.date())
            times = EXACT.multiply(by.price_factor, by.split_factor)
            prices = [EXACT.multiply(each, times) for each in (row.open, row.high, row.low, row.close)]
            volumes = [divided(each, by.split_factor) for each in (row.volume, row.taker_buy_volume)]
            expected.append((row.open_time, *prices, *volumes, EXACT.multiply(row.quote_volume, by.price_factor)))
        assert [
            (
                row.open_time,
                *(
                    Decimal(each or "NaN")
                    for each in (
                        row.open, row.high, row.low, row.close, row.volume, row.taker_buy_volume, row.quote_volume
                    )
                ),
            )
            for row in found
        ] == expected, text  # fmt: skip


def recorded_days() -> list[DayCandle]:
    """LEAN's daily file of AAPL: raw prices times 10,000."""
    with ZipFile(recording("stock/lean_daily_aapl.zip")) as archive, archive.open(archive.namelist()[0]) as member:
        return [_recorded_day(row) for row in csv.reader(TextIOWrapper(member, "ascii"))]


def _recorded_day(row: list[str]) -> DayCandle:
    day = datetime.strptime(row[0][:8], "%Y%m%d").replace(tzinfo=UTC).date()
    first, high, low, last = (Decimal(price).scaleb(-4) for price in row[1:5])
    return DayCandle(day, first, high, low, last, Decimal(row[5]))


def recorded_factors() -> list[Factor]:
    rows = csv.reader(recording("stock/factor_files/aapl.csv").read_text().splitlines())
    return [
        Factor(
            datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date(), Decimal(price), Decimal(split), Decimal(raw)
        )
        for day, price, split, raw in rows
    ]


async def test_every_recorded_day_of_a_share_with_all_its_splits_and_dividends(database: Database) -> None:
    days, factors = recorded_days(), recorded_factors()
    instrument = await new_instrument(database)
    await put(database, instrument, days, factors)
    raw, splits, both = [await read(database, instrument, adjustment) for adjustment in Adjustment]
    assert len(raw) == len(splits) == len(both) == len(days)
    for stored, by_splits, adjusted, day in zip(raw, splits, both, days, strict=True):
        by = of_day(factors, day.day)
        assert (stored.open_time, Decimal(stored.close or 0), Decimal(stored.volume or 0)) == (
            day.open_time, day.close, day.volume
        )  # fmt: skip
        assert Decimal(by_splits.close or 0) == EXACT.multiply(day.close, by.split_factor)
        assert Decimal(adjusted.open or 0) == EXACT.multiply(day.open, EXACT.multiply(by.price_factor, by.split_factor))
        assert Decimal(adjusted.volume or 0) == divided(day.volume or Decimal(0), by.split_factor)
    last_before_split = next(row for row, day in zip(both, days, strict=True) if day.day == date(2014, 6, 6))
    assert last_before_split.close == "20.7777202620133518"  # 645.57 × 0.9011818 × 0.0357143

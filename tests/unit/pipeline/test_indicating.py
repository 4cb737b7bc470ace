"""Indicators that are asked for, against the computation over all candles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from candlewick.domain.columns import CandleColumns, ColumnChoice, WrittenColumns
from candlewick.domain.errors import InvalidDuration, MissingFigure, TooFewCandles, TooLongHistory
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorLine, IndicatorPage, IndicatorQuery
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window, from_microseconds, microseconds
from candlewick.indicators.catalogue import BY_DAY, CATALOGUE, TOTALS, indicator
from candlewick.indicators.compute import compute
from candlewick.indicators.series import CandleSeries
from candlewick.pipeline.indicating import Indicating

BTC = InstrumentId(1)
MINUTE = TimeBar(Interval.M1.duration)
START = datetime(2024, 8, 8, tzinfo=UTC)
COUNT = 6_000
EVERYTHING = 100_000


def walk(count: int = COUNT, start: datetime = START) -> CandleSeries:
    """Minutes of a random walk."""
    random = np.random.default_rng(7)
    close = 60_000 * np.exp(np.cumsum(random.normal(0, 1e-3, count)))
    opened = np.concatenate([[close[0]], close[:-1]])
    high, low = np.maximum(opened, close) * 1.0005, np.minimum(opened, close) * 0.9995
    opens = microseconds(start) + np.arange(count) * 60_000_000
    return CandleSeries(opens, opened, high, low, close, random.exponential(3, count) + 0.1)


@dataclass
class Candles:
    """A store of one instrument, which remembers what it was asked."""

    series: CandleSeries
    folds: int = EVERYTHING
    written: bool = False
    limits: list[int] = field(default_factory=list)

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> Mapping[InstrumentId, CandleColumns]:
        assert not choice.exact, "no digits are wanted"
        self.limits.append(query.limit)
        if query.limit > self.folds:
            raise InvalidDuration("PT7M", "too many")
        times = self.series.open_time
        end = len(times) if query.window is None else int(np.searchsorted(times, microseconds(query.window.end)))
        part = self.series[max(end - query.limit, 0) : end]
        columns = {name: getattr(part, name).tolist() for name in choice.floats}
        opens = (part.open_time // 1_000).tolist()
        found = CandleColumns(open_time=opens, floats=columns, more=end > query.limit)
        if self.written and opens:
            texts = {name: orjson.dumps(column).decode() for name, column in columns.items()}
            written = WrittenColumns({}, texts, {"open_time": orjson.dumps(opens).decode()}, opens[0], opens[-1])
            found = CandleColumns(more=found.more, written=written)
        return dict.fromkeys(instrument_ids, found)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as opened:
        yield opened


def query(
    *names: str, limit: int = 100, window: Window | None = None, bar: TimeBar = MINUTE, **given: float
) -> IndicatorQuery:
    choices = tuple(IndicatorChoice.of(indicator(name), given) for name in names)
    return IndicatorQuery(BTC, bar, choices, limit, window)


def window(first: int, end: int) -> Window:
    return Window(START + timedelta(minutes=first), START + timedelta(minutes=end))


async def answered(
    candles: Candles, asked: IndicatorQuery, executor: ThreadPoolExecutor, most: int = EVERYTHING
) -> IndicatorPage:
    return await Indicating(candles, compute, executor, most).page(asked)


def close_to(line: IndicatorLine, wanted: Sequence[npt.NDArray[np.float64]]) -> None:
    for output, values in zip(line.outputs, wanted, strict=True):
        np.testing.assert_allclose(np.array(output, float), values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("name", CATALOGUE)
async def test_values_are_those_of_all_candles_and_stable_from_the_first_on(
    name: str, written: bool, executor: ThreadPoolExecutor
) -> None:
    series = walk()
    page = await answered(Candles(series, written=written), query(name, window=window(5_000, 5_080)), executor)

    whole = compute(series, CATALOGUE[name], {})
    assert list(page.open_times) == series.open_time[5_000:5_080].tolist()
    close_to(page.lines[0], [output[5_000:5_080] for output in whole.outputs])
    assert page.lines[0].stable_from == 0


@pytest.mark.parametrize("name", CATALOGUE)
async def test_the_warm_up_is_not_stable(name: str, executor: ThreadPoolExecutor) -> None:
    series, spec = walk(1_000), CATALOGUE[name]
    page = await answered(Candles(series), query(name, limit=1_000), executor)

    assert page.lines[0].stable_from == min(spec.lookback(spec.complete({})) - 1, 1_000)
    close_to(page.lines[0], compute(series, spec, {}).outputs)


async def test_series_of_one_question_have_the_same_candles_and_do_not_depend_on_each_other(
    executor: ThreadPoolExecutor,
) -> None:
    candles = Candles(walk())
    together = await answered(candles, query("sma", "obv", "tema", limit=50), executor)

    for position, name in enumerate(("sma", "obv", "tema")):
        alone = await answered(candles, query(name, limit=50), executor)
        assert list(alone.open_times) == list(together.open_times)
        for one, other in zip(alone.lines[0].outputs, together.lines[position].outputs, strict=True):
            assert list(one) == list(other)


async def test_no_more_is_read_than_the_lookback_needs(executor: ThreadPoolExecutor) -> None:
    candles = Candles(walk())
    await answered(candles, query("sma", limit=50, length=30), executor)

    assert candles.limits == [79]


async def test_a_range_may_have_less_than_was_asked_for(executor: ThreadPoolExecutor) -> None:
    page = await answered(Candles(walk()), query("sma", limit=500, window=window(-100, 40), length=5), executor)

    assert list(page.open_times) == walk().open_time[:40].tolist()
    assert page.lines[0].stable_from == 4


async def test_of_a_range_without_candles_there_is_nothing(executor: ThreadPoolExecutor) -> None:
    page = await answered(Candles(walk()), query("macd", window=window(COUNT + 5, COUNT + 9)), executor)

    assert list(page.open_times) == []
    assert [list(output) for output in page.lines[0].outputs] == [[], [], []]


async def test_too_little_history_for_one_value_is_refused(executor: ThreadPoolExecutor) -> None:
    with pytest.raises(TooFewCandles, match="sma takes 20 candles for its first value, there are 12"):
        await answered(Candles(walk(12)), query("sma"), executor)
    with pytest.raises(TooFewCandles, match="there are 0"):
        await answered(Candles(walk(12)), query("sma", window=window(-9, -5)), executor)


async def test_a_figure_that_nobody_knows_is_named(executor: ThreadPoolExecutor) -> None:
    series = walk(100)
    series.volume[70] = np.nan
    candles = Candles(series)

    with pytest.raises(MissingFigure, match=r"cmf takes the volume of candles, and that of 2024-08-08T01:10:00\+00:00"):
        await answered(candles, query("cmf", limit=20), executor)
    assert (await answered(candles, query("sma", limit=20), executor)).lines[0].stable_from == 0


async def test_history_beyond_the_bound_makes_values_unstable(executor: ThreadPoolExecutor) -> None:
    page = await answered(Candles(walk()), query("ema", limit=150), executor, most=200)

    assert page.lines[0].stable_from == CATALOGUE["ema"].lookback({"length": 20}) - 1 - 200


@pytest.mark.parametrize("name", sorted(TOTALS))
async def test_a_total_is_refused_where_its_first_candle_is_too_far_away(
    name: str, executor: ThreadPoolExecutor
) -> None:
    with pytest.raises(TooLongHistory, match=f"{name} adds up all candles from the first on, .* more than 1000"):
        await answered(Candles(walk()), query(name), executor, most=1_000)


@pytest.mark.parametrize("name", ["kama", "psar", "supertrend"])
async def test_what_finds_its_way_by_itself_is_stable_where_its_beginning_is_forgotten(
    name: str, executor: ThreadPoolExecutor
) -> None:
    series = walk()
    page = await answered(Candles(series), query(name, limit=100), executor, most=2_000)

    assert page.lines[0].stable_from == 0
    close_to(page.lines[0], [output[-100:] for output in compute(series, CATALOGUE[name], {}).outputs])


@pytest.mark.parametrize("name", ["kama", "psar", "supertrend"])
async def test_what_has_not_found_its_way_is_not_stable(name: str, executor: ThreadPoolExecutor) -> None:
    page = await answered(Candles(walk()), query(name, limit=30), executor, most=2)

    assert page.lines[0].stable_from > 10


@pytest.mark.parametrize("name", sorted(BY_DAY))
async def test_a_days_sums_are_stable_from_the_first_midnight_that_was_read(
    name: str, executor: ThreadPoolExecutor
) -> None:
    series = walk(4 * 1440)
    asked = query(name, limit=20, window=window(2 * 1440 - 10, 2 * 1440 + 10))

    assert (await answered(Candles(series), asked, executor)).lines[0].stable_from == 0
    page = await answered(Candles(series), asked, executor, most=100)
    assert page.lines[0].stable_from == 10
    whole = compute(series, CATALOGUE[name], {}).outputs[0]
    np.testing.assert_allclose(np.array(page.lines[0].outputs[0][10:], float), whole[2 * 1440 : 2 * 1440 + 10])


async def test_of_candles_that_are_folded_as_many_are_read_as_may_be(executor: ThreadPoolExecutor) -> None:
    candles = Candles(walk(), folds=1_000)
    page = await answered(candles, query("ema", limit=100, bar=TimeBar(Duration.parse("PT7M")), length=500), executor)

    assert candles.limits[-1] <= 1_000 < candles.limits[-2]
    assert page.lines[0].stable_from == 100
    with pytest.raises(InvalidDuration):
        await answered(candles, query("sma", limit=1_001), executor)


async def test_no_series_is_begun_that_nobody_waits_for(executor: ThreadPoolExecutor) -> None:
    with pytest.raises(TimeoutError):
        await Indicating(Candles(walk()), compute, executor).page(query("sma", "ema"), until=0)


async def test_times_are_those_of_the_candles(executor: ThreadPoolExecutor) -> None:
    page = await answered(Candles(walk()), query("roc", limit=1), executor)

    assert from_microseconds(int(page.open_times[0])) == START + timedelta(minutes=COUNT - 1)

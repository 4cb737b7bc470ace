"""Indicators that are asked for and kept: from what is stored if that has all of it, else computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.hours import Hours, TimeBar
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorPage, IndicatorQuery
from candlewick.domain.interval import Interval
from candlewick.domain.kept import KeptKey, KeptPage, KeptPoint
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, microseconds
from candlewick.indicators.catalogue import indicator
from candlewick.pipeline.kept_first import KeptFirst
from candlewick.ports import KeptReads

START, HOUR = datetime(2024, 8, 8, tzinfo=UTC), timedelta(hours=1)
COMPUTED = IndicatorPage([], [])
MACD, RSI = (IndicatorChoice.of(indicator(name), {}) for name in ("macd", "rsi"))
ONE = InstrumentId(1)


class Shelf:
    """What is kept, and how much of it was asked for."""

    def __init__(self, **series: list[KeptPoint]) -> None:
        ids = {"macd": "macd(fast=12,slow=26,signal=9)", "rsi": "rsi(length=14)"}
        self.pages = {KeptKey(ONE, "PT1H", ids[name]): KeptPage(rows, more=False) for name, rows in series.items()}
        self.limits: list[int] = []

    async def read_clean(self, keys: Sequence[KeptKey], window: Window, limit: int) -> Mapping[KeptKey, KeptPage]:  # noqa: ARG002
        self.limits.append(limit)
        return {key: self.pages[key] for key in keys if key in self.pages}


class Computing:
    async def page(self, query: IndicatorQuery) -> IndicatorPage:  # noqa: ARG002
        return COMPUTED


def points(*values: list[float | None], stable_from: int = 0) -> list[KeptPoint]:
    return [KeptPoint(START + n * HOUR, row, n >= stable_from) for n, row in enumerate(values)]


def query(*choices: IndicatorChoice) -> IndicatorQuery:
    return IndicatorQuery(ONE, TimeBar(Interval.H1.duration), choices, 3, Window(START, START + 3 * HOUR))


async def ask(shelf: Shelf, asked: IndicatorQuery) -> IndicatorPage:
    return await KeptFirst(cast("KeptReads", shelf), Computing()).page(asked)


async def test_what_is_kept_is_served_side_by_side() -> None:
    shelf = Shelf(rsi=points([None], [50.0], stable_from=1), macd=points([1.0, None, None], [2.0, 1.5, 0.5]))
    found = await ask(shelf, query(MACD, RSI))
    assert found.open_times == [microseconds(START), microseconds(START + HOUR)]
    assert [line.outputs for line in found.lines] == [[[1.0, 2.0], [None, 1.5], [None, 0.5]], [[None, 50.0]]]
    assert [line.stable_from for line in found.lines] == [0, 1]
    assert shelf.limits == [3]


async def test_what_is_not_kept_or_not_clean_is_computed_with_the_rest() -> None:
    assert await ask(Shelf(rsi=points([50.0])), query(RSI, MACD)) is COMPUTED


@pytest.mark.parametrize(
    "change",
    [
        {"window": None},
        {"origin": CandleOrigin.VENUE},
        {"adjustment": Adjustment.ALL},
        {"bar": TimeBar(Interval.H1.duration, Hours("Asia/Tokyo"))},
    ],
)
async def test_other_candles_are_computed(change: dict[str, Any]) -> None:
    shelf = Shelf(rsi=points([50.0]))
    assert await ask(shelf, replace(query(RSI), **change)) is COMPUTED
    assert shelf.limits == []


async def test_series_of_other_candles_are_computed() -> None:
    shelf = Shelf(rsi=points([50.0]), macd=points([1.0, 1.0, 1.0], [2.0, 1.0, 1.0]))
    assert await ask(shelf, query(RSI, MACD)) is COMPUTED


async def test_where_there_is_no_value_who_computes_says_why() -> None:
    assert await ask(Shelf(rsi=points([None], [None])), query(RSI)) is COMPUTED
    assert await ask(Shelf(rsi=[]), query(RSI)) is COMPUTED

"""Indicators that are asked for: from what is kept ready where that has all of it, else computed."""

from __future__ import annotations

from collections.abc import Sequence

from candlewick.domain.day import Adjustment
from candlewick.domain.errors import TimeOutOfRange
from candlewick.domain.hours import ALWAYS
from candlewick.domain.indicator import Indicator
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorLine, IndicatorPage, IndicatorQuery
from candlewick.domain.kept import KeptKey, KeptPoint
from candlewick.domain.time import Window, microseconds
from candlewick.indicators.catalogue import indicator
from candlewick.ports import IndicatorDesk, KeptReads


class KeptFirst:
    """The IndicatorDesk that looks into what is kept first.

    That has closed candles only: what is asked for up to now, where a candle is open, is computed.
    """

    def __init__(self, kept: KeptReads, others: IndicatorDesk) -> None:
        self._kept = kept
        self._others = others

    async def page(self, query: IndicatorQuery) -> IndicatorPage:
        """See `IndicatorDesk.page`."""
        plain = query.origin is None and query.adjustment is Adjustment.NONE and query.bar.hours == ALWAYS
        found = await self._found(query, query.window) if plain and query.window is not None else None
        return found or await self._others.page(query)

    async def _found(self, query: IndicatorQuery, window: Window) -> IndicatorPage | None:
        try:
            window = Window(window.start, query.bar.every.ceil(window.end))  # what changes the last candle counts
        except TimeOutOfRange:
            return None
        keys = [KeptKey(query.instrument_id, str(query.bar), _id(choice)) for choice in query.choices]
        pages = await self._kept.read_clean(list(dict.fromkeys(keys)), window, query.limit)
        if any(key not in pages for key in keys):
            return None
        return _page([pages[key].points for key in keys], query.choices)


def _id(choice: IndicatorChoice) -> str:
    return Indicator(indicator(choice.name), dict(choice.parameters)).id


def _page(series: Sequence[Sequence[KeptPoint]], choices: Sequence[IndicatorChoice]) -> IndicatorPage | None:
    """The series side by side; None if they do not fit together, or one has no value: then who computes says why."""
    opens = [[point.open_time for point in points] for points in series]
    if any(each != opens[0] for each in opens) or not all(map(_says_something, series)):
        return None
    lines = [_line(points, len(indicator(choice.name).outputs)) for points, choice in zip(series, choices, strict=True)]
    return IndicatorPage([microseconds(opened) for opened in opens[0]], lines)


def _says_something(points: Sequence[KeptPoint]) -> bool:
    return any(value is not None for point in points for value in point.values)


def _line(points: Sequence[KeptPoint], outputs: int) -> IndicatorLine:
    columns = [[point.values[place] for point in points] for place in range(outputs)]
    stable = next((place for place, point in enumerate(points) if point.stable), len(points))
    return IndicatorLine(columns, stable)

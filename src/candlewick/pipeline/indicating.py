"""Indicators that are asked for: candles are read with what each looks back on, and computed off the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from candlewick.domain.columns import CandleColumns
from candlewick.domain.errors import InvalidDuration, MissingFigure, NotANumber, TooFewCandles, TooLongHistory
from candlewick.domain.indicator import IndicatorSpec, Memory, Parameters
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorLine, IndicatorPage, IndicatorQuery
from candlewick.domain.interval import Duration
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import EARLIEST, Window, from_microseconds, microseconds
from candlewick.indicators.catalogue import BY_DAY, TOTALS, indicator
from candlewick.indicators.series import COLUMNS, CandleSeries
from candlewick.ports import ColumnReads

if TYPE_CHECKING:  # it takes seconds to import, which only those wait for who compute
    from candlewick.indicators.compute import IndicatorValues

MOST_HISTORY: Final = 50_000
"""Candles that are read before the first one that is asked for."""
_DAY: Final = timedelta(days=1)
_DAY_MICROSECONDS: Final = 86_400_000_000
_SAME: Final = 1e-9
"""Relative: what differs by less is the same value."""


class Compute(Protocol):
    """`indicators.compute.compute`."""

    def __call__(self, candles: CandleSeries, spec: IndicatorSpec, given: Parameters) -> IndicatorValues: ...


class Indicating:
    """Answers queries by computing."""

    def __init__(
        self, candles: ColumnReads, compute: Compute, executor: Executor, most_history: int = MOST_HISTORY
    ) -> None:
        self._candles = candles
        self._compute = compute
        self._executor = executor
        self._most = most_history

    async def page(self, query: IndicatorQuery, until: float = inf) -> IndicatorPage:
        """The values. After the monotonic time `until` nobody wants them any more: no further series is begun then.

        Raises:
            TooFewCandles: of one of them there is not a single value.
            TooLongHistory: one adds up from the first candle on, which is too far away.
            MissingFigure: a candle says nothing where one of them needs a number.
            InvalidDuration: so many candles of that kind cannot be read in one go.
            TimeoutError: it took longer than anybody waits.
        """
        history = max(_reach(choice, query.bar.every, self._most) for choice in query.choices)
        found = await self._read(query, history)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._page, query, found, until)

    async def _read(self, query: IndicatorQuery, history: int) -> CandleColumns:
        """The candles of the page and up to `history` before them: as many as the store folds in one go."""
        window = query.window and Window(min(EARLIEST, query.window.start), query.window.end)
        while True:
            wanted = CandleQuery(
                query.bar.every, query.limit + history, query.origin, window,
                adjustment=query.adjustment, hours=query.bar.hours,
            )  # fmt: skip
            try:
                return (await self._candles.read_columns([query.instrument_id], wanted, COLUMNS))[query.instrument_id]
            except InvalidDuration:
                if history == 0:
                    raise
                history //= 2

    def _page(self, query: IndicatorQuery, columns: CandleColumns, until: float) -> IndicatorPage:
        candles = CandleSeries.of(columns)
        first = max(len(candles) - query.limit, 0)
        if query.window is not None:
            first = max(first, int(np.searchsorted(candles.open_time, microseconds(query.window.start))))
        part = _Part(candles, first, whole=not columns.more)
        lines = []
        for choice in query.choices:
            if monotonic() > until:
                raise TimeoutError
            lines.append(self._line(choice, part, query.bar.every))
        return IndicatorPage(candles.open_time[first:], lines)  # type: ignore[arg-type]

    def _line(self, choice: IndicatorChoice, part: _Part, every: Duration) -> IndicatorLine:
        spec, parameters = indicator(choice.name), dict(choice.parameters)
        start = max(part.first - _reach(choice, every, self._most), 0)
        if spec.name in TOTALS and not part.from_the_first(start):
            raise TooLongHistory(spec.name, self._most)
        candles = part.candles[start:]
        if part.first == len(part.candles) and len(candles) >= spec.first(parameters):
            return IndicatorLine([[] for _ in spec.outputs], 0)
        values = self._values(candles, spec, parameters)
        stable = values.stable_from
        if spec.memory is Memory.WHOLE and not part.from_the_first(start):
            stable = self._settled(candles, spec, parameters, values)
        skipped = part.first - start
        return IndicatorLine([output[skipped:] for output in values.outputs], max(stable - skipped, 0))  # type: ignore[misc]

    def _values(self, candles: CandleSeries, spec: IndicatorSpec, parameters: Parameters) -> IndicatorValues:
        try:
            return self._compute(candles, spec, parameters)
        except NotANumber as error:
            opened = from_microseconds(int(candles.open_time[error.position]))
            raise MissingFigure(spec.name, error.column, opened) from error

    def _settled(
        self, candles: CandleSeries, spec: IndicatorSpec, parameters: Parameters, values: IndicatorValues
    ) -> int:
        """From where on the values no longer depend on where the computation began, though what came before is unread.

        A session's sums do not from the first midnight on. What finds its way by itself is begun again half way: from
        where on both say the same, its past is forgotten.
        """
        if spec.name in BY_DAY:
            return _first_midnight(candles)
        half = len(candles) // 2
        try:
            again = self._values(candles[half:], spec, parameters)
        except TooFewCandles:
            return len(candles)
        same = [_same(one[half:], other) for one, other in zip(values.outputs, again.outputs, strict=True)]
        different = np.flatnonzero(~np.logical_and.reduce(same))
        return half + (int(different[-1]) + 1 if len(different) else 0)


@dataclass(frozen=True, slots=True)
class _Part:
    """What was read, of which the candles from `first` on were asked for."""

    candles: CandleSeries
    first: int
    whole: bool
    """Whether there is no candle before."""

    def from_the_first(self, start: int) -> bool:
        """Whether a computation that begins there begins with the first candle that there is."""
        return self.whole and start == 0


def _reach(choice: IndicatorChoice, every: Duration, most: int) -> int:
    """How many candles before the first that is asked for are read, at most."""
    spec = indicator(choice.name)
    if spec.name in BY_DAY:
        return min(_DAY // every.span, most) if every.span else 1
    if spec.memory is Memory.WHOLE:
        return most
    return min(spec.lookback(dict(choice.parameters)) - 1, most)


def _first_midnight(candles: CandleSeries) -> int:
    """The position of the first candle of the first day that is there from its beginning."""
    if not len(candles) or candles.open_time[0] % _DAY_MICROSECONDS == 0:
        return 0
    days = candles.open_time // _DAY_MICROSECONDS
    return int(np.searchsorted(days, days[0], side="right"))


def _same(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.isclose(one, other, rtol=_SAME, atol=0, equal_nan=True)

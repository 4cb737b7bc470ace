"""Reads candles to be traded on: all of a window, page by page, with as many before it as indicators look back on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import orjson

from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import MOST_CANDLES, BacktestRequest
from candlewick.domain.candle import CandleStatus
from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.commit import CommitKind
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import CandlesChanging, InvalidBacktest, InvalidDuration
from candlewick.domain.market import Instrument
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import MICROSECOND, Window
from candlewick.indicators.series import CandleSeries
from candlewick.ports import DayStore, RevisionReads, TapeReads

PAGE: Final = 20_000
"""Candles that are read at once, where the store does not allow fewer."""
TRIES: Final = 5
"""How often candles may change while they are read."""
_COMMITS: Final = 1_000
_FLOATS: Final = ("open", "high", "low", "close", "volume")
_EXACT: Final = ("open", "close")
_CHOICE: Final = ColumnChoice(frozenset(_EXACT), frozenset(_FLOATS), frozenset({"open_time", "close_time", "status"}))
_BEGINNING: Final = datetime(1800, 1, 1, tzinfo=UTC)

type Tell = Callable[[int], None]
"""Is told how many candles of the window were read so far."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A tape, of which the first `warm_up` candles lie before the window."""

    tape: Tape
    warm_up: int
    revision: int
    """The instrument's data version: no candle of the tape changed while it was read."""


class Tapes:
    """Reads them from the stores."""

    def __init__(self, candles: TapeReads, days: DayStore, commits: RevisionReads, page: int = PAGE) -> None:
        self._candles = candles
        self._days = days
        self._commits = commits
        self._page = page

    async def read(self, instrument: Instrument, request: BacktestRequest, warm_up: int, tell: Tell) -> Reading:
        """All closed candles of the request's window, and up to `warm_up` before it.

        Raises:
            InvalidBacktest: there is none, or too many.
            InvalidDuration, UnknownCalendar: there are no such candles.
            CandlesChanging: they were written again and again meanwhile.
        """
        for _ in range(TRIES):
            revision = (await self._commits.versions([instrument.id]))[instrument.id]
            query = await self._query(instrument, request)  # by the factors of that revision
            columns = await self._window(instrument, query, request.window, tell)
            if not columns:
                raise InvalidBacktest("range", f"has no closed candle of {instrument.key}: fetch its past first")
            before = await self._before(instrument, query, request.window.start, warm_up) if warm_up else []
            tape = _joined([*before, *columns])
            if not await self._changed(instrument, revision, Window(tape.opens(0), tape.closes(len(tape) - 1))):
                return Reading(tape, sum(len(each) for each in before), revision)
        raise CandlesChanging(str(instrument.key), TRIES)

    async def check(self, request: BacktestRequest) -> None:
        """Raises UnknownCalendar: such candles have sessions that are not known here."""
        await self._candles.ruler(request.bar)

    async def _query(self, instrument: Instrument, request: BacktestRequest) -> CandleQuery:
        """What is not split is read as it is: that is quicker, and any width will do."""
        adjustment = request.adjustment
        if adjustment is not Adjustment.NONE and not (await self._days.factors([instrument.id], 1))[instrument.id]:
            adjustment = Adjustment.NONE
        return CandleQuery(
            request.bar.every, self._page, request.origin, newest=False, adjustment=adjustment, hours=request.bar.hours
        )

    async def _window(self, instrument: Instrument, query: CandleQuery, window: Window, tell: Tell) -> list[Tape]:
        pages: list[Tape] = []
        count, start = 0, window.start
        while start < window.end:
            found = await self._some(instrument, replace(query, window=Window(start, window.end)))
            page = _closed(found)
            if not len(page):
                break
            pages.append(page)
            count += len(page)
            if count > MOST_CANDLES:
                raise InvalidBacktest(
                    "range", f"has more than {MOST_CANDLES:,} candles: choose a shorter or wider ones"
                )
            tell(count)
            if not found.more:
                break
            start = page.opens(len(page) - 1) + MICROSECOND
        return pages

    async def _before(self, instrument: Instrument, query: CandleQuery, end: datetime, count: int) -> list[Tape]:
        """The last `count` candles before `end`, or as many as there are; oldest page first."""
        pages: list[Tape] = []
        while count > 0:
            wanted = replace(query, newest=True, limit=min(query.limit, count), window=Window(_BEGINNING, end))
            found = await self._some(instrument, wanted)
            page = _closed(found)
            if not len(page):
                break
            pages.insert(0, page)
            count -= len(page)
            if not found.more:
                break
            end = page.opens(0)
        return pages

    async def _some(self, instrument: Instrument, query: CandleQuery) -> CandleColumns:
        """A page, of fewer candles where the store would have to fold too many."""
        while True:
            try:
                return (await self._candles.read_columns([instrument.id], query, _CHOICE))[instrument.id]
            except InvalidDuration:
                if query.limit == 1:
                    raise
                query = replace(query, limit=max(query.limit // 4, 1))

    async def _changed(self, instrument: Instrument, revision: int, window: Window) -> bool:
        """Whether a commit after the revision changed data in the window."""
        while True:
            commits = await self._commits.since(instrument.id, revision, _COMMITS)
            notices = [commit.notice for commit in commits]
            if any(each.kind is not CommitKind.GAP and each.window.overlaps(window) for each in notices):
                return True
            if len(notices) < _COMMITS:
                return False
            revision = notices[-1].version


def _closed(columns: CandleColumns) -> Tape:
    """The columns as arrays, without the candles that can still change by what is traded now."""
    written = columns.written
    exact: Mapping[str, Sequence[Any]] = columns.exact
    floats: Mapping[str, Sequence[Any]] = columns.floats
    opens, closes, statuses = _others(columns)
    if written is not None:
        exact = {name: orjson.loads(written.exact[name]) for name in _EXACT}
        floats = {name: orjson.loads(written.floats[name]) for name in _FLOATS}
    count = sum(status != CandleStatus.PROVISIONAL for status in statuses)
    open_time = np.array(opens[:count], dtype=np.int64) * 1_000
    numbers = (np.array(floats.get(name, ())[:count], dtype=np.float64) for name in _FLOATS)
    texts = (np.array([each.encode() for each in exact.get(name, ())[:count]], dtype=np.bytes_) for name in _EXACT)
    return Tape(CandleSeries(open_time, *numbers), np.array(closes[:count], dtype=np.int64) * 1_000, *texts)


def _others(columns: CandleColumns) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    if columns.written is None:
        return columns.open_time, columns.close_time, columns.status
    others = columns.written.others
    return orjson.loads(others["open_time"]), orjson.loads(others["close_time"]), orjson.loads(others["status"])


def _joined(pages: Sequence[Tape]) -> Tape:
    series = [page.series for page in pages]
    columns = (np.concatenate([getattr(each, name) for each in series]) for name in CandleSeries.__slots__)
    return Tape(
        CandleSeries(*columns),
        *(np.concatenate([getattr(page, name) for page in pages]) for name in ("close_time", "open", "close")),
    )

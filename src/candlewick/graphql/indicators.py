"""Indicators of an instrument, from the arguments to the question that is put to workers."""

from __future__ import annotations

from typing import Final

from candlewick.domain.errors import TimeOutOfRange
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator_query import MOST_SERIES, IndicatorChoice, IndicatorQuery
from candlewick.domain.interval import Duration
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.graphql.context import Context
from candlewick.graphql.faults import RangeTooLong, TooMany
from candlewick.graphql.limits import DEFAULT_ROWS
from candlewick.graphql.paging import check_size
from candlewick.graphql.types.enums import Adjustment, CandleOrigin
from candlewick.graphql.types.indicator import IndicatorInput, IndicatorSeries, series_of

QUESTION: Final = 500
"""Rows that a question counts as at the least: a worker reads more than it answers with."""


async def indicators_of(
    context: Context,
    instrument_id: InstrumentId,
    bar: TimeBar,
    of: list[IndicatorInput],
    window: Window | None,
    last: int | None,
    origin: CandleOrigin,
    adjustment: Adjustment,
) -> list[IndicatorSeries]:
    """Have them computed, all in one go."""
    choices = choices_of(of)
    limit = _limit(bar.every, window, last, context.documents.limits.page_rows)
    context.budget.charge(max(limit * len(choices), QUESTION))
    query = IndicatorQuery(instrument_id, bar, choices, limit, window, origin.wanted, adjustment)
    return series_of(choices, await context.services.indicators.page(query))


def choices_of(of: list[IndicatorInput]) -> tuple[IndicatorChoice, ...]:
    """Each with all of its parameters.

    Raises:
        TooMany: none, or too many.
        UnknownIndicator, UnknownParameter, InvalidParameter, RepeatedParameter: one is wrong.
    """
    if not 1 <= len(of) <= MOST_SERIES:
        raise TooMany("of", len(of), MOST_SERIES)
    return tuple(each.choice for each in of)


def _limit(every: Duration, window: Window | None, last: int | None, most: int) -> int:
    """How many points: those that are asked for, else all of the range, else the newest."""
    if last is not None:
        check_size("last", last, most)
        return last
    if window is None:
        return DEFAULT_ROWS
    room = windows_in(every, window)
    if room > most:
        raise RangeTooLong(room, most)
    return room


def windows_in(every: Duration, window: Window) -> int:
    """How many candles can open in it, at the most."""
    if every.span:
        return -(-(window.end - window.start) // every.span)
    try:
        opened = every.floor(window.start)
    except TimeOutOfRange:
        opened = window.start
    months = (window.end.year - opened.year) * 12 + window.end.month - opened.month + 1
    return -(-months // every.months)

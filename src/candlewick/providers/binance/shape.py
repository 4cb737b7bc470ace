"""What the lines of a Binance archive look like, told by a sample: which kind of file it is, or that it is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from candlewick.domain.errors import UnknownFormat, UnsupportedInterval
from candlewick.domain.market import Tape
from candlewick.providers.binance.names import MINUTES_ONLY
from candlewick.providers.binance.rows import CANDLE_FIELDS, LAYOUTS, MINUTE_SPANS, candle_span, fields_of, is_header
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable, flag

_FUTURES_FIELDS: Final = {Tape.TRADES: 6, Tape.AGGREGATED: 7}
"""The futures archives have the same names, but no best-match column. They are other instruments."""


def check(name: str, head: Sequence[str], tape: Tape | None) -> None:
    """Make sure that a file of that kind has lines of that kind. One without lines has no trades, and is right.

    Raises:
        UnknownFormat: no line of the sample has the number of fields.
    """
    sample = _sample(head)
    expected = LAYOUTS[tape].fields if tape else CANDLE_FIELDS
    counts = sorted({len(fields) for fields in sample})
    if not sample or expected in counts:
        return
    if tape and counts == [_FUTURES_FIELDS[tape]]:
        raise UnknownFormat(name, f"its lines have {counts[0]} fields, as futures archives do: this imports spot only")
    raise UnknownFormat(name, f"its lines have {_listed(counts)} fields instead of {expected}")


def kind(name: str, head: Sequence[str], times: EventTimes) -> Tape | None:
    """The tape that the lines belong to, None for minute candles.

    Raises:
        UnknownFormat: they are neither.
        UnsupportedInterval: they are candles of another width.
    """
    sample = _sample(head)
    for tape, layout in LAYOUTS.items():
        if any(len(fields) == layout.fields and _is_flag(fields[layout.buyer_is_maker]) for fields in sample):
            return tape
    candles = [fields for fields in sample if len(fields) == CANDLE_FIELDS]
    if candles:
        _check_width(candles[0], times)
        return None
    counts = sorted({len(fields) for fields in sample})
    found = f"its lines have {_listed(counts)} fields" if counts else "it is empty"
    raise UnknownFormat(name, f"{found}; trades have 7, aggregated trades 8, klines 12, separated by commas")


def _sample(head: Sequence[str]) -> list[list[str]]:
    """The fields of the lines that say something."""
    lines = [line.removeprefix("\ufeff") for line in head]
    return [_fields(line) for line in lines if line.strip() and not is_header(line)]


def _fields(line: str) -> list[str]:
    try:
        return fields_of(line)
    except Unreadable:
        return []


def _is_flag(text: str) -> bool:
    try:
        flag(text, "isBuyerMaker")
    except Unreadable:
        return False
    return True


def _check_width(fields: list[str], times: EventTimes) -> None:
    try:
        span = candle_span(fields, times)
    except Unreadable:
        return  # the row will be a dead letter with this reason
    if span not in MINUTE_SPANS:
        raise UnsupportedInterval(f"{(span + 1000) // 1_000_000} s", MINUTES_ONLY)


def _listed(counts: Sequence[int]) -> str:
    return " or ".join(map(str, counts))

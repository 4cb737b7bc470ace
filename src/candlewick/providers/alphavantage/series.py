"""Alpha Vantage's series of days and minutes. Pure: bytes in, domain types out, every number as it is written.

Wire formats: alphavantage.co/documentation, "Daily", "FX Daily", "Intraday". An object with "Meta Data" and one of
rows by their date, newest first; keys have numbers before them ("1. open"), numbers are texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from candlewick.domain.batch import Rejected
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.day import DayCandle, DayLines
from candlewick.domain.errors import InvalidCandle, InvalidDayCandle, MalformedPayload
from candlewick.domain.raw import CandleLines, Payload
from candlewick.providers import exact
from candlewick.providers.alphavantage.times import ZONES, day_of, moment_of
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import object_of
from candlewick.providers.rejection import LONGEST_TEXT

_META: Final = "Meta Data"
_MINUTE: Final = "1min"


@dataclass(frozen=True, slots=True)
class Series:
    """A series as it came: whose, in which zone its dates are, and its rows."""

    symbol: str
    zone: ZoneInfo
    meta: Mapping[str, Any]
    rows: Mapping[str, Any]


def days(payload: Payload) -> tuple[str, DayLines]:
    """The symbol, and the days that were over in the series' own zone when it came.

    The row of today changes until the evening, its volume longer: it is left out, and taken when the day is over.

    Raises:
        MalformedPayload: it is no series of days.
    """
    series = series_of(payload)
    today = payload.received_at.astimezone(series.zone).date()
    found: list[DayCandle] = []
    rejected: list[Rejected] = []
    for number, (text, row) in enumerate(series.rows.items(), 1):
        try:
            if (candle := _day(day_of(text), row, today)) is not None:
                found.append(candle)
        except (Unreadable, InvalidDayCandle) as exc:
            rejected.append(_reject(number, text, row, exc))
    return series.symbol, DayLines(found, (), rejected, len(series.rows))


def minutes(payload: Payload) -> tuple[str, CandleLines]:
    """The symbol, and its minutes. Only such series as are kept from elsewhere: none is asked for.

    Raises:
        MalformedPayload: it is no series of minutes.
    """
    series = series_of(payload)
    if series.meta.get("Interval") != _MINUTE:
        raise MalformedPayload(payload.source, payload.endpoint, f"its interval is not {_MINUTE}")
    found: list[MinuteCandle] = []
    rejected: list[Rejected] = []
    for number, (text, row) in enumerate(series.rows.items(), 1):
        try:
            found.append(_minute(text, row, series.zone))
        except (Unreadable, InvalidCandle) as exc:
            rejected.append(_reject(number, text, row, exc))
    return series.symbol, CandleLines(found, rejected, len(series.rows))


def series_of(payload: Payload) -> Series:
    """The parts of a series.

    Raises:
        MalformedPayload: it has none of them.
    """
    answer = object_of(payload, orjson.loads)
    meta = fields(answer.get(_META))
    rows = [value for name, value in answer.items() if name.startswith("Time Series") and isinstance(value, dict)]
    zone = ZONES.get(str(meta.get("Time Zone")))
    if len(rows) != 1 or zone is None:
        reason = "it has no series" if zone else f"its time zone {meta.get('Time Zone')!r:.64} is none that we know"
        raise MalformedPayload(payload.source, payload.endpoint, reason)
    pair = (meta.get("From Symbol"), meta.get("To Symbol"))
    symbol = meta.get("Symbol") if pair == (None, None) else f"{pair[0]}/{pair[1]}"
    if not isinstance(symbol, str):
        raise MalformedPayload(payload.source, payload.endpoint, "it does not say whose it is")
    return Series(symbol, zone, meta, rows[0])


def fields(value: Any) -> dict[str, Any]:
    """An object's fields without the numbers before their names; of something else, none."""
    return dict(_unnumbered(value)) if isinstance(value, dict) else {}


def number(row: Mapping[str, Any], name: str) -> Decimal:
    """A field's exact value. A JSON number in its place has been through somebody's float: it is not taken.

    Raises:
        Unreadable: it is no text of a number.
    """
    value = row.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"{name} {value!r:.64} is no text of a number")
    return exact.decimal(value, name)


def _unnumbered(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        place, point, rest = name.partition(". ")
        yield (rest if point and place.isdigit() else name), each


def _day(day: date, value: Any, today: date) -> DayCandle | None:
    """The candle in a row; None if its day is not over. Raises Unreadable or InvalidDayCandle."""
    if day == today:
        return None
    if day > today:
        raise Unreadable(f"its day is in the future: it was {today} there")
    row = fields(value)
    first, high, low, last = (number(row, name) for name in ("open", "high", "low", "close"))
    return DayCandle(day, first, high, low, last, number(row, "volume") if "volume" in row else None)


def _minute(text: str, value: Any, zone: ZoneInfo) -> MinuteCandle:
    row = fields(value)
    first, high, low, last, volume = (number(row, name) for name in ("open", "high", "low", "close", "volume"))
    return MinuteCandle(moment_of(text, zone), first, high, low, last, volume, None, None, None, None)


def _reject(number: int, text: str, row: Any, error: Unreadable | InvalidDayCandle | InvalidCandle) -> Rejected:
    reason = str(error) if isinstance(error, Unreadable) else error.reason
    return Rejected(number, orjson.dumps({text: row}).decode()[:LONGEST_TEXT], reason)

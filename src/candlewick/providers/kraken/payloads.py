"""Kraken's REST answers as trades and minute candles. Pure: bytes in, domain types out.

Wire formats: docs.kraken.com, "Get Recent Trades", "Get OHLC Data". Prices and sizes are texts there; a trade's time is
a JSON number in seconds with up to seven decimals, which is read from its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.batch import Rejected
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.errors import InvalidCandle, MalformedPayload
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.time import from_microseconds, microseconds
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import object_of
from candlewick.providers.kraken import rest, rows
from candlewick.providers.rejection import reject

_SETTLED: Final = timedelta(seconds=5)
"""By how much a candle must be over by our clock: the exchange's may be behind."""
_MINUTE: Final = timedelta(minutes=1)
_SECOND_US: Final = 1_000_000
_CANDLE_FIELDS: Final = 8
_LONGEST_LAST: Final = 20


@dataclass(frozen=True, slots=True)
class Page:
    """What an answer has for the one pair that was asked for."""

    rows: list[Any]
    last: str
    """Where the answer ends: nanoseconds (Trades) or seconds (OHLC) since 1970, in digits as received; empty if it
    does not say. Nanoseconds are beyond 2^53: never a float."""


def page_of(payload: Payload) -> Page:
    """The rows of an answer for one pair, under whatever name Kraken gives the pair.

    Raises:
        MalformedPayload: it is no such answer.
    """
    result = result_of(payload)
    pairs = [name for name in result if name != "last"]
    if len(pairs) != 1 or not isinstance(result[pairs[0]], list):
        reason = f"it has {len(pairs)} pairs instead of one" if len(pairs) != 1 else "its pair has no list of rows"
        raise MalformedPayload(payload.source, payload.endpoint, reason)
    last = str(result.get("last", ""))
    return Page(result[pairs[0]], last if last.isascii() and last.isdecimal() and len(last) <= _LONGEST_LAST else "")


def result_of(payload: Payload) -> dict[str, Any]:
    """What an answer says, if it is no error.

    Raises:
        MalformedPayload: it is no answer, or an error.
    """
    answer = object_of(payload)
    if reasons := rest.errors_of(answer):
        raise MalformedPayload(payload.source, payload.endpoint, f"it is an error: {'; '.join(reasons):.200}")
    result = answer.get("result")
    if not isinstance(result, dict):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no result")
    return result


def trades(payload: Payload) -> TradeLines:
    """The trades of a page.

    Raises:
        MalformedPayload: see `page_of`.
    """
    return trades_of(page_of(payload), payload.received_at)


def trades_of(page: Page, received_at: datetime) -> TradeLines:
    """The trades of a page that is decoded already."""
    times = EventTimes.until_tomorrow(received_at)
    return rows.trades(list(enumerate(page.rows, 1)), rows.REST, times, len(page.rows))


def candles(payload: Payload) -> CandleLines:
    """The minutes of an OHLC answer that were over when it was received. Its last row is one that is not.

    Minutes without trades are rows as well: their prices are the last close, their volume is 0.

    Raises:
        MalformedPayload: see `page_of`; or the candles are of another width.
    """
    width = parse_qs(urlsplit(payload.endpoint).query).get("interval", ["1"])[-1]
    if width != "1":
        raise MalformedPayload(payload.source, payload.endpoint, f"its candles are of {width:.16} minutes, not of one")
    page, times = page_of(payload), EventTimes.until_tomorrow(payload.received_at)
    over = microseconds(payload.received_at - _MINUTE - _SETTLED)
    if page.last:
        over = min(over, int(page.last) * _SECOND_US)
    found: list[MinuteCandle] = []
    rejected: list[Rejected] = []
    for number, row in enumerate(page.rows, 1):
        try:
            if (candle := _candle(row, times, over)) is not None:
                found.append(candle)
        except (Unreadable, InvalidCandle) as exc:
            rejected.append(reject(number, row, exc))
    return CandleLines(found, rejected, len(page.rows))


def _candle(row: Any, times: EventTimes, over: int) -> MinuteCandle | None:
    """The candle in a row; None if it opened after `over`. Raises Unreadable or InvalidCandle.

    Kraken's volume-weighted price (the sixth value) is rounded: the quote volume cannot be had from it.
    """
    if not isinstance(row, list) or len(row) < _CANDLE_FIELDS:
        raise Unreadable(f"it is no list of {_CANDLE_FIELDS} values")
    opens = row[0]
    if type(opens) is not int or not times.earliest <= opens * _SECOND_US <= times.latest:
        raise Unreadable(f"open time {opens!r:.64} is no second between 2009 and tomorrow")
    count = row[7]
    if type(count) is not int:
        raise Unreadable(f"trade count {count!r:.64} is no whole number")
    if opens * _SECOND_US > over:
        return None
    return MinuteCandle(
        open_time=from_microseconds(opens * _SECOND_US),
        open=rows.text(row[1], "open"),
        high=rows.text(row[2], "high"),
        low=rows.text(row[3], "low"),
        close=rows.text(row[4], "close"),
        volume=rows.text(row[6], "volume"),
        quote_volume=None,
        trade_count=count,
        taker_buy_volume=None,
        taker_buy_quote_volume=None,
    )

"""Coinbase's trades, candles and tickers, row by row: decoded JSON in, domain types out. Pure.

Two APIs write the same rows. Exchange: ids are numbers, sides in lower case, candles are lists of JSON numbers.
Advanced Trade: ids and candles' times are texts, sides in upper case, candles are objects of texts. Times are ISO 8601.
Source: docs.cdp.coinbase.com, Exchange REST API "Get product trades", "Get product candles", "Get product ticker" and
WebSocket "Matches channel"; Advanced Trade REST API "Get public product candles", "Get public market trades".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Final

import numpy as np

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.errors import InvalidCandle, InvalidTrade
from candlewick.domain.market import Side, Trade
from candlewick.domain.quote import Quote
from candlewick.domain.raw import CandleLines, TradeLines
from candlewick.domain.time import from_microseconds, microseconds
from candlewick.providers import exact
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import Number
from candlewick.providers.rejection import reject

Numbered = tuple[int, Any]
"""A decoded row and its number in the payload, from 1."""

_AGGRESSOR: Final = {"buy": Side.SELL, "sell": Side.BUY, "BUY": Side.SELL, "SELL": Side.BUY}
"""By the maker's side, which is what Coinbase says: "sell" is an up-tick, somebody bought from a resting order.

Advanced Trade's documentation does not say whose side it is. Its recorded trades with SELL are at the best ask.
"""
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_PLAIN_DECIMAL: Final = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")
"""Nothing that `exact.decimal` would refuse or change."""
_BEYOND: Final = 2**63
_EXCHANGE_CANDLE: Final = ("time", "low", "high", "open", "close", "volume")
_EXACT: Final = Context(prec=500)
"""More digits than two numbers have together."""
_SETTLED: Final = timedelta(seconds=5)
"""By how much a candle must be over by our clock: the exchange's may be behind."""
_MINUTE: Final = timedelta(minutes=1)


def trades(rows: Sequence[Numbered], times: EventTimes, last_line: int) -> TradeLines:
    """The trades in decoded rows, in that order, and the rows that are none."""
    found: list[Trade] = []
    lines: list[int] = []
    rejected: list[Rejected] = []
    for number, row in rows:
        try:
            found.append(trade(row, times))
        except (Unreadable, InvalidTrade) as exc:
            rejected.append(reject(number, row, exc))
        else:
            lines.append(number)
    return TradeLines(TradeBatch.of(found), np.array(lines, dtype=np.int64), rejected, last_line)


def trade(row: Any, times: EventTimes) -> Trade:
    """The trade in a row of any shape. Raises Unreadable or InvalidTrade."""
    side = _field(row, "side")
    if not isinstance(side, str) or side not in _AGGRESSOR:
        raise Unreadable(f"side {side!r:.64} is neither buy nor sell")
    return Trade(
        sequence=identity(_field(row, "trade_id"), "trade_id"),
        price=_text_decimal(_field(row, "price"), "price"),
        size=_text_decimal(_field(row, "size"), "size"),
        side=_AGGRESSOR[side],
        ts=moment(_field(row, "time"), times),
    )


def candles(rows: Sequence[Numbered], times: EventTimes, received_at: datetime, last_line: int) -> CandleLines:
    """The minute candles in decoded rows that were over when they were received, and the rows that are none."""
    found: list[MinuteCandle] = []
    rejected: list[Rejected] = []
    for number, row in rows:
        try:
            candle = minute_candle(row, times)
        except (Unreadable, InvalidCandle) as exc:
            rejected.append(reject(number, row, exc))
        else:
            if candle.open_time + _MINUTE + _SETTLED <= received_at:
                found.append(candle)
    return CandleLines(found, rejected, last_line)


def minute_candle(row: Any, times: EventTimes) -> MinuteCandle:
    """The candle in a row of either shape. Raises Unreadable or InvalidCandle."""
    opened, low, high, opening, closing, volume = _candle_values(row)
    return MinuteCandle(
        open_time=_seconds(opened, times),
        open=_decimal(opening, "open"),
        high=_decimal(high, "high"),
        low=_decimal(low, "low"),
        close=_decimal(closing, "close"),
        volume=_decimal(volume, "volume"),
        quote_volume=None,
        trade_count=None,
        taker_buy_volume=None,
        taker_buy_quote_volume=None,
    )


def ticker(row: Any, times: EventTimes) -> Quote:
    """The quote in a ticker of Exchange's REST API. Raises Unreadable or InvalidQuote."""
    return _exchange_ticker(row, times, "bid", "ask", "volume")


def stream_ticker(row: Any, times: EventTimes) -> Quote:
    """The quote in a message of Exchange's ticker channel. Raises Unreadable or InvalidQuote."""
    return _exchange_ticker(row, times, "best_bid", "best_ask", "volume_24h")


def _exchange_ticker(row: Any, times: EventTimes, bid: str, ask: str, volume: str) -> Quote:
    price = _text_decimal(_field(row, "price"), "price")
    return Quote(
        ts=moment(_field(row, "time"), times),
        price=price,
        bid=_offer(row, bid),
        ask=_offer(row, ask),
        volume_24h=_worth(row, volume, price),
    )


def advanced_ticker(row: Any, ts: datetime) -> Quote:
    """The quote in an event of Advanced Trade's ticker channel. Raises Unreadable or InvalidQuote."""
    price = _text_decimal(_field(row, "price"), "price")
    change = row.get("price_percent_chg_24_h")
    return Quote(
        ts=ts,
        price=price,
        bid=_offer(row, "best_bid"),
        ask=_offer(row, "best_ask"),
        volume_24h=_worth(row, "volume_24_h", price),
        change_24h=_text_decimal(change, "price_percent_chg_24_h") if change else None,
    )


def identity(value: Any, name: str) -> int:
    """A trade's id, a number or its digits as a text. Raises Unreadable."""
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise Unreadable(f"{name} {value!r:.64} is no whole number")
    if not 0 < value < _BEYOND:
        raise Unreadable(f"{name} {str(value)[:64]} is none that a trade can have")
    return value


def moment(value: Any, times: EventTimes) -> datetime:
    """A time in ISO 8601 and UTC; what is finer than a microsecond is cut off. Raises Unreadable."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unreadable(f"time {value!r:.64} is no time in UTC")
    try:
        found = datetime.fromisoformat(f"{match[1]}.{(match[2] or '0')[:6]:0<6}+00:00")
    except ValueError as exc:
        raise Unreadable(f"time {value!r:.64} is no time: {exc}") from exc
    if not times.earliest <= microseconds(found) <= times.latest:
        raise Unreadable(f"time {value!r:.64} does not lie between 2009 and tomorrow")
    return found


def _candle_values(row: Any) -> Sequence[Any]:
    """Time, low, high, open, close, volume."""
    if isinstance(row, dict):
        return [_field(row, name) for name in ("start", *_EXCHANGE_CANDLE[1:])]
    if not isinstance(row, list) or len(row) != len(_EXCHANGE_CANDLE):
        raise Unreadable(f"it is no list of {', '.join(_EXCHANGE_CANDLE)}")
    return row


def _seconds(value: Any, times: EventTimes) -> datetime:
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise Unreadable(f"time {value!r:.64} is no whole number of seconds")
    if not times.earliest <= value * 1_000_000 <= times.latest:
        raise Unreadable(f"time {value!r:.64} does not lie between 2009 and tomorrow")
    return from_microseconds(value * 1_000_000)


def _field(row: Any, name: str) -> Any:
    if not isinstance(row, dict):
        raise Unreadable("it is no object")
    if name not in row:
        raise Unreadable(f"it has no field {name!r}")
    return row[name]


def _offer(row: Any, name: str) -> Decimal | None:
    """The best bid or ask; None if nobody offers: then Coinbase says nothing or zero."""
    value = row.get(name)
    if value is None or value == "":
        return None
    price = _text_decimal(value, name)
    return price if price != 0 else None


def _worth(row: dict[str, Any], name: str, price: Decimal) -> Decimal | None:
    """A volume in base at that price, which is how Coinbase itself tells its `approximate_quote_24h_volume`."""
    value = row.get(name)
    return None if value is None or value == "" else _EXACT.multiply(_text_decimal(value, name), price)


def _text_decimal(value: Any, name: str) -> Decimal:
    """A decimal given as a text, as all prices and sizes are but those of Exchange's candles."""
    if type(value) is not str:
        raise Unreadable(f"{name} {value!r:.64} is not given as a text: it may have been rounded")
    return Decimal(value) if _PLAIN_DECIMAL.fullmatch(value) else exact.decimal(value, name)


def _decimal(value: Any, name: str) -> Decimal:
    """A decimal given as a text or as a JSON number, of which every digit is known."""
    if type(value) is Number or type(value) is int:
        return exact.decimal(str(value), name)
    return _text_decimal(value, name)

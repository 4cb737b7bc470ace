"""Binance's JSON pages as trades and minute candles. Pure: decoded JSON in, domain types out.

Wire formats: binance-spot-api-docs, rest-api.md, "Recent trades list", "Old trade lookup", "Compressed/Aggregate
trades list", "Kline/Candlestick data". Prices and sizes are texts there; a JSON number in their place has been through
somebody's float and is rejected, never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

import numpy as np
import orjson

from candlewick.domain.batch import SIDE_CODES, Rejected, TradeBatch
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.errors import InvalidCandle, InvalidTrade, MalformedPayload
from candlewick.domain.market import Side, Tape, Trade
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.time import from_microseconds
from candlewick.providers import exact
from candlewick.providers.answers import said
from candlewick.providers.binance.rows import CANDLE_FIELDS, MINUTE_SPANS
from candlewick.providers.columns import decimal_column
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import document
from candlewick.providers.rejection import reject

_BEYOND: Final = 2**63
_PLAIN_DECIMAL: Final = re.compile(r"[0-9]{1,30}\.[0-9]{1,30}")
"""Nothing that `exact.decimal` would refuse or change: what Binance writes is of this shape."""
_SETTLED: Final = timedelta(seconds=5)
"""By how much a candle must be over by our clock: the exchange's may be behind."""

Numbered = tuple[int, Any]
"""A decoded row and its number in the payload, from 1."""


@dataclass(frozen=True, slots=True)
class TradeFields:
    """What the fields of a trade are called. `first` and `last`: an aggregate's trade ids."""

    sequence: str
    price: str
    size: str
    ts: str
    buyer_is_maker: str
    first: str | None = None
    last: str | None = None
    names: tuple[str, ...] = field(init=False)
    types: tuple[type, ...] = field(init=False)

    def __post_init__(self) -> None:
        plain = (self.sequence, self.ts, self.buyer_is_maker, self.price, self.size)
        ends = (self.first, self.last) if self.first and self.last else ()
        object.__setattr__(self, "names", plain + ends)
        object.__setattr__(self, "types", (int, int, bool, str, str) + (int,) * len(ends))


PAGES: Final = {
    Tape.TRADES: TradeFields("id", "price", "qty", "time", "isBuyerMaker"),
    Tape.AGGREGATED: TradeFields("a", "p", "q", "T", "m", "f", "l"),
}
EVENTS: Final = {
    "trade": TradeFields("t", "p", "q", "T", "m"),
    "aggTrade": TradeFields("a", "p", "q", "T", "m", "f", "l"),
}


def rows_of(payload: Payload) -> list[Any]:
    """The elements of a page.

    Raises:
        MalformedPayload: it is no JSON array.
    """
    found = document(payload, orjson.loads)
    if not isinstance(found, list):
        raise MalformedPayload(payload.source, payload.endpoint, f"no array but: {said(payload.body)}")
    return found


def trades(rows: Sequence[Numbered], fields: TradeFields, times: EventTimes, last_line: int) -> TradeLines:
    """The trades in decoded rows: plain rows as columns all at once, the odd ones one by one."""
    pick = itemgetter(*fields.names)
    numbers, plain, odd = [], [], []
    for number, row in rows:
        try:
            values = pick(row)
        except (KeyError, TypeError):
            odd.append((number, row))
            continue
        if tuple(map(type, values)) == fields.types and 0 <= values[0] < _BEYOND and 0 <= values[1] < _BEYOND:
            numbers.append((number, row))
            plain.append(values)
        else:
            odd.append((number, row))
    if not plain:
        return _in_order(TradeBatch.of([]), [], odd, fields, times, last_line)
    batch, fits = _columns(plain, times)
    odd.extend(numbers[index] for index in np.flatnonzero(~fits))
    kept = [number for (number, _), fit in zip(numbers, fits.tolist(), strict=True) if fit]
    return _in_order(batch[fits], kept, odd, fields, times, last_line)


def candles(payload: Payload) -> CandleLines:
    """The minutes of a page of 1m klines that were over when it was received.

    Raises:
        MalformedPayload: it is no JSON array.
    """
    rows, times = rows_of(payload), EventTimes.until_tomorrow(payload.received_at)
    found: list[MinuteCandle] = []
    rejected: list[Rejected] = []
    for number, row in enumerate(rows, 1):
        try:
            if (candle := _candle(row, times, payload.received_at)) is not None:
                found.append(candle)
        except (Unreadable, InvalidCandle) as exc:
            rejected.append(reject(number, row, exc))
    return CandleLines(found, rejected, len(rows))


def _columns(plain: Sequence[tuple[Any, ...]], times: EventTimes) -> tuple[TradeBatch, Any]:
    """A row for each of the plain ones, and which of these are trades beyond doubt."""
    sequence, stamps, maker, prices, sizes, *ends = zip(*plain, strict=True)
    ts, fits = times.column(np.array(stamps, dtype=np.int64))
    price, price_fits = decimal_column(prices)
    size, size_fits = decimal_column(sizes)
    fits &= price_fits & size_fits & (price.coefficients > 0) & (size.coefficients > 0)
    if ends:
        fits &= np.array([0 <= first <= last for first, last in zip(*ends, strict=True)])
    side = np.where(np.array(maker), SIDE_CODES[Side.SELL], SIDE_CODES[Side.BUY]).astype(np.int8)
    return TradeBatch(np.array(sequence, dtype=np.int64), ts, price, size, side), fits


def _in_order(
    batch: TradeBatch, numbers: list[int], odd: list[Numbered], fields: TradeFields, times: EventTimes, last_line: int
) -> TradeLines:
    """The batch with what can be read of the odd rows, in the payload's order."""
    found, rejected = [], []
    for number, row in sorted(odd, key=itemgetter(0)):
        try:
            found.append((number, _trade(row, fields, times)))
        except (Unreadable, InvalidTrade) as exc:
            rejected.append(reject(number, row, exc))
    lines = np.array(numbers + [number for number, _ in found], dtype=np.int64)
    if not found:
        return TradeLines(batch, lines, rejected, last_line)
    every = TradeBatch.concat([batch, TradeBatch.of([trade for _, trade in found])])
    order = np.argsort(lines)
    return TradeLines(every[order], lines[order], rejected, last_line)


def _trade(row: Any, fields: TradeFields, times: EventTimes) -> Trade:
    """The trade in a row of any shape. Raises Unreadable or InvalidTrade."""
    if not isinstance(row, dict):
        raise Unreadable("it is no object")
    sequence = _identity(_field(row, fields.sequence), "id")
    if fields.first and fields.last:
        first, last = (_identity(_field(row, name), "trade id") for name in (fields.first, fields.last))
        if last < first:
            raise Unreadable(f"its last trade id {last} comes before its first, {first}")
    buyer_is_maker = _field(row, fields.buyer_is_maker)
    if not isinstance(buyer_is_maker, bool):
        raise Unreadable(f"{fields.buyer_is_maker} {buyer_is_maker!r:.64} is neither true nor false")
    return Trade(
        sequence=sequence,
        price=_decimal(_field(row, fields.price), "price"),
        size=_decimal(_field(row, fields.size), "quantity"),
        side=Side.SELL if buyer_is_maker else Side.BUY,
        ts=from_microseconds(times.one(_whole(_field(row, fields.ts), "time"))),
    )


def _candle(row: Any, times: EventTimes, received_at: datetime) -> MinuteCandle | None:
    """The candle in a kline; None if it was not over. Raises Unreadable or InvalidCandle."""
    if not isinstance(row, list) or len(row) != CANDLE_FIELDS:
        raise Unreadable(f"it is no list of {CANDLE_FIELDS} values")
    opens, closes = (times.one(_whole(row[at], name)) for at, name in ((0, "open time"), (6, "close time")))
    if closes - opens not in MINUTE_SPANS:
        raise Unreadable(f"it closes {closes - opens} µs after it opens: it is no minute candle")
    if from_microseconds(closes) + _SETTLED > received_at:
        return None
    return MinuteCandle(
        open_time=from_microseconds(opens),
        open=_decimal(row[1], "open"),
        high=_decimal(row[2], "high"),
        low=_decimal(row[3], "low"),
        close=_decimal(row[4], "close"),
        volume=_decimal(row[5], "volume"),
        quote_volume=_decimal(row[7], "quote volume"),
        trade_count=_whole(row[8], "trade count"),
        taker_buy_volume=_decimal(row[9], "taker buy volume"),
        taker_buy_quote_volume=_decimal(row[10], "taker buy quote volume"),
    )


def _field(row: dict[str, Any], name: str) -> Any:
    if name not in row:
        raise Unreadable(f"it has no field {name!r}")
    return row[name]


def _whole(value: Any, name: str) -> int:
    if type(value) is not int:
        raise Unreadable(f"{name} {value!r:.64} is no whole number")
    return value


def _identity(value: Any, name: str) -> int:
    number = _whole(value, name)
    if number < 0:
        raise Unreadable(f"{name} {number} marks a trade that never happened")
    return number


def _decimal(value: Any, name: str) -> Decimal:
    if not isinstance(value, str):
        raise Unreadable(f"{name} {value!r:.64} is not given as a text: it may have been rounded")
    return Decimal(value) if _PLAIN_DECIMAL.fullmatch(value) else exact.decimal(value, name)

"""One line of Binance's spot archives, read exactly: a trade, a minute candle, or the reason why it is neither.

Layouts: github.com/binance/binance-public-data, README, "Spot": no header, True and False, times in milliseconds
before 2025 and in microseconds since. Lines made otherwise (quoted, lower case, exponents) are read as well.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Final

from candlewick.domain.candle import MinuteCandle
from candlewick.domain.market import Side, Tape, Trade
from candlewick.domain.time import from_microseconds
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable, decimal, flag, integer


@dataclass(frozen=True, slots=True)
class TradeLayout:
    """Which field of a line is what."""

    fields: int
    sequence: int
    price: int
    size: int
    ts: int
    buyer_is_maker: int
    first_and_last: tuple[int, int] | None = None
    """An aggregate's first and last trade id: −1 marks one that never happened."""


LAYOUTS: Final = {
    Tape.TRADES: TradeLayout(7, sequence=0, price=1, size=2, ts=4, buyer_is_maker=5),
    Tape.AGGREGATED: TradeLayout(8, sequence=0, price=1, size=2, ts=5, buyer_is_maker=6, first_and_last=(3, 4)),
}
CANDLE_FIELDS: Final = 12
MINUTE_SPANS: Final = frozenset({59_999_000, 59_999_999, 60_000_000})
"""Microseconds from a minute candle's open to its close time, as written in ms, in µs, and to the next open."""
_HEADER: Final = re.compile(r"\s*[A-Za-z_][A-Za-z_ ]*(?:,[A-Za-z_ ]+)+")


def is_header(line: str) -> bool:
    """Whether a file's first line names its columns, as the futures archives' do."""
    return _HEADER.fullmatch(line) is not None


def fields_of(line: str) -> list[str]:
    """A line's fields, quoted or not."""
    try:
        return [field.strip() for field in next(csv.reader([line], strict=True), [])]
    except csv.Error as exc:
        raise Unreadable(f"it is no CSV: {exc}") from exc


def trade(line: str, layout: TradeLayout, times: EventTimes) -> Trade:
    """The trade in a line.

    Raises:
        Unreadable: a field is not what the layout says.
        InvalidTrade: it cannot have happened.
    """
    fields = _expect(fields_of(line), layout.fields)
    sequence = _identity(fields[layout.sequence], "id")
    if layout.first_and_last:
        first, last = (_identity(fields[position], "trade id") for position in layout.first_and_last)
        if last < first:
            raise Unreadable(f"its last trade id {last} comes before its first, {first}")
    buyer_is_maker = flag(fields[layout.buyer_is_maker], "isBuyerMaker")
    return Trade(
        sequence=sequence,
        price=decimal(fields[layout.price], "price"),
        size=decimal(fields[layout.size], "quantity"),
        side=Side.SELL if buyer_is_maker else Side.BUY,
        ts=from_microseconds(times.one(integer(fields[layout.ts], "time"))),
    )


def candle(line: str, times: EventTimes) -> MinuteCandle:
    """The minute candle in a line.

    Raises:
        Unreadable: a field is not what the layout says, or the candle is not one minute wide.
        InvalidCandle: it contradicts itself.
    """
    fields = _expect(fields_of(line), CANDLE_FIELDS)
    span = candle_span(fields, times)
    if span not in MINUTE_SPANS:
        raise Unreadable(f"it closes {span} µs after it opens: it is no minute candle")
    opened, highest, lowest, closed, volume = (decimal(fields[at], _CANDLE_NAMES[at]) for at in range(1, 6))
    return MinuteCandle(
        open_time=from_microseconds(times.one(integer(fields[0], "open time"))),
        open=opened,
        high=highest,
        low=lowest,
        close=closed,
        volume=volume,
        quote_volume=decimal(fields[7], _CANDLE_NAMES[7]),
        trade_count=integer(fields[8], "trade count"),
        taker_buy_volume=decimal(fields[9], _CANDLE_NAMES[9]),
        taker_buy_quote_volume=decimal(fields[10], _CANDLE_NAMES[10]),
    )


def candle_span(fields: list[str], times: EventTimes) -> int:
    """Microseconds between the open and close time of a kline's fields."""
    return times.one(integer(fields[6], "close time")) - times.one(integer(fields[0], "open time"))


_CANDLE_NAMES: Final = {
    1: "open",
    2: "high",
    3: "low",
    4: "close",
    5: "volume",
    7: "quote volume",
    9: "taker buy volume",
    10: "taker buy quote volume",
}


def _expect(fields: list[str], count: int) -> list[str]:
    if len(fields) != count:
        raise Unreadable(f"it has {len(fields)} fields instead of {count}")
    return fields


def _identity(text: str, name: str) -> int:
    number = integer(text, name)
    if number < 0:
        raise Unreadable(f"{name} {number} marks a trade that never happened")
    return number

"""Trades and candles as Binance writes them: JSON of REST and streams, lines of archives.

Aggregated trades are one trade each: their id is the trade's, which is also their first and last trade id. Prices
and sizes have eight decimals; a quote quantity that needs more is cut, as Binance does.
Source: binance-spot-api-docs, rest-api.md and web-socket-streams.md; binance-public-data, README, "Spot".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import Tape
from candlewick.domain.time import microseconds
from candlewick.providers.simulation.figures import parts, product, texts

ARCHIVES_IN_MICROSECONDS: Final = microseconds(datetime(2025, 1, 1, tzinfo=UTC))
_JSON_FLAGS: Final = {1: "false", -1: "true"}
"""Whether the buyer is the maker, by the aggressor's side."""


class TimeUnit(StrEnum):
    """What times are counted in."""

    MILLISECOND = "MILLISECOND"
    MICROSECOND = "MICROSECOND"

    def of(self, moment: int) -> int:
        """The microseconds in this unit."""
        return moment if self is TimeUnit.MICROSECOND else moment // 1000

    def column(self, moments: npt.NDArray[np.int64]) -> list[int]:
        numbers: list[int] = (moments if self is TimeUnit.MICROSECOND else moments // 1000).tolist()
        return numbers


def trades_json(batch: TradeBatch, unit: TimeUnit) -> str:
    """The answer of `trades` and `historicalTrades`."""
    rows = zip(*_columns(batch, unit), texts(product(batch.price, batch.size)), strict=True)
    return _array(
        f'{{"id":{number},"price":"{price}","qty":"{size}","quoteQty":"{quote}","time":{time},'
        f'"isBuyerMaker":{_JSON_FLAGS[side]},"isBestMatch":true}}'
        for number, price, size, time, side, quote in rows
    )


def aggregated_json(batch: TradeBatch, unit: TimeUnit) -> str:
    """The answer of `aggTrades`."""
    return _array(
        f'{{"a":{number},"p":"{price}","q":"{size}","f":{number},"l":{number},"T":{time},'
        f'"m":{_JSON_FLAGS[side]},"M":true}}'
        for number, price, size, time, side in zip(*_columns(batch, unit), strict=True)
    )


def frames(batch: TradeBatch, tape: Tape, symbol: str, event_time: int, unit: TimeUnit) -> list[str]:
    """One message a trade, as the raw streams `@trade` and `@aggTrade` have them."""
    shown = unit.of(event_time)
    rows = zip(*_columns(batch, unit), strict=True)
    if tape is Tape.TRADES:
        return [
            f'{{"e":"trade","E":{shown},"s":"{symbol}","t":{number},"p":"{price}","q":"{size}","T":{time},'
            f'"m":{_JSON_FLAGS[side]},"M":true}}'
            for number, price, size, time, side in rows
        ]
    return [
        f'{{"e":"aggTrade","E":{shown},"s":"{symbol}","a":{number},"p":"{price}","q":"{size}","f":{number},'
        f'"l":{number},"T":{time},"m":{_JSON_FLAGS[side]},"M":true}}'
        for number, price, size, time, side in rows
    ]


def combined(stream: str, data: str) -> str:
    """A message of a combined stream."""
    return f'{{"stream":"{stream}","data":{data}}}'


def archive_lines(batch: TradeBatch, tape: Tape) -> str:
    """Lines of an archive: milliseconds before 2025, microseconds since."""
    times = np.where(batch.ts >= ARCHIVES_IN_MICROSECONDS, batch.ts, batch.ts // 1000).tolist()
    flags = np.where(batch.side > 0, "False", "True").tolist()
    numbers, price, size = batch.sequence.tolist(), parts(batch.price), parts(batch.size)
    if tape is Tape.TRADES:
        rows = zip(numbers, *price, *size, *parts(product(batch.price, batch.size)), times, flags, strict=True)
        return "".join(map("%d,%d.%08d,%d.%08d,%d.%08d,%d,%s,True\n".__mod__, rows))  # by far the fastest way
    rows = zip(numbers, *price, *size, numbers, numbers, times, flags, strict=True)
    return "".join(map("%d,%d.%08d,%d.%08d,%d,%d,%d,%s,True\n".__mod__, rows))


def _columns(batch: TradeBatch, unit: TimeUnit) -> tuple[list[int], list[str], list[str], list[int], list[int]]:
    """Number, price, size, time and side of each trade."""
    return (
        batch.sequence.tolist(), texts(batch.price), texts(batch.size), unit.column(batch.ts), batch.side.tolist()
    )  # fmt: skip


def _array(rows: Iterator[str]) -> str:
    return f"[{','.join(rows)}]"

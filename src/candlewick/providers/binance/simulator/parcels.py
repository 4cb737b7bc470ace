"""Messages of one stream and one moment, written once for all sockets that get them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import Tape
from candlewick.providers.binance.simulator.klines import Kline, frame
from candlewick.providers.binance.simulator.wire import TimeUnit, combined, frames

Write = Callable[[TimeUnit], list[str]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages on their way."""

    stream: str
    symbol: str
    numbers: npt.NDArray[np.int64]
    """Of the trades, one a message; none where the messages are no trades."""
    size: int
    write: Write
    _written: dict[tuple[TimeUnit, bool], list[str]] = field(default_factory=dict)

    def frames(self, unit: TimeUnit, *, is_combined: bool) -> list[str]:
        """The messages in that form."""
        form = (unit, is_combined)
        if form not in self._written:
            raw = self.write(unit)
            self._written[form] = [combined(self.stream, data) for data in raw] if is_combined else raw
        return self._written[form]


def trades_parcel(stream: str, symbol: str, tape: Tape, batch: TradeBatch, event_time: int) -> Parcel:
    """Trades, as `@trade` or `@aggTrade` have them."""
    return Parcel(
        stream, symbol, batch.sequence, len(batch), lambda unit: frames(batch, tape, symbol, event_time, unit)
    )


def kline_parcel(stream: str, symbol: str, kline: Kline, event_time: int, *, closed: bool) -> Parcel:
    """A candle of a minute, as `@kline_1m` has it."""
    none = np.empty(0, dtype=np.int64)
    return Parcel(stream, symbol, none, 1, lambda unit: [frame(kline, symbol, "1m", event_time, unit, closed=closed)])


def shutdown_parcel(event_time: int) -> Parcel:
    """The server says that it is about to end."""
    none = np.empty(0, dtype=np.int64)
    return Parcel("!serverShutdown", "", none, 1, lambda unit: [f'{{"e":"serverShutdown","E":{unit.of(event_time)}}}'])

"""The simulated exchange: its symbols, its clock, and which trades there are by number and by time.

All that reads trades may take a moment: it is for a worker thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import InstrumentKey, InstrumentStatus
from candlewick.domain.time import EARLIEST, from_microseconds, microseconds
from candlewick.ports import Clock, Listing, Market

Mask = npt.NDArray[np.bool_]
HALTED_AT: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""When the trading of symbols that do not trade any more came to its end."""
_PIECE: Final = 100_000
"""Trades that are made at once where many are asked for."""
_LEAST: Final = 1_000
"""Where few are asked for: some of them may be gone."""


class NumberedMarket(Market, Protocol):
    """A Market whose trades of an instrument are numbered 1, 2, 3, … in the order of time, without a hole."""

    def from_sequence(self, key: InstrumentKey, first: int, limit: int) -> TradeBatch:
        """The `limit` (at least one) trades from sequence `first` on, also those of the future."""

    def sequence_at(self, key: InstrumentKey, moment: datetime) -> int:
        """The sequence of the first trade at or after the moment, which is not before 2009."""


class NotListed(InvalidInput):
    """A symbol was asked for that the exchange does not have. Each venue says it in its own words."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"{symbol[:64]!r} is not listed")
        self.symbol = symbol


@dataclass(frozen=True, slots=True)
class Symbol:
    """What is traded under a name, and where its trades come from."""

    listing: Listing
    market: NumberedMarket

    @property
    def name(self) -> str:
        return self.listing.symbol

    @property
    def is_trading(self) -> bool:
        return self.listing.status in {None, InstrumentStatus.TRADING}


class Exchange:
    """The symbols of all markets, up to now. `gone` says which trades it pretends never to have had."""

    def __init__(
        self,
        markets: Sequence[NumberedMarket],
        clock: Clock,
        gone: Callable[[str, npt.NDArray[np.int64]], Mask],
        skew: Callable[[], timedelta],
    ) -> None:
        self.symbols = {listing.symbol: Symbol(listing, market) for market in markets for listing in market.listings()}
        self._clock = clock
        self._gone = gone
        self._skew = skew

    def symbol(self, name: str) -> Symbol:
        """The symbol of that name.

        Raises:
            NotListed: there is none.
        """
        if name not in self.symbols:
            raise NotListed(name)
        return self.symbols[name]

    def now(self) -> int:
        """When it is, in microseconds: decides what has been traded."""
        return microseconds(self._clock.now())

    def shown_time(self) -> int:
        """What the exchange's clock shows, in microseconds: a fault can make it wrong."""
        return microseconds(self._clock.now() + self._skew())

    def trading_end(self, symbol: Symbol) -> int:
        """The first microsecond in which nothing can have been traded yet, or no more."""
        return self.now() + 1 if symbol.is_trading else microseconds(HALTED_AT)

    def first_at(self, symbol: Symbol, moment: int) -> int:
        """The number of the first trade at or after the moment (µs), as far as trading has got."""
        moment = min(max(moment, microseconds(EARLIEST)), self.trading_end(symbol))
        return symbol.market.sequence_at(symbol.listing.key, from_microseconds(moment))

    def last(self, symbol: Symbol) -> int:
        """The number of the newest trade; 0 before the first."""
        return self.first_at(symbol, self.now() + 1) - 1

    def between(self, symbol: Symbol, first: int, end: int) -> Iterator[TradeBatch]:
        """The trades numbered [first, end), in pieces; those that are gone are left out."""
        for start in range(max(first, 1), end, _PIECE):
            batch = symbol.market.from_sequence(symbol.listing.key, start, min(_PIECE, end - start))
            yield batch[~self._gone(symbol.name, batch.sequence)]

    def from_number(self, symbol: Symbol, first: int, limit: int, *, end: int | None = None) -> TradeBatch:
        """The first `limit` trades numbered `first` or more, and less than `end`."""
        stop = min(self.last(symbol) + 1, end if end is not None else self.last(symbol) + 1)
        found, start = _nothing(), max(first, 1)
        while len(found) < limit and start < stop:
            reach = min(start + max(limit, _LEAST), stop)
            found = TradeBatch.concat([found, *self.between(symbol, start, reach)])
            start = reach
        return found[slice(0, limit)]

    def up_to_number(self, symbol: Symbol, last: int, limit: int) -> TradeBatch:
        """The newest `limit` trades numbered `last` or less."""
        found, end = _nothing(), min(last, self.last(symbol)) + 1
        while len(found) < limit and end > 1:
            start = max(end - max(limit, _LEAST), 1)
            found = TradeBatch.concat([*self.between(symbol, start, end), found])
            end = start
        return found[slice(max(len(found) - limit, 0), None)]


def _nothing() -> TradeBatch:
    return TradeBatch.of([])

"""What building bars depends on between two batches: kept with the trades, so that a restart changes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from candlewick.bars.expectations import Expected
from candlewick.bars.signs import LastTick


@dataclass(frozen=True, slots=True)
class Sums:
    """Exact sums over trades; of a trade that was split, over its part."""

    trades: int
    size: Fraction
    value: Fraction
    """Σ price × size."""
    taker_buys: Fraction
    """Σ size of the trades whose aggressor is known to have bought."""
    buys: Fraction
    """What is measured, of trades that count as buys."""
    sells: Fraction
    buy_trades: int
    sell_trades: int

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, name) + getattr(other, name) for name in Sums.__slots__))


@dataclass(frozen=True, slots=True)
class OpenBar:
    """A bar that is not full yet."""

    first: int
    """The sequence of its first trade."""
    last: int
    opened: int
    """The time of its first trade, in microseconds since 1970."""
    seen: int
    """The time of its last one so far."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    sums: Sums


@dataclass(frozen=True, slots=True)
class BarState:
    """Where a series of bars stands."""

    last: int | None = None
    """The sequence of the last trade that was taken."""
    tick: LastTick = field(default_factory=LastTick)
    open: OpenBar | None = None
    expected: Expected | None = None

    def dumps(self) -> str:
        """As JSON, exactly."""
        return json.dumps(asdict(self), default=str, separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> Self:
        """What `dumps` wrote."""
        given = json.loads(text)
        expected = None if given["expected"] is None else Expected(**given["expected"])
        return cls(given["last"], LastTick(**given["tick"]), _open_bar(given["open"]), expected)


def _open_bar(given: dict[str, Any] | None) -> OpenBar | None:
    if given is None:
        return None
    sums: dict[str, Any] = {
        name: value if isinstance(value, int) else Fraction(value) for name, value in given.pop("sums").items()
    }
    prices: dict[str, Any] = {name: Decimal(given.pop(name)) for name in ("open", "high", "low", "close")}
    return OpenBar(**given, **prices, sums=Sums(**sums))

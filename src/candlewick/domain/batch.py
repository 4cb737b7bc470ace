"""Many trades at once, as columns: what goes from a normaliser to the store. Exact: integers and a scale, no float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from candlewick.domain.market import Side, Trade
from candlewick.domain.time import Window, from_microseconds, microseconds

MINUTE_US: Final = 60_000_000
SIDE_CODES: Final = {Side.SELL: -1, Side.UNKNOWN: 0, Side.BUY: 1}
SIDES: Final = {code: side for side, code in SIDE_CODES.items()}

Integers = npt.NDArray[Any]
"""int64 where the numbers fit, else Python integers (dtype object): the same code serves both."""


@dataclass(frozen=True, slots=True)
class DecimalColumn:
    """Decimals as integer coefficients over a common scale: value = coefficients ÷ 10^scale."""

    coefficients: Integers
    scale: int

    @classmethod
    def of(cls, values: Sequence[Decimal]) -> Self:
        """The same values, at the scale that the finest of them needs."""
        parts = [value.as_tuple() for value in values]
        exponents = [int(part.exponent) for part in parts]
        scale = max((-exponent for exponent in exponents), default=0)
        scale = max(scale, 0)
        integers = [
            (-1 if part.sign else 1) * int("".join(map(str, part.digits))) * 10 ** (exponent + scale)
            for part, exponent in zip(parts, exponents, strict=True)
        ]
        narrow = all(-(2**63) < integer < 2**63 for integer in integers)
        return cls(np.array(integers, dtype=np.int64 if narrow else object), scale)

    @classmethod
    def concat(cls, columns: Sequence[DecimalColumn]) -> DecimalColumn:
        """One after the other, at the finest scale among them."""
        scale = max((column.scale for column in columns), default=0)
        aligned = [column.rescaled(scale) for column in columns]
        return cls(np.concatenate(aligned) if aligned else np.empty(0, dtype=np.int64), scale)

    def rescaled(self, scale: int) -> Integers:
        """The coefficients over a scale at least as fine; Python integers where int64 would overflow."""
        factor = 10 ** (scale - self.scale)
        if factor == 1 or not len(self):
            return self.coefficients
        largest = max(abs(int(self.coefficients.min())), abs(int(self.coefficients.max())))
        narrow = self.coefficients.dtype != object and max(largest, 1) * factor < 2**63
        scaled: Integers = (self.coefficients if narrow else self.coefficients.astype(object)) * factor
        return scaled

    def __len__(self) -> int:
        return len(self.coefficients)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> DecimalColumn:
        return DecimalColumn(self.coefficients[index], self.scale)

    def decimals(self) -> list[Decimal]:
        """The values one by one."""
        return [Decimal(f"{coefficient}E-{self.scale}") for coefficient in self.coefficients]  # scaleb would round


@dataclass(frozen=True, slots=True)
class TradeBatch:
    """Trades of one instrument, in any order, as columns of equal length.

    sequence: int64 · ts: int64 microseconds since 1970 · side: int8, −1 sell, 0 unknown, 1 buy (the aggressor's) ·
    price and size: above zero, checked by whoever makes the batch (`of`, or a normaliser).
    """

    sequence: npt.NDArray[np.int64]
    ts: npt.NDArray[np.int64]
    price: DecimalColumn
    size: DecimalColumn
    side: npt.NDArray[np.int8]

    @classmethod
    def of(cls, trades: Sequence[Trade]) -> Self:
        """The trades as columns."""
        return cls(
            np.array([trade.sequence for trade in trades], dtype=np.int64),
            np.array([microseconds(trade.ts) for trade in trades], dtype=np.int64),
            DecimalColumn.of([trade.price for trade in trades]),
            DecimalColumn.of([trade.size for trade in trades]),
            np.array([SIDE_CODES[trade.side] for trade in trades], dtype=np.int8),
        )

    @classmethod
    def concat(cls, batches: Sequence[TradeBatch]) -> TradeBatch:
        """One after the other; at least one."""
        return cls(
            np.concatenate([batch.sequence for batch in batches]),
            np.concatenate([batch.ts for batch in batches]),
            DecimalColumn.concat([batch.price for batch in batches]),
            DecimalColumn.concat([batch.size for batch in batches]),
            np.concatenate([batch.side for batch in batches]),
        )

    def __len__(self) -> int:
        return len(self.sequence)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> TradeBatch:
        """The rows at `index`: a slice, a mask or an array of positions."""
        return TradeBatch(self.sequence[index], self.ts[index], self.price[index], self.size[index], self.side[index])

    @property
    def minute(self) -> npt.NDArray[np.int64]:
        """The minute each trade falls into, in microseconds since 1970."""
        return self.ts - self.ts % MINUTE_US

    def window(self) -> Window:
        """The whole minutes that the trades lie in. Only for a batch that is not empty."""
        minute = self.minute
        return Window(from_microseconds(int(minute.min())), from_microseconds(int(minute.max()) + MINUTE_US))

    def trades(self) -> list[Trade]:
        """The trades one by one."""
        rows = zip(self.sequence, self.price.decimals(), self.size.decimals(), self.side, self.ts, strict=True)
        return [Trade(int(n), p, q, SIDES[int(s)], from_microseconds(int(t))) for n, p, q, s, t in rows]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no trade: kept as a dead letter, with its reason."""

    row: int
    """Its number in the file or payload, from 1."""
    text: str
    reason: str
    received_at: datetime | None = None

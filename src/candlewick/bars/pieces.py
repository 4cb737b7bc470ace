"""Trades cut into bars: what each piece opens and closes at, and what is in it, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from candlewick.bars.columns import BarColumns, SumColumn
from candlewick.bars.fullness import Number
from candlewick.bars.prefix import Prefix
from candlewick.bars.state import OpenBar, Sums
from candlewick.domain.bar import BarMeasure
from candlewick.domain.batch import DecimalColumn, Integers, TradeBatch

type Positions = npt.NDArray[np.int64]
type Exact = npt.NDArray[np.object_]
"""Whole numbers and fractions, of any size."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Trades from `start` up to `end`, not included, without parts of the first and of the last, as measured."""

    start: int
    end: int
    taken: Number
    """What of the first is in the bar before."""
    rest: Number
    """What of the last is for the bar after."""


class Pieces:
    """A batch that is cut. Its first piece goes on with the bar that was open before, if there was one."""

    def __init__(self, batch: TradeBatch, prefix: Prefix, measure: BarMeasure, before: OpenBar | None) -> None:
        self._batch = batch
        self._prefix = prefix
        self._measure = measure
        self._before = before

    def sums(self, piece: Piece, *, first: bool) -> Sums:
        """What is in the piece; of the first one, with what the open bar had before."""
        prefix = self._prefix
        cuts = self._cuts([piece], np.array([piece.start]), np.array([piece.end - 1]))
        sign = prefix.sign[piece.start : piece.end]
        bought, sold = int(np.count_nonzero(sign > 0)), int(np.count_nonzero(sign < 0))

        def between(name: str, scale: int) -> Fraction:
            sums, cut_off = getattr(prefix, name), cuts[name][0] if cuts else 0
            exact: Fraction = Fraction(int(sums[piece.end]) - int(sums[piece.start]) - cut_off) / 10**scale
            return exact

        found = Sums(
            trades=piece.end - piece.start,
            size=between("size", prefix.size_scale),
            value=between("value", prefix.value_scale),
            taker_buys=between("taker_buys", prefix.size_scale),
            buys=between("buys", prefix.scale) if bought else Fraction(0),  # where sides do not matter there are none
            sells=between("sells", prefix.scale) if sold else Fraction(0),
            buy_trades=bought,
            sell_trades=sold,
        )
        return found + self._before.sums if first and self._before is not None else found

    def open_bar(self, piece: Piece, *, first: bool) -> OpenBar | None:
        """The bar that the last piece leaves open; None if nothing is in it."""
        before = self._before if first else None
        if piece.start == piece.end:
            return before
        opened, high, low, close = self._prices(piece)
        return OpenBar(
            first=before.first if before else int(self._batch.sequence[piece.start]),
            last=int(self._batch.sequence[piece.end - 1]),
            opened=before.opened if before else int(self._batch.ts[piece.start]),
            seen=int(self._batch.ts[piece.end - 1]),
            open=before.open if before else opened,
            high=max(high, before.high) if before else high,
            low=min(low, before.low) if before else low,
            close=close,
            sums=self.sums(piece, first=first),
        )

    def _prices(self, piece: Piece) -> list[Decimal]:
        """Open, high, low and close of the piece."""
        prices = self._prefix.price[piece.start : piece.end]
        return DecimalColumn(
            np.array([prices[0], prices.max(), prices.min(), prices[-1]], dtype=prices.dtype), self._prefix.price_scale
        ).decimals()

    def columns(self, pieces: Sequence[Piece]) -> BarColumns:
        """Full bars, the first of which is what was open before with the first piece."""
        starts = np.array([piece.start for piece in pieces], dtype=np.int64)
        ends = np.array([piece.end for piece in pieces], dtype=np.int64)
        batch, prefix, before = self._batch, self._prefix, self._before if len(pieces) else None
        cuts = self._cuts(pieces, starts, ends - 1)
        first, opened, trades = batch.sequence[starts], batch.ts[starts], ends - starts
        if before is not None:
            first[0], opened[0], trades[0] = before.first, before.opened, trades[0] + before.sums.trades

        def summed(sums: Integers, scale: int, name: str) -> SumColumn:
            numbers = sums[ends] - sums[starts]
            if cuts:
                numbers = _narrowed(numbers - cuts[name])
            carried: Fraction | None = getattr(before.sums, name) if before else None
            return _with_first(SumColumn(numbers, scale), carried, add)

        def price(numbers: Integers, name: str, choose: Callable[[Fraction, Fraction], Fraction]) -> SumColumn:
            carried: Decimal | None = getattr(before, name, None)
            return _with_first(SumColumn(numbers, prefix.price_scale), carried, choose)

        return BarColumns(
            first=first,
            last=batch.sequence[ends - 1],
            opened=opened,
            closed=batch.ts[ends - 1],
            open=price(prefix.price[starts], "open", lambda _, carried: carried),
            high=price(_extremes(np.maximum, prefix.price, starts, ends), "high", max),
            low=price(_extremes(np.minimum, prefix.price, starts, ends), "low", min),
            close=SumColumn(prefix.price[ends - 1], prefix.price_scale),
            volume=summed(prefix.size, prefix.size_scale, "size"),
            quote_volume=summed(prefix.value, prefix.value_scale, "value"),
            taker_buy_volume=summed(prefix.taker_buys, prefix.size_scale, "taker_buys"),
            trades=trades,
        )

    def _cuts(self, pieces: Sequence[Piece], first: Positions, last: Positions) -> Mapping[str, Exact]:
        """Parts of trades that each piece is without, in the prefix's units; empty where no trade is in two pieces."""
        if not any(piece.taken or piece.rest for piece in pieces):
            return {}
        cuts: dict[str, Any] = dict.fromkeys(("size", "value", "taker_buys", "buys", "sells"), 0)
        for at, parts in ((first, [piece.taken for piece in pieces]), (last, [piece.rest for piece in pieces])):
            measured, price = np.array(parts, dtype=object), self._prefix.price[at].astype(object)
            in_size = self._measure is BarMeasure.VOLUME
            size = measured if in_size else measured * np.array([Fraction(1, each) for each in price], dtype=object)
            sign = self._prefix.sign[at]
            found = {
                "size": size,
                "value": measured * price if in_size else measured,
                "taker_buys": size * (self._batch.side[at] > 0),
                "buys": measured * (sign > 0),
                "sells": measured * (sign < 0),
            }
            cuts = {name: cuts[name] + part for name, part in found.items()}
        return cuts


def _extremes(choose: np.ufunc, price: Integers, starts: Positions, ends: Positions) -> Integers:
    """The highest or the lowest price of each piece; pieces may share a trade."""
    if not len(starts):
        return price[:0]
    padded = np.append(price, price[-1:])
    found: Integers = choose.reduceat(padded, np.stack([starts, ends], axis=1).ravel())[::2]
    return found


def _with_first(
    column: SumColumn, carried: Decimal | Fraction | None, combine: Callable[[Fraction, Fraction], Fraction]
) -> SumColumn:
    """The column, its first number combined with what the open bar had before."""
    if carried is None:
        return column
    ours = column.numbers[0]
    number = combine(ours if isinstance(ours, Fraction) else Fraction(int(ours)), Fraction(carried) * 10**column.scale)
    return SumColumn(_changed(column.numbers, 0, number), column.scale)


def _narrowed(numbers: Exact) -> Integers:
    """The numbers, whole ones as integers, in as narrow a column as they fit."""
    whole = [each.numerator if each.denominator == 1 else each for each in numbers]
    fits = all(isinstance(each, int) and abs(each) < 2**63 for each in whole)
    return np.array(whole, dtype=np.int64 if fits else object)


def _changed(numbers: Integers, place: int, number: Number) -> Integers:
    """The numbers with another one in that place, in as wide a column as it takes."""
    if isinstance(number, Fraction) and number.denominator == 1:
        number = number.numerator
    if numbers.dtype != object and (isinstance(number, Fraction) or abs(number) >= 2**63):
        numbers = numbers.astype(object)
    numbers[place] = number
    return numbers

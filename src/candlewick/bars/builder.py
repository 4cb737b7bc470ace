"""Builds event bars from trades that come in batches, in the order of their sequence."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from candlewick.bars import expectations
from candlewick.bars.columns import BarColumns
from candlewick.bars.fullness import Begun, Number, full
from candlewick.bars.pieces import Piece, Pieces
from candlewick.bars.prefix import Prefix
from candlewick.bars.signs import Signs, signs
from candlewick.bars.state import BarState, Sums
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec
from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import NoRoomForBars, TooManyBars, TradesOutOfOrder

AT_ONCE: Final = 32_768
"""Trades of which sums are made at a time."""
MOST_OF_A_TRADE: Final = 10_000
"""Bars that one trade is cut into."""


class BarBuilder:
    """One series of bars of one instrument."""

    def __init__(self, spec: EventBarSpec, state: BarState | None = None) -> None:
        """`state` is where an earlier builder of the same series stopped."""
        self._spec = spec
        self._state = state or BarState()

    @property
    def state(self) -> BarState:
        """Where it stands: another builder goes on from there."""
        return self._state

    def take(self, batch: TradeBatch, most: int | None = None) -> Sequence[BarColumns]:
        """The bars that these trades fill, in order, in one or more groups.

        Raises:
            TradesOutOfOrder: a trade was taken before, or comes before one that was.
            TooManyBars: a trade would be split into too many.
            NoRoomForBars: there would be more than `most`.
        """
        self._check_order(batch)
        state, found, room = self._state, [], sys.maxsize if most is None else most
        for start in range(0, len(batch), AT_ONCE):
            bars, state = _Turn(self._spec, state, batch[start : start + AT_ONCE], room).run()
            room -= len(bars)
            if len(bars):
                found.append(bars)
        self._state = state
        return found

    def _check_order(self, batch: TradeBatch) -> None:
        if not len(batch):
            return
        last, sequence = self._state.last, batch.sequence
        if last is not None and sequence[0] <= last:
            raise TradesOutOfOrder(int(sequence[0]), last)
        wrong = np.flatnonzero(sequence[1:] <= sequence[:-1])
        if len(wrong):
            raise TradesOutOfOrder(int(sequence[wrong[0] + 1]), int(sequence[wrong[0]]))


class _Turn:
    """Some trades, at least one, from one state to the next."""

    def __init__(self, spec: EventBarSpec, state: BarState, batch: TradeBatch, room: int) -> None:
        self._room = room
        self._spec = spec
        self._state = state
        self._batch = batch
        sign: Signs = np.zeros(len(batch), dtype=np.int8)
        self._tick = state.tick
        if spec.rule is not BarRule.THRESHOLD:  # which does not ask for sides
            sign, self._tick = signs(batch.side, batch.price, state.tick)
        self._prefix = Prefix(batch, sign, spec.measure)
        self._pieces = Pieces(batch, self._prefix, spec.measure, state.open)
        self._expected = state.expected
        self._fixed = self._scaled(Fraction(spec.threshold))

    def run(self) -> tuple[BarColumns, BarState]:
        """The bars that are full, and the state after the last trade."""
        *whole, rest = self._cut()
        still_open = self._pieces.open_bar(rest, first=not whole)
        state = BarState(int(self._batch.sequence[-1]), self._tick, still_open, self._expected)
        return self._pieces.columns(whole), state

    def _cut(self) -> Iterator[Piece]:
        """The trades of each bar that is full, then those of the one that is not."""
        begun, first, of_one, room = self._begin(), True, 0, self._room
        while (found := full(self._spec.rule, self._prefix, begun, self._threshold())) is not None:
            piece = Piece(begun.start, found.end, begun.taken, found.rest if self._spec.split else 0)
            yield piece
            if self._spec.expectation is not None:
                bar = self._pieces.sums(piece, first=first)
                self._expected = expectations.after(bar, self._expected, self._spec.expectation)
            of_one = of_one + 1 if piece.rest and piece.end - piece.start == 1 else 0
            if of_one > MOST_OF_A_TRADE:
                raise TooManyBars(int(self._batch.sequence[piece.start]), MOST_OF_A_TRADE)
            room -= 1
            if room < 0:
                raise NoRoomForBars(int(self._batch.sequence[piece.start]))
            begun, first = self._next(piece), False
        yield Piece(begun.start, len(self._batch), begun.taken, 0)

    def _begin(self) -> Begun:
        if self._state.open is None:
            return Begun(0)
        sums = self._state.open.sums
        return Begun(0, 0, *map(self._scaled, (self._measured(sums), sums.buys, sums.sells)))

    def _measured(self, sums: Sums) -> Number:
        match self._spec.measure:
            case BarMeasure.TICK:
                return sums.trades
            case BarMeasure.VOLUME:
                return sums.size
            case BarMeasure.VALUE:
                return sums.value

    def _next(self, piece: Piece) -> Begun:
        if not piece.rest:
            return Begun(piece.end)
        last = piece.end - 1
        return Begun(last, int(self._prefix.total[piece.end]) - int(self._prefix.total[last]) - piece.rest)

    def _threshold(self) -> Number:
        """When the open bar is full, in the prefix's units."""
        if self._expected is None or self._spec.expectation is None:
            return self._fixed
        wanted = self._expected.threshold(self._spec.rule, self._spec.expectation)
        return self._fixed if wanted is None else self._scaled(wanted)

    def _scaled(self, exact: Number) -> Number:
        """In the prefix's units; whole wherever it can be, since fractions are slow."""
        scaled: Number = exact * 10**self._prefix.scale
        return scaled.numerator if scaled.denominator == 1 else scaled

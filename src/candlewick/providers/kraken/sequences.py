"""Sequences for trades that Kraken gave without an id: REST's before it had them, and all of websocket v1's."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zlib import crc32

from candlewick.domain.market import Side
from candlewick.providers.exact import Unreadable

_TICKS: Final = Decimal(10_000)
"""A second's tenths of a millisecond: as fine as REST's times were then."""
_TICK_BITS: Final = 45
_MARK_BITS: Final = 18
_MARKS: Final = 2**_MARK_BITS
_LOWEST: Final = -(2**63)


class MadeSequences:
    """The sequences of one payload's trades without ids.

    A sequence is made from the trade alone: its time in tenths of a millisecond (45 bits, enough until 2081), then a
    mark of 18 bits from its price, size and side, all of it below zero. So

    - the same trade has the same sequence in whichever page or message it comes;
    - sequences rise with time; trades of one tenth of a millisecond are in an order that is arbitrary, but stays;
    - none is ever a trade id of Kraken's: those are not negative.

    Trades that are equal in everything, or whose marks happen to be, take the next free marks in the payload's order.
    That is the same in every payload that has all trades of that tenth of a millisecond, as our pages do: each begins
    before the last moment of the one before it. Elsewhere the worst is that one of two equal trades is taken for
    a repetition of the other.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def make(self, seconds: Decimal, price: Decimal, size: Decimal, side: Side) -> int:
        """The sequence of a trade at so many seconds since 1970.

        Raises:
            Unreadable: no sequence is left for that moment, or the moment is none that a sequence can have.
        """
        tick = int((seconds * _TICKS).to_integral_value(ROUND_HALF_UP))
        if not 0 <= tick < 2**_TICK_BITS:
            raise Unreadable(f"time {seconds} is none that a trade without an id can have")
        mark = crc32(f"{price.normalize()} {size.normalize()} {side}".encode()) % _MARKS
        for offset in range(_MARKS):
            sequence = _LOWEST + (tick << _MARK_BITS) + (mark + offset) % _MARKS
            if sequence not in self._taken:
                self._taken.add(sequence)
                return sequence
        raise Unreadable(f"more than {_MARKS} trades without ids have the time {seconds}")

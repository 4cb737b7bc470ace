"""The engine: what a strategy wants to hold becomes orders, orders become fills, fills become an equity curve.

What is decided when a candle closes is filled in the next one. Between two fills nothing changes but prices, so the
engine goes from one change of mind to the next and never from candle to candle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from candlewick.backtest.account import EXACT, Account
from candlewick.backtest.strategy import Floats, Sides
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import AccountRules, AtEnd, Direction, ExitReason, Fill, FillAt, RoundTrip


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run."""

    trades: list[RoundTrip]
    equity: Floats
    """When each candle closed."""
    sides: Sides
    """What was held when each candle closed; what is closed at the last close counts as held."""
    final: Decimal
    """The equity at the end, exact."""
    fees: Decimal
    traded: Decimal
    skipped: int
    """Orders that were too small for one lot."""
    ruined: int | None
    """The candle that closed with nothing left."""
    pending: bool
    """The last candle's order was not filled: there is no candle after it."""


def trade(tape: Tape, wanted: Sides, rules: AccountRules) -> Run:
    """Trade on the candles as the sides want it, as far as the rules allow them."""
    with localcontext(EXACT):
        return _Desk(tape, rules).run(allowed(wanted, rules.direction))


def allowed(wanted: Sides, direction: Direction) -> Sides:
    """The sides without those that are not to be held."""
    if direction is Direction.LONG_ONLY:
        return np.maximum(wanted, 0)
    if direction is Direction.SHORT_ONLY:
        return np.minimum(wanted, 0)
    return wanted


@dataclass(slots=True)
class _Desk:
    """A run on its way."""

    tape: Tape
    rules: AccountRules
    account: Account = field(init=False)
    trades: list[RoundTrip] = field(default_factory=list)
    entry: Fill | None = None
    """Of the position that is open."""
    valued: int = 0
    """Candles whose equity is known."""
    skipped: int = 0
    ruined: int | None = None
    pending: bool = False
    equity: Floats = field(init=False)
    sides: Sides = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(self.rules)
        self.equity = np.empty(len(self.tape))
        self.sides = np.zeros(len(self.tape), dtype=np.int8)

    def run(self, wanted: Sides) -> Run:
        for decided in _changes(wanted):
            if not self._value_until(decided + 1):
                break
            if decided + 1 == len(self.tape):
                self.pending = True
                break
            self._turn(int(wanted[decided]), decided + 1)
            if self.ruined is not None:
                break
        self._value_until(len(self.tape))
        self._end()
        account = self.account
        return Run(
            self.trades, self.equity, self.sides, self._final(), account.fees, account.traded,
            self.skipped, self.ruined, self.pending,
        )  # fmt: skip

    def _turn(self, side: int, candle: int) -> None:
        """Give up what is held, and take what is wanted instead."""
        price, time = self._next_price(candle)
        if self.entry is not None:
            self._close(price, candle, time, ExitReason.SIGNAL)
            if self.account.cash <= 0:
                self.ruined = candle
                return
        if side:
            self.entry = self.account.open(side, price, candle, time)
            self.skipped += self.entry is None

    def _value_until(self, candle: int) -> bool:
        """Value what is held at the closes before the candle; False if nothing was left at one of them.

        Then the position is given up in the next candle, and it is over.
        """
        if self.ruined is not None:
            self._value(candle)
            return False
        start = self.valued
        self._value(candle)
        if self.account.quantity >= 0:
            return True
        gone = np.flatnonzero(self.equity[start:candle] <= 0)
        if not len(gone):
            return True
        self.ruined = start + int(gone[0])
        following = self.ruined + 1
        if following < len(self.tape):
            self.valued = following
            self._close(*self._fill_place(following), ExitReason.RUIN)
            self._value(candle)
        return False

    def _value(self, candle: int) -> None:
        closes = self.tape.series.close[self.valued : candle]
        quantity = self.account.quantity
        self.equity[self.valued : candle] = float(self.account.cash) + float(quantity) * closes
        self.sides[self.valued : candle] = 0 if not quantity else (1 if quantity > 0 else -1)
        self.valued = max(self.valued, candle)

    def _next_price(self, candle: int) -> tuple[Decimal, datetime]:
        if self.rules.fill is FillAt.NEXT_OPEN:
            return self.tape.open_at(candle), self.tape.opens(candle)
        return self.tape.close_at(candle), self.tape.closes(candle)

    def _fill_place(self, candle: int) -> tuple[Decimal, int, datetime]:
        price, time = self._next_price(candle)
        return price, candle, time

    def _end(self) -> None:
        """Close at the last close what is open, or say what it would have made."""
        if self.entry is None:
            return
        last = len(self.tape) - 1
        if self.rules.at_end is AtEnd.HOLD:
            self._note(None, None, len(self.tape))
            return
        self._close(self.tape.close_at(last), last, self.tape.closes(last), ExitReason.END)
        self.equity[last] = float(self.account.cash)

    def _close(self, price: Decimal, candle: int, time: datetime, reason: ExitReason) -> None:
        left = self.account.close(price, candle, time)
        self._note(left, reason, candle + (reason is ExitReason.END))
        self.entry = None

    def _note(self, left: Fill | None, reason: ExitReason | None, until: int) -> None:
        entry = self.entry
        assert entry is not None  # noqa: S101  (what is closed was opened)
        out = left.price if left else self.tape.close_at(len(self.tape) - 1)
        profit = entry.quantity * (out - entry.price) - entry.fee - (left.fee if left else 0)
        cost = abs(entry.quantity) * entry.price + entry.fee
        number = len(self.trades) + 1
        gain = float(profit) / float(cost)
        self.trades.append(RoundTrip(number, entry, left, reason, profit, gain, until - entry.candle))

    def _final(self) -> Decimal:
        held = self.account.quantity * self.tape.close_at(len(self.tape) - 1) if self.account.quantity else Decimal(0)
        return self.account.cash + held


def _changes(wanted: Sides) -> list[int]:
    """The candles after which something else is wanted than before."""
    changed: npt.NDArray[np.intp] = np.flatnonzero(np.diff(wanted, prepend=np.int8(0)))
    return changed.tolist()  # type: ignore[no-any-return]

"""An account: cash and one position, exact to the last digit.

Everything is a `Decimal` and nothing is ever rounded but the quantity, down to whole lots: a price of 20 digits, its
slippage, a quantity and a fee together have fewer digits than the context keeps, and it would say so if they had not.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Final

from candlewick.domain.backtest import AccountRules, Fill, SizingKind

EXACT: Final = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""What an account is kept in: `with localcontext(EXACT)`."""


class Account:
    """Opens and closes positions by the rules. Nothing is borrowed to buy; what is sold short is worth what it has."""

    def __init__(self, rules: AccountRules) -> None:
        self._rules = rules
        self._unit_cost = 1 + rules.fee
        self.cash = rules.capital
        self.quantity = Decimal(0)
        """Below zero: owed."""
        self.fees = Decimal(0)
        self.traded = Decimal(0)
        """The value of all fills."""

    def open(self, side: int, price: Decimal, candle: int, time: datetime) -> Fill | None:
        """Take the position, long (1) or short (-1); None if not one lot can be paid."""
        paid = self._slipped(price, side)
        lots = self._lots(paid)
        if lots <= 0:
            return None
        return self._fill(side * lots * self._rules.lot, paid, candle, time)

    def close(self, price: Decimal, candle: int, time: datetime) -> Fill:
        """Give the position up."""
        side = -1 if self.quantity > 0 else 1
        return self._fill(-self.quantity, self._slipped(price, side), candle, time)

    def _lots(self, paid: Decimal) -> Decimal:
        """How many lots the position has, fee included in what it costs."""
        lot_cost, sizing = paid * self._unit_cost * self._rules.lot, self._rules.sizing
        if self.cash <= 0:
            return Decimal(0)
        if sizing.kind is SizingKind.FRACTION:
            return self.cash * sizing.amount // lot_cost
        if sizing.kind is SizingKind.CASH:
            return min(sizing.amount, self.cash) // lot_cost
        return min(sizing.amount // self._rules.lot, self.cash // lot_cost)

    def _slipped(self, price: Decimal, side: int) -> Decimal:
        return price * (1 + side * self._rules.slippage)

    def _fill(self, quantity: Decimal, paid: Decimal, candle: int, time: datetime) -> Fill:
        value = abs(quantity) * paid
        fee = value * self._rules.fee
        self.cash -= quantity * paid + fee
        self.quantity += quantity
        self.fees += fee
        self.traded += value
        return Fill(candle, time, quantity, paid, fee)

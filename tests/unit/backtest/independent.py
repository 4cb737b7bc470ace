"""The same rules once more, candle by candle in plain Decimal: nothing of it is shared with what it checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import pairwise

ONE = Decimal(1)


@dataclass(frozen=True)
class Day:
    """A candle."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@dataclass
class Book:
    """What a run comes to."""

    fills: list[tuple[int, Decimal, Decimal, Decimal]] = field(default_factory=list)
    """Candle, quantity, price, fee."""
    equity: list[Decimal] = field(default_factory=list)
    cash: Decimal = Decimal(0)

    def drawdown(self, capital: Decimal) -> Decimal:
        highest, deepest = capital, Decimal(0)
        for each in self.equity:
            highest = max(highest, each)
            deepest = min(deepest, each / highest - 1)
        return deepest


Wish = Callable[[int, int], int]
"""What to hold after the candle at that position, given what was wanted after the one before."""


def play(
    days: Sequence[Day], start: int, wish: Wish, capital: Decimal, fee: Decimal, slippage: Decimal, lot: Decimal
) -> Book:
    """All of the cash into each position, filled at the next open; closed at the last close.

    When a close leaves nothing, the position is given up at the next open, and that is the end.
    """
    with localcontext() as context:
        context.prec = 120
        book, held, wanted, before, over = Book(cash=capital), Decimal(0), 0, 0, False
        for at in range(start, len(days)):
            if wanted != before:
                before = wanted
                if held:
                    held = _sell(book, days[at].open, held, at - start, fee, slippage)
                if wanted:
                    held = _take(book, days[at].open, wanted, at - start, fee, slippage, lot)
            over = over or book.cash + held * days[at].close <= 0
            wanted = 0 if over else wish(at, wanted)
            book.equity.append(book.cash + held * days[at].close)
        if held:
            _sell(book, days[-1].close, held, len(days) - 1 - start, fee, slippage)
            book.equity[-1] = book.cash
        return book


def _take(book: Book, price: Decimal, side: int, at: int, fee: Decimal, slippage: Decimal, lot: Decimal) -> Decimal:
    paid = price * (ONE + slippage if side > 0 else ONE - slippage)
    quantity = side * ((book.cash / (paid * (1 + fee))) // lot) * lot
    cost = abs(quantity) * paid * fee
    book.cash -= quantity * paid + cost
    book.fills.append((at, quantity, paid, cost))
    return quantity


def _sell(book: Book, price: Decimal, held: Decimal, at: int, fee: Decimal, slippage: Decimal) -> Decimal:
    paid = price * (ONE - slippage if held > 0 else ONE + slippage)
    cost = abs(held) * paid * fee
    book.cash += held * paid - cost
    book.fills.append((at, -held, paid, cost))
    return Decimal(0)


def mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def deviation(values: Sequence[Decimal]) -> Decimal:
    middle = mean(values)
    return mean([(each - middle) ** 2 for each in values]).sqrt()


def smoothed(values: Sequence[Decimal], length: int, weight: Decimal) -> list[Decimal | None]:
    """An exponential mean that begins with the plain mean of the first ones."""
    out: list[Decimal | None] = [None] * (length - 1)
    now = mean(values[:length])
    out.append(now)
    for each in values[length:]:
        now += weight * (each - now)
        out.append(now)
    return out


def ema(values: Sequence[Decimal], length: int) -> list[Decimal | None]:
    return smoothed(values, length, Decimal(2) / (length + 1))


def rsi(closes: Sequence[Decimal], length: int) -> list[Decimal | None]:
    moves = [now - then for then, now in pairwise(closes)]
    ups = smoothed([max(each, Decimal(0)) for each in moves], length, ONE / length)
    downs = smoothed([max(-each, Decimal(0)) for each in moves], length, ONE / length)
    pairs = zip(ups, downs, strict=True)
    return [None, *(None if up is None or down is None else 100 * up / (up + down) for up, down in pairs)]


def crossing(fast: Sequence[Decimal | None], slow: Sequence[Decimal | None], start: int) -> Wish:
    """Long above, short below, as before where they are equal."""

    def wish(at: int, before: int) -> int:
        quick, steady = fast[at], slow[at]
        if at < start or quick is None or steady is None or quick == steady:
            return before
        return 1 if quick > steady else -1

    return wish


def wishes(days: Sequence[Day], start: int) -> dict[str, Wish]:
    """Of each strategy with its defaults; before `start` none decides."""
    closes = [day.close for day in days]
    fast, slow = ema(closes, 12), ema(closes, 26)
    line = [None if a is None or b is None else a - b for a, b in zip(fast, slow, strict=True)]
    known = [each for each in line if each is not None]
    signal = [*[None] * (len(line) - len(known)), *ema(known, 9)]
    return {
        "sma_cross": crossing(sma(closes, 20), sma(closes, 50), start),
        "ema_cross": crossing(fast, slow, start),
        "rsi_bands": bands(rsi(closes, 14), start),
        "macd_cross": crossing(line, signal, start),
        "bollinger_reversion": reversion(closes, start),
        "donchian_breakout": breakout(days, start),
        "buy_and_hold": lambda _at, _before: 1,
    }


def sma(closes: Sequence[Decimal], length: int) -> list[Decimal | None]:
    return [mean(closes[at - length + 1 : at + 1]) if at >= length - 1 else None for at in range(len(closes))]


def bands(index: Sequence[Decimal | None], start: int) -> Wish:
    """Long below 30, short above 70."""

    def wish(at: int, before: int) -> int:
        value = index[at]
        if at < start or value is None or 30 <= value <= 70:
            return before
        return 1 if value < 30 else -1

    return wish


def reversion(closes: Sequence[Decimal], start: int) -> Wish:
    """Two deviations of twenty days away, until it is back."""

    def wish(at: int, before: int) -> int:
        if at < start:
            return 0
        part = closes[at - 19 : at + 1]
        middle, away, close = mean(part), 2 * deviation(part), closes[at]
        if close < middle - away:
            return 1
        if close > middle + away:
            return -1
        back = (before > 0 and close >= middle) or (before < 0 and close <= middle)
        return 0 if back else before

    return wish


def breakout(days: Sequence[Day], start: int) -> Wish:
    """Beyond the twenty days before, until it is beyond the other side of ten."""

    def wish(at: int, before: int) -> int:
        if at <= start:  # it looks at the channel of the candle before
            return 0
        close, past = days[at].close, days[:at]
        if close > max(day.high for day in past[-20:]):
            return 1
        if close < min(day.low for day in past[-20:]):
            return -1
        over = before > 0 and close < min(day.low for day in past[-10:])
        under = before < 0 and close > max(day.high for day in past[-10:])
        return 0 if over or under else before

    return wish

"""Bars as plain fractions, from the columns of a builder, and by adding up trade after trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from fractions import Fraction

from candlewick.bars.builder import BarBuilder
from candlewick.bars.columns import BarColumns
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec
from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import Side, Trade


@dataclass(frozen=True, eq=False)
class ExactBar:
    """First and last sequence, prices, volume, quote volume, number of trades."""

    first: int
    last: int
    open: Fraction
    high: Fraction
    low: Fraction
    close: Fraction
    volume: Fraction
    quote_volume: Fraction
    trades: int
    taker_buys: Fraction | None = None
    """Not compared where it is not told."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExactBar):
            return NotImplemented
        mine, its = astuple(self), astuple(other)
        return mine[:-1] == its[:-1] and (None in (mine[-1], its[-1]) or mine[-1] == its[-1])

    __hash__ = None  # type: ignore[assignment]


def exactly(columns: BarColumns) -> list[ExactBar]:
    sums = (
        columns.open, columns.high, columns.low, columns.close, columns.volume, columns.quote_volume,
        columns.taker_buy_volume,
    )  # fmt: skip
    whole = (columns.first, columns.last, columns.trades)
    rows = zip(*(each.tolist() for each in whole), *(each.fractions() for each in sums), strict=True)
    return [
        ExactBar(first, last, opened, high, low, close, volume, value, trades, bought)
        for first, last, trades, opened, high, low, close, volume, value, bought in rows
    ]


def built(builder: BarBuilder, trades: Sequence[Trade]) -> list[ExactBar]:
    """The bars that these trades fill."""
    return [bar for columns in builder.take(TradeBatch.of(trades)) for bar in exactly(columns)]


def unfinished(builder: BarBuilder) -> ExactBar | None:
    bar = builder.state.open
    if bar is None:
        return None
    opened, high, low, close = (Fraction(price) for price in (bar.open, bar.high, bar.low, bar.close))
    sums = bar.sums
    return ExactBar(bar.first, bar.last, opened, high, low, close, sums.size, sums.value, sums.trades, sums.taker_buys)


@dataclass
class _Adding:
    """One bar, part by part of its trades."""

    parts: list[tuple[Trade, Fraction, int]] = field(default_factory=list)
    """Trade, size, sign."""

    def measured(self, measure: BarMeasure, sign: int | None = None) -> Fraction:
        return sum(
            (_amount(measure, trade, size) for trade, size, its in self.parts if sign is None or its == sign),
            start=Fraction(0),
        )

    def bar(self) -> ExactBar:
        prices = [Fraction(trade.price) for trade, _, _ in self.parts]
        return ExactBar(
            self.parts[0][0].sequence, self.parts[-1][0].sequence, prices[0], max(prices), min(prices), prices[-1],
            sum((size for _, size, _ in self.parts), start=Fraction(0)),
            sum((size * Fraction(trade.price) for trade, size, _ in self.parts), start=Fraction(0)), len(self.parts),
            sum((size for trade, size, _ in self.parts if trade.side is Side.BUY), start=Fraction(0)),
        )  # fmt: skip


def _amount(measure: BarMeasure, trade: Trade, size: Fraction) -> Fraction:
    match measure:
        case BarMeasure.TICK:
            return Fraction(1)
        case BarMeasure.VOLUME:
            return size
        case BarMeasure.VALUE:
            return size * Fraction(trade.price)


def added_up(spec: EventBarSpec, trades: Sequence[Trade]) -> tuple[list[ExactBar], ExactBar | None]:
    """Full bars and the unfinished one, by the definition: one trade after the other, thresholds fixed."""
    full: list[ExactBar] = []
    adding, threshold = _Adding(), Fraction(spec.threshold)
    for trade, sign in zip(trades, _signs(trades), strict=True):
        left = Fraction(trade.size)
        while left:
            adding.parts.append((trade, left, sign))
            excess = _reached(spec, adding) - threshold
            if excess < 0:
                break
            rest = Fraction(0)
            if spec.split:
                rest = excess if spec.measure is BarMeasure.VOLUME else excess / Fraction(trade.price)
                adding.parts[-1] = (trade, left - rest, sign)
            full.append(adding.bar())
            adding, left = _Adding(), rest
    return full, adding.bar() if adding.parts else None


def _reached(spec: EventBarSpec, adding: _Adding) -> Fraction:
    buys, sells = (adding.measured(spec.measure, sign) for sign in (1, -1))
    match spec.rule:
        case BarRule.THRESHOLD:
            return adding.measured(spec.measure)
        case BarRule.IMBALANCE:
            return abs(buys - sells)
        case BarRule.RUNS:
            return max(buys, sells)


def _signs(trades: Sequence[Trade]) -> list[int]:
    found, tick = [], 0
    for number, trade in enumerate(trades):
        if number and trade.price != trades[number - 1].price:
            tick = 1 if trade.price > trades[number - 1].price else -1
        found.append({Side.BUY: 1, Side.SELL: -1, Side.UNKNOWN: tick}[trade.side])
    return found

"""The figures of a backtest as people read them, in one order everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from candlewick.domain.backtest import Statistics


def money(value: Decimal | float) -> str:
    """To the cent."""
    return f"{value:,.2f}"


def part(value: float) -> str:
    """In percent."""
    return f"{value:,.2%}"


def ratio(value: float) -> str:
    return f"{value:,.2f}"


def count(value: float) -> str:
    return f"{value:,.0f}"


def days(value: float) -> str:
    return f"{value:,.1f} days"


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the statistics: what people call it, and how it is written."""

    name: str
    title: str
    write: Callable[[float], str]
    held: str | None = None
    """The statistic that says the same of holding."""

    def of_holding(self, statistics: Statistics) -> str:
        return "" if self.held is None else self.write(getattr(statistics, self.held))


FIGURES: Final[Sequence[Figure]] = (
    Figure("final_equity", "Final equity", money),
    Figure("net_profit", "Net profit", money),
    Figure("fees", "Fees", money),
    Figure("total_return", "Return", part, "held_return"),
    Figure("cagr", "Compound annual growth", part),
    Figure("volatility", "Volatility, annual", part),
    Figure("sharpe", "Sharpe ratio", ratio),
    Figure("sortino", "Sortino ratio", ratio),
    Figure("calmar", "Calmar ratio", ratio),
    Figure("max_drawdown", "Largest drawdown", part, "held_max_drawdown"),
    Figure("longest_drawdown", "Longest drawdown", days),
    Figure("trades", "Positions", count),
    Figure("win_rate", "Win rate", part),
    Figure("profit_factor", "Profit factor", ratio),
    Figure("average_gain", "Average gain", part),
    Figure("exposure", "Exposure", part),
    Figure("turnover", "Turnover", ratio),
    Figure("skipped", "Orders too small", count),
)


def shown(figure: Figure, statistics: Statistics) -> str:
    """The figure; a dash if it cannot be said."""
    value = getattr(statistics, figure.name)
    return "–" if value is None else figure.write(value)

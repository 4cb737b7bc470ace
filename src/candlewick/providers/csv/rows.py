"""One line of a table, read exactly: a trade, a candle, a quote, a day, or the reason why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from candlewick.domain.candle import MinuteCandle
from candlewick.domain.day import DayCandle, Factor, Spelling
from candlewick.domain.market import DataKind, Side, Trade
from candlewick.domain.quote import Quote
from candlewick.domain.time import from_microseconds
from candlewick.providers.csv.columns import COUNTS, Column
from candlewick.providers.csv.names import Names
from candlewick.providers.csv.plan import Plan
from candlewick.providers.csv.table import cells_of
from candlewick.providers.exact import Unreadable, decimal, flag, integer, product

_FORMULA: Final = ("=", "+", "@")
"""What a spreadsheet would evaluate. Nothing here does, and nothing of it is stored."""
_ABSENT: Final = frozenset({"", "null", "none", "nan", "n/a", "na", "-"})
"""Ways to say nothing, in any case, in columns that need not say anything."""
NO_SIDE: Final = frozenset({"", "unknown", "u", "n/a", "none", "null", "-"})
_OTHER: Final = {Side.BUY: Side.SELL, Side.SELL: Side.BUY, Side.UNKNOWN: Side.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Day:
    """What one line of a table of days holds."""

    candle: DayCandle | None
    factor: Factor | None
    spelling: Spelling | None


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads lines by a plan. Each raises Unreadable, or the error of what the row would be."""

    plan: Plan
    names: Names = field(default_factory=Names)
    """Of tables that have some."""

    def trade(self, line: str) -> Trade:
        """A trade; one without an id has sequence 0 until it is numbered."""
        row = self._row(line)
        return Trade(
            sequence=row.whole(Column.ID) if Column.ID in self.plan.columns else 0,
            price=row.needed(Column.PRICE),
            size=row.needed(Column.SIZE),
            side=row.side(),
            ts=row.moment(),
        )

    def candle(self, line: str) -> MinuteCandle:
        """A candle of one minute."""
        row = self._row(line)
        opened, high, low, close, volume = map(row.needed, _CANDLE)
        return MinuteCandle(
            row.moment(), opened, high, low, close, volume,
            quote_volume=row.number(Column.QUOTE_VOLUME),
            trade_count=row.count(Column.TRADE_COUNT),
            taker_buy_volume=row.number(Column.TAKER_BUY_VOLUME),
            taker_buy_quote_volume=row.number(Column.TAKER_BUY_QUOTE_VOLUME),
        )  # fmt: skip

    def quote(self, line: str) -> Quote:
        """A quote."""
        row = self._row(line)
        return Quote(row.moment(), **{column.value: row.number(column) for column in _FIGURES})

    def day(self, line: str) -> Day:
        """A session, its factor, the end of a name, or several of them in one row.

        A session of which only the close is said opened there as well.
        """
        row, columns = self._row(line), self.plan.columns
        day = row.day()
        candle = factor = spelling = None
        if Column.CLOSE in columns:
            close = row.needed(Column.CLOSE)
            opened, high, low = (row.needed(each) if each in columns else close for each in _CANDLE[:3])
            candle = DayCandle(day, opened, high, low, close, row.number(Column.VOLUME))
        if Column.PRICE_FACTOR in columns:
            price, split = row.needed(Column.PRICE_FACTOR), row.needed(Column.SPLIT_FACTOR)
            factor = Factor(day, price, split, row.number(Column.REFERENCE_PRICE))
        if Column.SYMBOL in columns:
            spelling = self.names.until(day, row.text(Column.SYMBOL))
        return Day(candle, factor, spelling)

    def _row(self, line: str) -> _Row:
        cells = cells_of(line, self.plan.delimiter)
        if len(cells) != self.plan.fields:
            raise Unreadable(f"it has {len(cells)} fields instead of {self.plan.fields}")
        return _Row(self.plan, cells)


_CANDLE: Final = (Column.OPEN, Column.HIGH, Column.LOW, Column.CLOSE, Column.VOLUME)
_FIGURES: Final = (
    Column.PRICE, Column.BID, Column.ASK, Column.MARKET_CAP, Column.VOLUME_24H, Column.CHANGE_24H,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    plan: Plan
    cells: Sequence[str]

    def text(self, column: Column) -> str:
        """What stands in the column. A formula is never a value."""
        cell = self.cells[self.plan.columns[column]]
        if cell.startswith(_FORMULA):
            raise Unreadable(f"{column} {cell[:64]!r} is a formula")
        return cell

    def moment(self) -> datetime:
        parts = [self.text(column) for column in (Column.DATE, Column.TIME) if column in self.plan.columns]
        return from_microseconds(self.plan.times.one(" ".join(parts)))

    def day(self) -> date:
        return self.plan.dates.one(self.text(Column.TIME))

    def needed(self, column: Column) -> Decimal:
        return number(self.plan, self.text(column), column)

    def number(self, column: Column) -> Decimal | None:
        """None where there is no such column, or nothing in it."""
        if column not in self.plan.columns:
            return None
        text = self.text(column)
        return None if text.lower() in _ABSENT else number(self.plan, text, column)

    def whole(self, column: Column) -> int:
        found = integer(self.text(column), column)
        if found < 0:
            raise Unreadable(f"{column} {found} is below zero")
        return found

    def count(self, column: Column) -> int | None:
        if column not in self.plan.columns or self.text(column).lower() in _ABSENT:
            return None
        return self.whole(column)

    def side(self) -> Side:
        """The aggressor's."""
        if Column.BUYER_IS_MAKER in self.plan.columns:
            return Side.SELL if flag(self.text(Column.BUYER_IS_MAKER), Column.BUYER_IS_MAKER) else Side.BUY
        if Column.SIDE not in self.plan.columns:
            return Side.UNKNOWN
        return side_of(self.plan, self.text(Column.SIDE))


def number(plan: Plan, text: str, column: Column) -> Decimal:
    """A number as the plan's columns have it: with its decimal mark, times its factor. No thousands separators."""
    plain = text
    if plan.decimal != ".":
        if "." in text:
            raise Unreadable(f"{column} {text[:64]!r} is no decimal number with the mark {plan.decimal!r}")
        plain = text.replace(plan.decimal, ".", 1)
    value = decimal(plain, column)
    return product(value, plan.scale[column]) if column in plan.scale else value


def side_of(plan: Plan, text: str) -> Side:
    """The aggressor's side in a word. Raises Unreadable for a word that is none."""
    word = text.lower()
    if word in plan.side.buy:
        side = Side.BUY
    elif word in plan.side.sell:
        side = Side.SELL
    elif word in NO_SIDE:
        side = Side.UNKNOWN
    else:
        known = ", ".join((*plan.side.buy, *plan.side.sell))
        raise Unreadable(f"side {text[:64]!r} is none of {known}")
    return _OTHER[side] if plan.side.maker else side


def check_cell(plan: Plan, cells: Sequence[str], column: Column) -> None:
    """Raises Unreadable if the cell is not what its column is taken for."""
    row = _Row(plan, cells)
    if column in {Column.TIME, Column.DATE}:
        row.day() if plan.kind is DataKind.DAYS else row.moment()
    elif column in {Column.SIDE, Column.BUYER_IS_MAKER}:
        row.side()
    elif column in COUNTS:
        row.count(column)
    elif column is Column.SYMBOL:
        row.text(column)
    else:
        row.number(column)


def value_of(plan: Plan, cells: Sequence[str], column: Column) -> Decimal | None:
    """A number of the row. Raises Unreadable."""
    return _Row(plan, cells).number(column)


def moment_of(plan: Plan, cells: Sequence[str]) -> datetime:
    """The row's time. Raises Unreadable."""
    return _Row(plan, cells).moment()

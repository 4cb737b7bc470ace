"""Chunks of tables as trades, candles, quotes and days. Pure: bytes and a plan in, domain types out.

Plain lines of trades are read as columns, all at once; whatever is odd about a line is for `rows` to read or to refuse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import SIDE_CODES, DecimalColumn, TradeBatch
from candlewick.domain.day import DayLines
from candlewick.domain.market import Side
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import CandleLines, TradeLines
from candlewick.providers import delimited
from candlewick.providers.csv.columns import Column
from candlewick.providers.csv.names import Names
from candlewick.providers.csv.plan import Plan
from candlewick.providers.csv.rows import NO_SIDE, RowReader, side_of
from candlewick.providers.delimited import Mask
from candlewick.providers.text_lines import lines_of, one_by_one


def trades(chunk: bytes, plan: Plan, *, first_line: int) -> TradeLines:
    """Read whole lines, the first of which is number `first_line` of its file. Trades without ids are numbered 0."""
    lines = delimited.Lines.split(chunk, plan.fields, delimiter=ord(plan.delimiter), point=ord(plan.decimal))
    batch, fits = _plain_trades(lines, plan)
    numbers: npt.NDArray[np.int64] = lines.regular[fits] + first_line
    odd = ((first_line + int(index), lines.line(index)) for index in lines.irregular(fits))
    found, rejected = one_by_one(odd, RowReader(plan).trade)
    last_line = first_line + len(lines) - 1
    if not found:
        return TradeLines(batch[fits], numbers, rejected, last_line)
    every = TradeBatch.concat([batch[fits], TradeBatch.of([trade for _, trade in found])])
    numbers = np.concatenate([numbers, np.array([number for number, _ in found])])
    order = np.argsort(numbers)
    return TradeLines(every[order], numbers[order], rejected, last_line)


def candles(chunk: bytes, plan: Plan, *, first_line: int) -> CandleLines:
    """The minute candles in whole lines."""
    lines = lines_of(chunk)
    found, rejected = one_by_one(enumerate(lines, first_line), RowReader(plan).candle)
    return CandleLines([candle for _, candle in found], rejected, first_line + len(lines) - 1)


def quotes(chunk: bytes, plan: Plan, *, first_line: int) -> QuoteLines:
    """The quotes in whole lines."""
    lines = lines_of(chunk)
    found, rejected = one_by_one(enumerate(lines, first_line), RowReader(plan).quote)
    return QuoteLines([quote for _, quote in found], rejected, first_line + len(lines) - 1)


def days(chunk: bytes, plan: Plan, *, first_line: int, names: Names | None = None) -> DayLines:
    """The days, factors and names in whole lines. `names`: what the lines before them said."""
    lines = lines_of(chunk)
    found, rejected = one_by_one(enumerate(lines, first_line), RowReader(plan, names or Names()).day)
    return DayLines(
        [day.candle for _, day in found if day.candle is not None],
        [day.factor for _, day in found if day.factor is not None],
        rejected,
        first_line + len(lines) - 1,
        [day.spelling for _, day in found if day.spelling is not None],
    )


def _plain_trades(lines: delimited.Lines, plan: Plan) -> tuple[TradeBatch, Mask]:
    """A row for every regular line, and which of these rows are trades beyond doubt."""
    at = plan.columns
    ts, timed = _moments(lines, plan)
    price, price_fits = _decimals(lines, plan, Column.PRICE)
    size, size_fits = _decimals(lines, plan, Column.SIZE)
    side, side_fits = _sides(lines, plan)
    fits = timed & price_fits & size_fits & side_fits & (price.coefficients > 0) & (size.coefficients > 0)
    sequence: npt.NDArray[np.int64] = np.zeros(len(ts), dtype=np.int64)
    if Column.ID in at:
        sequence, sequence_fits = delimited.integers(lines, at[Column.ID])
        fits &= sequence_fits
    return TradeBatch(sequence, ts, price, size, side), fits


def _moments(lines: delimited.Lines, plan: Plan) -> tuple[npt.NDArray[np.int64], Mask]:
    """The rows' times; those that stand in two columns are for the exact way."""
    if Column.DATE in plan.columns:
        return np.zeros(len(lines.regular), dtype=np.int64), np.zeros(len(lines.regular), dtype=np.bool_)
    return plan.times.column(lines, plan.columns[Column.TIME])


def _decimals(lines: delimited.Lines, plan: Plan, column: Column) -> tuple[DecimalColumn, Mask]:
    found, fits = delimited.decimals(lines, plan.columns[column])
    factor = plan.scale.get(column)
    if factor is None:
        return found, fits
    _, digits, exponent = factor.as_tuple()
    multiplier = int("".join(map(str, digits))) * 10 ** max(int(exponent), 0)
    coefficients = np.where(fits, found.coefficients, 0)
    if int(coefficients.max(initial=0)) * multiplier >= 2**63:
        coefficients = coefficients.astype(object)
    return DecimalColumn(coefficients * multiplier, found.scale + max(-int(exponent), 0)), fits


def _sides(lines: delimited.Lines, plan: Plan) -> tuple[npt.NDArray[np.int8], Mask]:
    """The aggressor's sides, and for which regular lines they are told by a word of the usual cases."""
    at, count = plan.columns, len(lines.regular)
    sides = np.zeros(count, dtype=np.int8)
    if Column.BUYER_IS_MAKER in at:
        maker, fits = delimited.flags(lines, at[Column.BUYER_IS_MAKER])
        return np.where(maker, SIDE_CODES[Side.SELL], SIDE_CODES[Side.BUY]).astype(np.int8), fits
    if Column.SIDE not in at:
        return sides, np.ones(count, dtype=np.bool_)
    fits = np.zeros(count, dtype=np.bool_)
    found, short = delimited.words(lines, at[Column.SIDE])
    for spelling in (*plan.side.buy, *plan.side.sell, *NO_SIDE):
        for written in {spelling, spelling.upper(), spelling.capitalize()}:
            if len(written.encode()) <= delimited.LONGEST_WORD:
                same = short & (found == delimited.word(written.encode()))
                sides[same] = SIDE_CODES[side_of(plan, spelling)]
                fits |= same
    return sides, fits

"""Chunks of Binance's spot archives as trades and minute candles. Pure: bytes in, domain types out.

Plain lines are read as columns, all at once; whatever is odd about a line is for `rows` to read or to refuse.
"""

from __future__ import annotations

import numpy as np

from candlewick.domain.batch import SIDE_CODES, TradeBatch
from candlewick.domain.market import Side, Tape
from candlewick.domain.raw import CandleLines, TradeLines
from candlewick.providers import delimited
from candlewick.providers.binance import rows
from candlewick.providers.event_time import EventTimes
from candlewick.providers.text_lines import lines_of, one_by_one


def trades(chunk: bytes, tape: Tape, *, first_line: int, times: EventTimes) -> TradeLines:
    """Read whole lines, the first of which is number `first_line` of its file. Blank and header lines are nothing."""
    layout = rows.LAYOUTS[tape]
    lines = delimited.Lines.split(chunk, layout.fields)
    batch, fits = _plain_trades(lines, layout, times)
    numbers = lines.regular[fits] + first_line
    last_line = first_line + len(lines) - 1
    odd = ((first_line + int(index), lines.line(index)) for index in lines.irregular(fits))
    found, rejected = one_by_one(odd, lambda line: rows.trade(line, layout, times), rows.is_header)
    if not found:
        return TradeLines(batch[fits], numbers, rejected, last_line)
    every = TradeBatch.concat([batch[fits], TradeBatch.of([trade for _, trade in found])])
    numbers = np.concatenate([numbers, np.array([number for number, _ in found])])
    order = np.argsort(numbers)
    return TradeLines(every[order], numbers[order], rejected, last_line)


def candles(chunk: bytes, *, first_line: int, times: EventTimes) -> CandleLines:
    """Read whole lines of one-minute klines, the first of which is number `first_line` of its file."""
    lines = lines_of(chunk)
    found, rejected = one_by_one(enumerate(lines, first_line), lambda line: rows.candle(line, times), rows.is_header)
    return CandleLines([candle for _, candle in found], rejected, first_line + len(lines) - 1)


def _plain_trades(
    lines: delimited.Lines, layout: rows.TradeLayout, times: EventTimes
) -> tuple[TradeBatch, delimited.Mask]:
    """A row for every regular line, and which of these rows are trades beyond doubt."""
    sequence, fits = delimited.integers(lines, layout.sequence)
    price, price_fits = delimited.decimals(lines, layout.price)
    size, size_fits = delimited.decimals(lines, layout.size)
    stamps, stamps_fit = delimited.integers(lines, layout.ts)
    ts, ts_fits = times.column(stamps)
    buyer_is_maker, flag_fits = delimited.flags(lines, layout.buyer_is_maker)
    fits &= price_fits & size_fits & stamps_fit & ts_fits & flag_fits
    fits &= (price.coefficients > 0) & (size.coefficients > 0)
    if layout.first_and_last:
        first, first_fits = delimited.integers(lines, layout.first_and_last[0])
        last, last_fits = delimited.integers(lines, layout.first_and_last[1])
        fits &= first_fits & last_fits & (first <= last)
    side = np.where(buyer_is_maker, SIDE_CODES[Side.SELL], SIDE_CODES[Side.BUY]).astype(np.int8)
    return TradeBatch(sequence, ts, price, size, side), fits

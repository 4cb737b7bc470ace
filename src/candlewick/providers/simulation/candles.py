"""The candles that a simulated venue makes of its trades. A span without trades has one with a volume of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.figures import product, sums, texts

MINUTE: Final = 60_000_000
_MOST_TRADES: Final = 1_000_000
"""Of one page. Where trading is busier, pages are shorter than asked for; the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class MadeCandle:
    """A candle as text. `opened` and `closed` are microseconds; without trades `first` and `last` are −1."""

    opened: int
    width: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str
    trades: int
    taker_volume: str
    taker_quote_volume: str
    first: int = -1
    last: int = -1


def page(
    exchange: Exchange, symbol: Symbol, width: int, start: int | None, end: int | None, limit: int
) -> list[MadeCandle]:
    """Candles that open within [start, end] µs: the first ones of them, without a start the newest."""
    newest = exchange.now() if end is None else min(end, exchange.now())
    newest -= newest % width
    if start is not None:
        opened = -(-start // width) * width
        count = min(limit, (newest - opened) // width + 1)
        count = _affordable(exchange, symbol, count, lambda some: (opened, opened + some * width))
        return list(candles(exchange, symbol, width, opened, opened + count * width))
    stop = newest + width
    count = _affordable(exchange, symbol, limit, lambda some: (stop - some * width, stop))
    return list(candles(exchange, symbol, width, stop - count * width, stop))


def candles(exchange: Exchange, symbol: Symbol, width: int, start: int, end: int) -> Iterator[MadeCandle]:
    """All candles that open within [start, end), whole multiples of the width, as far as trading has got."""
    first, stop = exchange.first_at(symbol, start), exchange.first_at(symbol, end)
    end = min(end, exchange.trading_end(symbol))
    batch = TradeBatch.concat([TradeBatch.of([]), *exchange.between(symbol, first, stop)])
    made = {candle.opened: candle for candle in _fold(batch, width)}
    before = exchange.up_to_number(symbol, first - 1, 1)
    close = texts(before.price)[0] if len(before) else None
    for opened in range(start, end, width):
        candle = made.get(opened) or (close and _silent(opened, width, close))
        if candle:
            close = candle.close
            yield candle


def _affordable(exchange: Exchange, symbol: Symbol, count: int, span: Callable[[int], tuple[int, int]]) -> int:
    """As many candles as can be made of a bounded number of trades, one at least."""
    while count > 1:
        start, end = span(count)
        if exchange.first_at(symbol, end) - exchange.first_at(symbol, start) <= _MOST_TRADES:
            break
        count //= 2
    return max(count, 0)


def _silent(opened: int, width: int, close: str) -> MadeCandle:
    nothing = "0.00000000"
    return MadeCandle(opened, width, close, close, close, close, nothing, nothing, 0, nothing, nothing)


def _fold(batch: TradeBatch, width: int) -> Iterator[MadeCandle]:
    """A candle for each span that has trades, which come in their order."""
    if not len(batch):
        return
    bucket = batch.ts - batch.ts % width
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = np.append(starts[1:], len(batch))
    taken = (batch.side > 0).astype(np.int64)
    quote = product(batch.price, batch.size)
    taker = DecimalColumn(batch.size.coefficients * taken, batch.size.scale)
    taker_quote = DecimalColumn(quote.coefficients * taken, quote.scale)
    prices = batch.price.coefficients
    price_columns = (
        prices[starts], np.maximum.reduceat(prices, starts), np.minimum.reduceat(prices, starts), prices[ends - 1]
    )  # fmt: skip
    rows = zip(
        bucket[starts].tolist(),
        *(texts(DecimalColumn(column, batch.price.scale)) for column in price_columns),
        *(sums(column, starts) for column in (batch.size, quote)),
        (ends - starts).tolist(),
        *(sums(column, starts) for column in (taker, taker_quote)),
        batch.sequence[starts].tolist(),
        batch.sequence[ends - 1].tolist(),
        strict=True,
    )
    for opened, *rest in rows:
        yield MadeCandle(opened, width, *rest)

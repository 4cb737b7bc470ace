"""Klines: the candles that Binance makes of its trades. A span without trades has one with a volume of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.providers.binance.simulator.exchange import Exchange, Symbol
from candlewick.providers.binance.simulator.wire import TimeUnit, product, texts

MINUTE: Final = 60_000_000
WIDTHS: Final = {
    "1s": 1_000_000,
    **{f"{minutes}m": minutes * MINUTE for minutes in (1, 3, 5, 15, 30)},
    "1h": 60 * MINUTE,
}
"""Microseconds. Wider ones are not simulated: a page of them would be years of trades."""
_MOST_TRADES: Final = 1_000_000
"""Of one page. Where trading is busier, pages are shorter than asked for; the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class Kline:
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

    def times(self, unit: TimeUnit) -> tuple[int, int]:
        """Open and close time: the close is the last unit of time before the next candle opens."""
        return unit.of(self.opened), unit.of(self.opened + self.width) - 1


def page(exchange: Exchange, symbol: Symbol, width: int, start: int | None, end: int | None, limit: int) -> list[Kline]:
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


def candles(exchange: Exchange, symbol: Symbol, width: int, start: int, end: int) -> Iterator[Kline]:
    """All candles that open within [start, end), whole multiples of the width, as far as trading has got."""
    first, stop = exchange.first_at(symbol, start), exchange.first_at(symbol, end)
    end = min(end, exchange.trading_end(symbol))
    batch = TradeBatch.concat([TradeBatch.of([]), *exchange.between(symbol, first, stop)])
    made = {kline.opened: kline for kline in _fold(batch, width)}
    before = exchange.up_to_number(symbol, first - 1, 1)
    close = texts(before.price)[0] if len(before) else None
    for opened in range(start, end, width):
        kline = made.get(opened) or (close and _silent(opened, width, close))
        if kline:
            close = kline.close
            yield kline


def _affordable(exchange: Exchange, symbol: Symbol, count: int, span: Callable[[int], tuple[int, int]]) -> int:
    """As many candles as can be made of a bounded number of trades, one at least."""
    while count > 1:
        start, end = span(count)
        if exchange.first_at(symbol, end) - exchange.first_at(symbol, start) <= _MOST_TRADES:
            break
        count //= 2
    return max(count, 0)


def _silent(opened: int, width: int, close: str) -> Kline:
    nothing = "0.00000000"
    return Kline(opened, width, close, close, close, close, nothing, nothing, 0, nothing, nothing)


def _fold(batch: TradeBatch, width: int) -> Iterator[Kline]:
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
        *(_sums(column, starts) for column in (batch.size, quote)),
        (ends - starts).tolist(),
        *(_sums(column, starts) for column in (taker, taker_quote)),
        batch.sequence[starts].tolist(),
        batch.sequence[ends - 1].tolist(),
        strict=True,
    )
    for opened, *rest in rows:
        yield Kline(opened, width, *rest)


def _sums(column: DecimalColumn, starts: npt.NDArray[np.int64]) -> list[str]:
    """The sum of each group, exact: in Python's integers where 64 bits would not do."""
    narrow = float(np.abs(column.coefficients.astype(np.float64)).sum()) < 2**62
    coefficients = column.coefficients if narrow else column.coefficients.astype(object)
    return texts(DecimalColumn(np.add.reduceat(coefficients, starts), column.scale))


def row_json(kline: Kline, unit: TimeUnit) -> str:
    """A row of the answer of `klines`."""
    opened, closed = kline.times(unit)
    return (
        f'[{opened},"{kline.open}","{kline.high}","{kline.low}","{kline.close}","{kline.volume}",{closed},'
        f'"{kline.quote_volume}",{kline.trades},"{kline.taker_volume}","{kline.taker_quote_volume}","0"]'
    )


def line(kline: Kline, unit: TimeUnit) -> str:
    """A line of an archive."""
    opened, closed = kline.times(unit)
    return (
        f"{opened},{kline.open},{kline.high},{kline.low},{kline.close},{kline.volume},{closed},"
        f"{kline.quote_volume},{kline.trades},{kline.taker_volume},{kline.taker_quote_volume},0\n"
    )


def frame(kline: Kline, symbol: str, interval: str, event_time: int, unit: TimeUnit, *, closed: bool) -> str:
    """A message of a raw kline stream."""
    opened, end = kline.times(unit)
    return (
        f'{{"e":"kline","E":{unit.of(event_time)},"s":"{symbol}","k":{{"t":{opened},"T":{end},"s":"{symbol}",'
        f'"i":"{interval}","f":{kline.first},"L":{kline.last},"o":"{kline.open}","c":"{kline.close}",'
        f'"h":"{kline.high}","l":"{kline.low}","v":"{kline.volume}","n":{kline.trades},'
        f'"x":{"true" if closed else "false"},"q":"{kline.quote_volume}","V":"{kline.taker_volume}",'
        f'"Q":"{kline.taker_quote_volume}","B":"0"}}}}'
    )

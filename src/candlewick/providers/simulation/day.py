"""What a ticker says of a symbol: figures of its last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from candlewick.domain.batch import TradeBatch
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.figures import product, texts

_DAY: Final = 86_400_000_000
_MOST_TRADES: Final = 20_000
"""That the figures are of: of a busy pair less than 24 hours."""
_EXACT: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers as text."""

    prices: Sequence[str]
    """The last price, bid and ask (a tick beside it), lowest, highest, first and average."""
    last_size: str
    volume: str
    quote_volume: str
    trades: int
    first: int
    last: int
    """The numbers of the first and the last of them."""


def figures(exchange: Exchange, symbol: Symbol) -> Figures | None:
    """Of the trades of the last 24 hours, or the last 20,000 of them; None if there are none. Blocking."""
    batch = exchange.up_to_number(symbol, exchange.last(symbol), _MOST_TRADES)
    batch = batch[batch.ts >= exchange.now() - _DAY]
    if not len(batch):
        return None
    prices, sizes = batch.price.decimals(), batch.size.decimals()
    volume, quote_volume = sum(sizes, start=sizes[0] - sizes[0]), _quote_volume(batch)
    average = _EXACT.divide(quote_volume, volume)
    numbers = (
        prices[-1], *beside(symbol, prices[-1]), min(prices), max(prices), prices[0], average
    )  # fmt: skip
    shown = tuple(f"{number:f}" for number in numbers)
    numbers_of = batch.sequence
    return Figures(
        shown, texts(batch.size)[-1], f"{volume:.8f}", f"{quote_volume:.8f}", len(batch), int(numbers_of.min()),
        int(numbers_of.max()),
    )  # fmt: skip


def beside(symbol: Symbol, price: Decimal) -> tuple[Decimal, Decimal]:
    """Bid and ask: a tick below and above the last price."""
    tick = symbol.listing.tick_size or price / 1000
    return max(price - tick, tick), price + tick


def _quote_volume(batch: TradeBatch) -> Decimal:
    column = product(batch.price, batch.size)
    return Decimal(sum(column.coefficients.tolist())).scaleb(-column.scale, _EXACT)

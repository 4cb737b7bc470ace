"""What is traded on the simulated Binance: a lively market or a steady one, of symbols that look like Binance's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import InstrumentKey, InstrumentStatus, Tape
from candlewick.ports import Listing
from candlewick.providers.binance.listing import BINANCE, VENUE
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.steady_market import SteadilyTraded, SteadyMarket


@dataclass(frozen=True, slots=True)
class Character:
    """An instrument that can be simulated."""

    base: str
    quote: str
    price: str
    tick: str
    lot: str
    """With the tick, not more than eight decimals: quote volumes are exact then."""
    trades_a_day: int
    typical_lots: int
    status: InstrumentStatus = InstrumentStatus.TRADING

    @property
    def symbol(self) -> str:
        return self.base + self.quote

    def listing(self) -> Listing:
        listing = BINANCE.list_instrument(InstrumentKey(VENUE, self.base, self.quote), Tape.TRADES)
        return replace(listing, status=self.status)


CHARACTERS: Final = {
    character.symbol: character
    for character in (
        Character("BTC", "USDT", "61000", "0.01", "0.00001", 90_000, 400),
        Character("ETH", "USDT", "2600", "0.01", "0.0001", 80_000, 900),
        Character("SOL", "USDT", "150", "0.01", "0.001", 60_000, 2_000),
        Character("BNB", "USDT", "560", "0.1", "0.001", 40_000, 500),
        Character("XRP", "USDT", "0.55", "0.0001", "0.1", 40_000, 3_000),
        Character("DOGE", "USDT", "0.11", "0.00001", "1", 40_000, 4_000),
        Character("ETH", "BTC", "0.0426", "0.00001", "0.001", 30_000, 300),
        Character("BNB", "BTC", "0.0092", "0.000001", "0.01", 15_000, 90),
        Character("1INCH", "USDT", "0.27", "0.0001", "0.1", 10_000, 2_000),
        Character("1000SATS", "USDT", "0.0003", "0.0000001", "1", 20_000, 500_000),
        Character("EUR", "USDT", "1.09", "0.0001", "0.1", 10_000, 3_000),
        Character("LUNA", "USDT", "0.8", "0.0001", "0.1", 8_000, 400, InstrumentStatus.DELISTED),
    )
}


class UnknownSymbols(InvalidInput):
    """Symbols were asked for that cannot be simulated."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        super().__init__(f"cannot simulate {', '.join(self.names)}; there are {', '.join(CHARACTERS)}")


def lively_market(seed: int, symbols: Sequence[str] = tuple(CHARACTERS)) -> MarketModel:
    """Bursts, silences and jumps, like a market.

    Raises:
        UnknownSymbols: one of the symbols is none of ours.
    """
    traded = [
        Traded(
            each.listing(), Decimal(each.price), Decimal(each.tick), Decimal(each.lot),
            each.trades_a_day, daily_volatility=0.03, typical_lots=each.typical_lots,
        )
        for each in _chosen(symbols)
    ]  # fmt: skip
    return MarketModel(VENUE, traded, seed)


def steady_market(seed: int, rate: int, symbols: Sequence[str]) -> SteadyMarket:
    """So many trades a second of each symbol, evenly; for load.

    Raises:
        UnknownSymbols, InvalidRate: it cannot be made.
    """
    traded = [
        SteadilyTraded(each.listing(), Decimal(each.price), Decimal(each.tick), Decimal(each.lot), each.typical_lots)
        for each in _chosen(symbols)
    ]
    return SteadyMarket(VENUE, traded, rate=rate, seed=seed)


def _chosen(symbols: Sequence[str]) -> list[Character]:
    unknown = set(symbols) - CHARACTERS.keys()
    if unknown:
        raise UnknownSymbols(unknown)
    return [CHARACTERS[name] for name in dict.fromkeys(symbols)]

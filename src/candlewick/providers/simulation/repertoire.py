"""What a simulated venue can trade: lively markets or steady ones, of instruments that look like the venue's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import InstrumentStatus
from candlewick.ports import Listing
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.simulation.exchange import NumberedMarket
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


class UnknownSymbols(InvalidInput):
    """Symbols were asked for that cannot be simulated."""

    def __init__(self, names: Iterable[str], known: Iterable[str]) -> None:
        self.names = sorted(names)
        super().__init__(f"{', '.join(self.names) or 'none'} cannot be simulated; there are {', '.join(known)}")


@dataclass(frozen=True, slots=True)
class Repertoire:
    """The instruments of one venue that can be simulated, by their symbols."""

    venue: str
    characters: Mapping[str, tuple[Listing, Character]]

    @classmethod
    def of(cls, venue: str, characters: Iterable[tuple[Listing, Character]]) -> Repertoire:
        """Each as the venue lists it, and its character."""
        listed = ((replace(listing, status=character.status), character) for listing, character in characters)
        return cls(venue, {listing.symbol: (listing, character) for listing, character in listed})

    @property
    def symbols(self) -> Sequence[str]:
        """All there are."""
        return tuple(self.characters)

    def market(self, seed: int, rate: int | None, symbols: Sequence[str] | None) -> NumberedMarket:
        """Steady if there is a rate, else lively; of all symbols, if none are named. Errors as of the two."""
        chosen = self.symbols if symbols is None else symbols
        return self.lively(seed, chosen) if rate is None else self.steady(seed, rate, chosen)

    def lively(self, seed: int, symbols: Sequence[str]) -> MarketModel:
        """Bursts, silences and jumps, like a market.

        Raises:
            UnknownSymbols: one of the symbols is none of ours, or there is none.
        """
        traded = [
            Traded(
                listing, Decimal(each.price), Decimal(each.tick), Decimal(each.lot),
                each.trades_a_day, daily_volatility=0.03, typical_lots=each.typical_lots,
            )
            for listing, each in self._chosen(symbols)
        ]  # fmt: skip
        return MarketModel(self.venue, traded, seed)

    def steady(self, seed: int, rate: int, symbols: Sequence[str]) -> SteadyMarket:
        """So many trades a second of each symbol, evenly; for load.

        Raises:
            UnknownSymbols, InvalidRate: it cannot be made.
        """
        traded = [
            SteadilyTraded(listing, Decimal(each.price), Decimal(each.tick), Decimal(each.lot), each.typical_lots)
            for listing, each in self._chosen(symbols)
        ]
        return SteadyMarket(self.venue, traded, rate=rate, seed=seed)

    def _chosen(self, symbols: Sequence[str]) -> list[tuple[Listing, Character]]:
        unknown = set(symbols) - self.characters.keys()
        if unknown or not symbols:
            raise UnknownSymbols(unknown, self.characters)
        return [self.characters[name] for name in dict.fromkeys(symbols)]

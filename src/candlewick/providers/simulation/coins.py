"""Prices of coins as a source of quotes observes them: what a made-up market traded last, in any currency, at any time.

All that looks at trades may take a moment: it is for a worker thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

import numpy as np

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.ports import Listing
from candlewick.providers.exact_json import Number
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.parcels import Parcel
from candlewick.providers.simulation.repertoire import Character, Repertoire

DAY: Final = 86_400_000_000
_AT_ONCE: Final = 30 * DAY
"""Of so much time are trades looked at together."""
_LIKE_FLOATS: Final = Context(prec=17)
_LONGEST_WHOLE: Final = 21
_RATES: Final = {"usd": Decimal(1), "eur": Decimal("0.92")}
"""What a dollar is in money. In bitcoins it is what the market says."""
CURRENCIES: Final = (*_RATES, "btc")


@dataclass(frozen=True, slots=True)
class SimulatedCoin:
    """A coin that can be simulated. Without a supply its market cap is not known."""

    id: str
    symbol: str
    name: str
    price: str
    tick: str
    supply: Decimal | None
    turnover: Decimal
    """Coins a day."""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a coin was at a moment, in some currency. `ts`: of the trade that was seen, in microseconds."""

    ts: int
    price: Decimal
    market_cap: Decimal | None
    volume: Decimal


def repertoire_of(venue: str, coins: Sequence[SimulatedCoin]) -> Repertoire:
    """The market in which the coins are traded, for dollars; a symbol there is the coin's id."""
    return Repertoire.of(
        venue,
        (
            (
                Listing(
                    InstrumentKey(venue, coin.id.replace("-", "."), "USD"), coin.id, Tape.TRADES,
                    AssetClass.CRYPTO, AssetClass.FIAT, venue,
                ),
                Character(
                    coin.symbol.upper(), "USD", coin.price, coin.tick, "0.01", 2_880, 500,
                    InstrumentStatus.TRADING if coin.active else InstrumentStatus.DELISTED,
                ),
            )
            for coin in coins
        ),
    )  # fmt: skip


class Observatory:
    """Looks at the coins of a simulated exchange."""

    def __init__(self, exchange: Exchange, coins: Sequence[SimulatedCoin], bitcoin: str) -> None:
        """`bitcoin`: the id of the coin that prices may be given in."""
        self.exchange = exchange
        self.coins: Mapping[str, SimulatedCoin] = {coin.id: coin for coin in coins if coin.id in exchange.symbols}
        self._bitcoin = bitcoin

    def now(self) -> int:
        """In microseconds."""
        return self.exchange.now()

    def ranked(self) -> list[SimulatedCoin]:
        """The active coins, by the market caps that they began with."""
        active = [coin for coin in self.coins.values() if coin.active]
        return sorted(active, key=lambda coin: (-(coin.supply or 0) * Decimal(coin.price), coin.id))

    def sees(self, currency: str) -> bool:
        """Whether prices can be given in it."""
        return currency in _RATES or (currency == "btc" and self._bitcoin in self.coins)

    def seen(self, coin: SimulatedCoin, currency: str, moments: Sequence[int]) -> list[Sighting | None]:
        """The coin at these moments (µs, in order); None before its first trade, and in a future that is not yet."""
        found = self._last_prices(self.exchange.symbols[coin.id], moments)
        if currency == "btc":
            rates = self._last_prices(self.exchange.symbols[self._bitcoin], moments)
        else:
            rates = [None if seen is None else (seen[0], 1 / _RATES[currency]) for seen in found]
        return [
            None if seen is None or rate is None else _sighting(coin, seen[0], _LIKE_FLOATS.divide(seen[1], rate[1]))
            for seen, rate in zip(found, rates, strict=True)
        ]

    def change(self, coin: SimulatedCoin, currency: str) -> tuple[Sighting, Sighting] | None:
        """The coin a day ago and now; None before it has a past."""
        before, now = self.seen(coin, currency, [self.now() - DAY, self.now()])
        return None if before is None or now is None else (before, now)

    def _last_prices(self, symbol: Symbol, moments: Sequence[int]) -> list[tuple[int, Decimal] | None]:
        found: list[tuple[int, Decimal] | None] = []
        for group in _near_each_other(moments):
            first = self.exchange.first_at(symbol, group[0] + 1) - 1
            stop = self.exchange.first_at(symbol, group[-1] + 1)
            batch = TradeBatch.concat([TradeBatch.of([]), *self.exchange.between(symbol, first, stop)])
            at = np.searchsorted(batch.ts, group, side="right") - 1
            prices = batch.price[np.maximum(at, 0)].decimals() if len(batch) else []
            found += [
                (int(batch.ts[place]), prices[number]) if place >= 0 and len(batch) else None
                for number, place in enumerate(at.tolist())
            ]
        return found


def changed(before: Decimal, now: Decimal, places: int = 5) -> Decimal:
    """By how many percent."""
    return ((now / before - 1) * 100).quantize(Decimal(1).scaleb(-places))


def number(value: Decimal | None) -> Number | int | None:
    """A number as sources write it: whole where it is whole, with an exponent where it is very large or small."""
    if value is None:
        return None
    if value == value.to_integral_value() and value.adjusted() < _LONGEST_WHOLE:
        return int(value)
    plain = value.normalize(_LIKE_FLOATS)
    if -5 <= plain.adjusted() < _LONGEST_WHOLE:
        return Number(f"{plain:f}")
    mantissa, _, exponent = f"{plain:e}".partition("e")
    return Number(f"{mantissa}e{int(exponent):+03}")


class NoStreams:
    """See `Feed`: a source that is only asked."""

    kinds: Collection[str] = ()

    def writer(self, symbol: Symbol, begun: int) -> NoStreams:
        """Never asked for, since there is nothing to subscribe to."""
        del symbol, begun
        return self

    def parcels(self, batch: TradeBatch, kinds: Collection[str]) -> list[Parcel[None]]:
        """Nothing."""
        del batch, kinds
        return []

    def farewell(self) -> None:
        """Nobody listens."""


def _sighting(coin: SimulatedCoin, ts: int, price: Decimal) -> Sighting:
    cap = None if coin.supply is None else _LIKE_FLOATS.multiply(price, coin.supply)
    return Sighting(ts, price, cap, _LIKE_FLOATS.multiply(price, coin.turnover))


def _near_each_other(moments: Sequence[int]) -> Iterator[list[int]]:
    group: list[int] = []
    for moment in moments:
        if group and moment - group[0] > _AT_ONCE:
            yield group
            group = []
        group.append(moment)
    if group:
        yield group

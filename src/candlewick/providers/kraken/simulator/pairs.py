"""The simulated pairs under all of Kraken's names for them, and the assets that they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from candlewick.domain.market import AssetClass, InstrumentStatus
from candlewick.providers.kraken.listing import TOKENIZED
from candlewick.providers.kraken.names import keys_of, pair_of
from candlewick.providers.simulation.exchange import Exchange, NotListed, Symbol

_MARKED: Final = {
    **dict.fromkeys(("AUD", "CAD", "EUR", "GBP", "JPY", "USD"), "Z"),
    **dict.fromkeys(("ETC", "ETH", "LTC", "MLN", "REP", "XBT", "XDG", "XLM", "XMR", "XRP", "ZEC"), "X"),
}
"""Old assets, whose code has a mark before the name."""
_STATUS: Final = {InstrumentStatus.HALTED: "cancel_only", InstrumentStatus.DELISTED: "delisted"}
_FEES: Final = [[0, 0.4], [10000, 0.35], [50000, 0.24], [100000, 0.22], [250000, 0.2], [500000, 0.18]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair, and what Kraken says about it."""

    symbol: Symbol

    @property
    def name(self) -> str:
        """`BTC/USD`."""
        return self.symbol.name

    @property
    def altname(self) -> str:
        return pair_of(self.name)

    @property
    def key(self) -> str:
        """Under which it stands in answers. New assets have no mark, and a pair of them no marked one."""
        base, quote = self.halves
        is_old = base in _MARKED and quote in _MARKED
        return code_of(base) + code_of(quote) if is_old else base + quote

    @property
    def halves(self) -> tuple[str, str]:
        """Kraken's names of its assets: XBT, USD."""
        base, _, quote = self.name.partition("/")
        return pair_of(base), pair_of(quote)

    @property
    def places(self) -> int:
        """Decimals of its prices."""
        tick = self.symbol.listing.tick_size
        return 0 if tick is None else max(-int(tick.as_tuple().exponent), 0)

    @property
    def is_tokenized(self) -> bool:
        return self.symbol.listing.base_class is AssetClass.EQUITY

    def described(self) -> dict[str, Any]:
        """What AssetPairs says."""
        base, quote = self.halves
        listing = self.symbol.listing
        return {
            "altname": self.altname,
            "wsname": f"{base}/{quote}",
            "aclass_base": TOKENIZED if self.is_tokenized else "currency",
            "base": code_of(base),
            "aclass_quote": "currency",
            "quote": code_of(quote),
            "lot": "unit",
            "cost_decimals": 5,
            "pair_decimals": self.places,
            "lot_decimals": 8,
            "lot_multiplier": 1,
            "leverage_buy": [],
            "leverage_sell": [],
            "fees": _FEES,
            "fees_maker": _FEES,
            "fee_volume_currency": "ZUSD",
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": str(listing.lot_size),
            "costmin": "0.5",
            "tick_size": str(listing.tick_size),
            "status": "online" if self.symbol.is_trading else _STATUS[listing.status or InstrumentStatus.HALTED],
        }


class Pairs:
    """All pairs of the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.all = [Pair(symbol) for symbol in exchange.symbols.values()]
        self._by_name = {name: pair for pair in self.all for name in _spellings(pair)}
        self._by_symbol = {pair.name: pair for pair in self.all}

    def find(self, name: str) -> Pair:
        """The pair of that name, as REST is asked for it: altname, wsname or key.

        Raises:
            NotListed: there is none.
        """
        if name not in self._by_name:
            raise NotListed(name)
        return self._by_name[name]

    def of(self, symbol: str) -> Pair | None:
        """The pair that the websocket calls so."""
        return self._by_symbol.get(symbol)

    def assets(self) -> dict[str, Any]:
        """What Assets says."""
        found: dict[str, Any] = {}
        for pair in self.all:
            for half, is_share in zip(pair.halves, (pair.is_tokenized, False), strict=True):
                aclass = TOKENIZED if is_share else "currency"
                about = {"aclass": aclass, "altname": half, "decimals": 10, "display_decimals": 5, "status": "enabled"}
                found[code_of(half)] = about
        return found


def code_of(half: str) -> str:
    """The asset's code: XXBT for XBT, SOL for SOL."""
    return _MARKED.get(half, "") + half


def _spellings(pair: Pair) -> Iterable[str]:
    base, quote = pair.halves
    return {pair.altname, pair.key, f"{base}/{quote}", *keys_of(pair.name)}

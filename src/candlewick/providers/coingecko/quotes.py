"""What prices are now, over REST."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers.coingecko import payloads
from candlewick.providers.coingecko.rest import MOST_COINS, PRICES
from candlewick.providers.coins import halves
from candlewick.providers.http import ProviderHttp

_LONGEST: Final = 4_000
"""Characters of ids in one request: its URL stays short enough for everyone on the way."""


class CoinGeckoQuotes:
    """The QuoteSource: simple/price, of many coins in all their currencies at once."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`."""
        currencies: dict[str, list[str]] = {}
        for instrument in instruments:
            coin, currency = halves(instrument.symbol)
            currencies.setdefault(coin, []).append(currency)
        return [
            await self._http.get(
                PRICES,
                {
                    "ids": joined(coins),
                    "vs_currencies": joined(dict.fromkeys(name for coin in coins for name in currencies[coin])),
                    "include_market_cap": "true",
                    "include_24hr_vol": "true",
                    "include_24hr_change": "true",
                    "include_last_updated_at": "true",
                    "precision": "full",
                },
            )
            for coins in grouped(currencies)
        ]

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        return payloads.prices(payload)


def joined(names: Iterable[str]) -> str:
    """A list as CoinGecko reads it: with a space behind a comma it would see nothing but the first."""
    return ",".join(names)


def grouped(coins: Iterable[str]) -> Iterator[Sequence[str]]:
    """The coins in as few groups as requests may ask for."""
    group: list[str] = []
    for coin in coins:
        if len(group) == MOST_COINS or len(joined([*group, coin])) > _LONGEST:
            yield group
            group = []
        group.append(coin)
    if group:
        yield group

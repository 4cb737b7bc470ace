"""What prices are now, over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Final
from urllib.parse import quote

import structlog

from candlewick.domain.errors import SourceRefused
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers.coinpaprika.listing import VENUE
from candlewick.providers.coinpaprika.reader import CoinPaprikaReader
from candlewick.providers.coinpaprika.rest import MOST_CURRENCIES, TICKER, TICKERS
from candlewick.providers.coins import halves
from candlewick.providers.http import ProviderHttp

log = structlog.get_logger(__name__)

_UNKNOWN: Final = 404
_ONE_BY_ONE: Final = 4
"""Coins that are asked for each by itself. If there are more, one request for all coins takes less of a month's."""


class CoinPaprikaQuotes:
    """The QuoteSource: the tickers of a few coins one by one, or of all coins at once."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http
        self._reader = CoinPaprikaReader()

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`. A coin that CoinPaprika does not know keeps no other from being asked for."""
        coins: dict[str, list[str]] = {}
        for instrument in instruments:
            coin, currency = halves(instrument.symbol)
            coins.setdefault(coin, []).append(currency.upper())
        if len(coins) > _ONE_BY_ONE:
            every = dict.fromkeys(currency for currencies in coins.values() for currency in currencies)
            return [await self._http.get(TICKERS, _asking(group)) for group in batched(every, MOST_CURRENCIES)]
        return [
            payload
            for coin, currencies in coins.items()
            for group in batched(dict.fromkeys(currencies), MOST_CURRENCIES)
            if (payload := await self._of_one(coin, group)) is not None
        ]

    async def _of_one(self, coin: str, currencies: Sequence[str]) -> Payload | None:
        try:
            return await self._http.get(TICKER.format(id=quote(coin, safe="")), _asking(currencies), endpoint=TICKER)
        except SourceRefused as refusal:
            if refusal.status != _UNKNOWN:
                raise
            log.warning("quote_refused", source=VENUE, symbol=coin, reason=refusal.reason)
            return None

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        return self._reader.read(payload).quotes


def _asking(currencies: Sequence[str]) -> dict[str, str | int]:
    return {"quotes": ",".join(currencies)}

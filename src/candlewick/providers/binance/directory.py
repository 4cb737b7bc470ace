"""What Binance lists, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.binance import symbols
from candlewick.providers.binance.listing import Exchange
from candlewick.providers.binance.rest import EXCHANGE_INFO, WEIGHTS
from candlewick.providers.http import ProviderHttp


class BinanceDirectory:
    """The Directory: exchangeInfo of all symbols."""

    def __init__(self, http: ProviderHttp, exchange: Exchange) -> None:
        self._http = http
        self._exchange = exchange

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`. Permission sets are most of its bytes and nothing to us."""
        yield await self._http.get(EXCHANGE_INFO, {"showPermissionSets": "false"}, weight=WEIGHTS[EXCHANGE_INFO])

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return symbols.listings(payload, self._exchange)

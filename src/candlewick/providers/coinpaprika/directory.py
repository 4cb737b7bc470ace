"""What CoinPaprika lists, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.coinpaprika import symbols
from candlewick.providers.coinpaprika.rest import COINS
from candlewick.providers.http import ProviderHttp


class CoinPaprikaDirectory:
    """The Directory: all coins, active or not, with their ranks."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`."""
        yield await self._http.get(COINS)

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return symbols.listings(payload)

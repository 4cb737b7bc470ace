"""What CoinGecko lists, over REST: the coins of the first rank, then all there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.coingecko.reader import CoinGeckoReader
from candlewick.providers.coingecko.rest import COINS, MARKETS, MOST_COINS
from candlewick.providers.coingecko.symbols import RANKED_IN
from candlewick.providers.http import ProviderHttp


class CoinGeckoDirectory:
    """The Directory. Who pays is told of inactive coins too."""

    def __init__(self, http: ProviderHttp, *, paid: bool) -> None:
        self._http = http
        self._paid = paid
        self._reader = CoinGeckoReader()

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`. The ranks come first: they decide which coin is meant by a code that is shared."""
        yield await self._http.get(
            MARKETS,
            {"vs_currency": RANKED_IN[0], "order": "market_cap_desc", "per_page": MOST_COINS, "page": 1},
        )
        yield await self._http.get(COINS, {"include_platform": "false"})
        if self._paid:
            yield await self._http.get(COINS, {"include_platform": "false", "status": "inactive"})

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return self._reader.read(payload).listings

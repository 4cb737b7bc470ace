"""Which coins are the largest by market cap, over REST."""

from __future__ import annotations

from collections.abc import Sequence

from candlewick.domain.raw import Payload
from candlewick.providers.coingecko import payloads
from candlewick.providers.coingecko.rest import MARKETS, MOST_COINS
from candlewick.providers.coingecko.symbols import RANKED_IN
from candlewick.providers.http import ProviderHttp


class CoinGeckoRanking:
    """The Ranking: coins/markets, page by page, in the first of the currencies that ranked coins have."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self, first: int) -> Sequence[Payload]:
        """See `Ranking.pages`."""
        return [
            await self._http.get(
                MARKETS,
                {"vs_currency": RANKED_IN[0], "order": "market_cap_desc", "per_page": MOST_COINS, "page": page},
            )
            for page in range(1, -(-first // MOST_COINS) + 1)
        ]

    def read(self, payload: Payload) -> Sequence[str]:
        """See `Ranking.read`. CoinGecko has put them in order."""
        return [symbol for symbol, lines in payloads.markets(payload).items() if lines.quotes]

"""Which coins are the largest by market cap, over REST."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers.coinpaprika import payloads
from candlewick.providers.coinpaprika.rest import TICKERS
from candlewick.providers.http import ProviderHttp

_CURRENCY: Final = "USD"


class CoinPaprikaRanking:
    """The Ranking: one answer has the tickers of all coins."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self, first: int) -> Sequence[Payload]:  # noqa: ARG002  (the port's)
        """See `Ranking.pages`."""
        return [await self._http.get(TICKERS, {"quotes": _CURRENCY})]

    def read(self, payload: Payload) -> Sequence[str]:
        """See `Ranking.read`."""
        found = payloads.tickers(payload)
        return sorted((symbol for symbol, lines in found.items() if lines.quotes), key=lambda each: -_cap(found[each]))


def _cap(lines: QuoteLines) -> Decimal:
    return lines.quotes[-1].market_cap or Decimal(0)

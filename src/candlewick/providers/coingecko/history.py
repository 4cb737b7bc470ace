"""CoinGecko's past over REST: five minutes apart within the last day, an hour within 90 days, else a day."""

from __future__ import annotations

from urllib.parse import quote

from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Fetched
from candlewick.providers.coingecko import payloads
from candlewick.providers.coingecko.rest import CHART
from candlewick.providers.coins import halves
from candlewick.providers.http import ProviderHttp


class CoinGeckoHistory:
    """The QuoteHistory: market_chart within a range of time, whole in one answer."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `QuoteHistory.page`. CoinGecko takes whole seconds."""
        coin, currency = halves(instrument.symbol)
        return await self._http.get(
            CHART.format(id=quote(coin, safe="")),
            {
                "vs_currency": currency,
                "from": microseconds(window.start) // 1_000_000,
                "to": -(-microseconds(window.end) // 1_000_000),
                "precision": "full",
            },
            endpoint=CHART,
        )

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:  # noqa: ARG002  (the port's)
        """See `QuoteHistory.read`."""
        return Fetched(payloads.chart(payload), None)

"""CoinPaprika's past over REST: as fine as the plan allows for how long ago it was."""

from __future__ import annotations

from urllib.parse import quote

from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Clock, Fetched
from candlewick.providers.coinpaprika import payloads
from candlewick.providers.coinpaprika.rest import HISTORY, MOST_POINTS, Entrance
from candlewick.providers.coins import halves
from candlewick.providers.http import ProviderHttp


class CoinPaprikaHistory:
    """The QuoteHistory: five minutes, an hour or a day apart."""

    def __init__(self, http: ProviderHttp, clock: Clock, way_in: Entrance) -> None:
        self._http = http
        self._clock = clock
        self._way_in = way_in

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `QuoteHistory.page`. CoinPaprika takes whole seconds."""
        coin, currency = halves(instrument.symbol)
        return await self._http.get(
            HISTORY.format(id=quote(coin, safe="")),
            {
                "start": microseconds(window.start) // 1_000_000,
                "end": -(-microseconds(window.end) // 1_000_000),
                "interval": self._way_in.finest(self._clock.now() - window.start),
                "quote": currency,
                "limit": MOST_POINTS,
            },
            endpoint=HISTORY,
        )

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:  # noqa: ARG002  (the port's)
        """See `QuoteHistory.read`."""
        return Fetched(payloads.history(payload), None)

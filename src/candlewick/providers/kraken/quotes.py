"""What prices are now, over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import batched
from typing import Final

import structlog

from candlewick.domain.errors import SourceRefused
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.ports import Clock
from candlewick.providers.http import ProviderHttp
from candlewick.providers.kraken import tickers
from candlewick.providers.kraken.listing import VENUE
from candlewick.providers.kraken.names import marked, pair_of
from candlewick.providers.kraken.rest import TICKER, kind_of

log = structlog.get_logger(__name__)

_MOST_PAIRS: Final = 50
"""Of one request: its URL stays short enough for everyone on the way."""
_LEFT_OUT_FOR: Final = timedelta(hours=1)
"""How long a pair is not asked for that Kraken refused: it may have been taken off the list, or come back."""


class KrakenQuotes:
    """The QuoteSource: tickers of up to 50 pairs at once.

    Kraken refuses them all if it does not know one of them: then they are asked for in halves, until that one is alone.
    """

    def __init__(self, http: ProviderHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._left_out: dict[str, datetime] = {}

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`. Pairs that Kraken does not know are left out, and said so in the log."""
        now = self._clock.now()
        self._left_out = {symbol: until for symbol, until in self._left_out.items() if until > now}
        asked = [instrument for instrument in instruments if instrument.symbol not in self._left_out]
        kinds: dict[str, list[Instrument]] = {}
        for instrument in asked:
            kinds.setdefault(str(kind_of(instrument)), []).append(instrument)
        pages: list[Payload] = []
        for alike in kinds.values():
            for batch in batched(alike, _MOST_PAIRS):
                pages += await self._pages(batch)
        return pages

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        return tickers.quotes(payload)

    async def _pages(self, instruments: Sequence[Instrument]) -> list[Payload]:
        """One page, or those of the halves."""
        symbols = [instrument.symbol for instrument in instruments]
        try:
            payload = await self._http.get(TICKER, {"pair": ",".join(map(pair_of, symbols))} | kind_of(instruments[0]))
        except SourceRefused as error:
            if len(symbols) > 1:
                middle = len(symbols) // 2
                return [*await self._pages(instruments[:middle]), *await self._pages(instruments[middle:])]
            log.warning("quote_refused", source=VENUE, symbol=symbols[0], reason=error.reason)
            self._left_out[symbols[0]] = self._clock.now() + _LEFT_OUT_FOR
            return []
        return [replace(payload, endpoint=marked(payload.endpoint, symbols))]

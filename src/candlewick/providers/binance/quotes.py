"""What prices are now, over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Final

import orjson
import structlog

from candlewick.domain.errors import SourceRefused
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.ports import Clock
from candlewick.providers.binance import tickers
from candlewick.providers.binance.rest import TICKERS, WEIGHTS
from candlewick.providers.http import ProviderHttp

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 20
"""Symbols of one request: up to so many weigh as little as one, a hundred twenty times as much."""
_LEFT_OUT_FOR: Final = timedelta(hours=1)
"""How long a symbol is not asked for that Binance refused: it may have been taken off the list, or come back."""


class BinanceQuotes:
    """The QuoteSource: the 24-hour ticker, with the best bid and ask, of up to 20 symbols at once.

    Binance refuses all if it does not know one of them: then they are asked for in halves, until that one is alone.
    """

    def __init__(self, http: ProviderHttp, source: str, clock: Clock) -> None:
        self._http = http
        self._source = source
        self._clock = clock
        self._left_out: dict[str, datetime] = {}

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`. Symbols that Binance does not know are left out, and said so in the log."""
        now = self._clock.now()
        self._left_out = {symbol: until for symbol, until in self._left_out.items() if until > now}
        asked = [each.symbol for each in instruments if each.symbol not in self._left_out]
        pages: list[Payload] = []
        for some in batched(asked, _AT_ONCE):
            pages += await self._pages(some)
        return pages

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        return tickers.quotes(payload)

    async def _pages(self, symbols: Sequence[str]) -> list[Payload]:
        """One page, or those of the halves."""
        names = orjson.dumps(list(symbols)).decode()
        try:
            return [await self._http.get(TICKERS, {"symbols": names}, weight=WEIGHTS[TICKERS])]
        except SourceRefused as error:
            if len(symbols) > 1:
                middle = len(symbols) // 2
                return [*await self._pages(symbols[:middle]), *await self._pages(symbols[middle:])]
            log.warning("quote_refused", source=self._source, symbol=symbols[0], reason=error.reason)
            self._left_out[symbols[0]] = self._clock.now() + _LEFT_OUT_FOR
            return []

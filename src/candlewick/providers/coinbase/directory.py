"""What Coinbase lists, and what its prices are now, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import structlog

from candlewick.domain.errors import MalformedPayload, SourceRefused
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.coinbase import payloads, products
from candlewick.providers.coinbase.rest import PRODUCTS, Kind, asked, endpoint_of, path_of
from candlewick.providers.http import ProviderHttp

log = structlog.get_logger(__name__)


class CoinbaseDirectory:
    """The Directory: all products."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`."""
        yield await self._http.get(PRODUCTS)

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return products.listings(payload)


class CoinbaseQuotes:
    """The QuoteSource: one ticker an instrument, since there is none of all."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`. A product that is refused (it may be gone) keeps no other from being asked."""
        found: list[Payload] = []
        for instrument in instruments:
            path = path_of(instrument.symbol, Kind.TICKER)
            try:
                found.append(await self._http.get(path, endpoint=endpoint_of(Kind.TICKER)))
            except SourceRefused as refusal:
                log.warning("quote_refused", source=refusal.source, symbol=instrument.symbol, reason=str(refusal))
                if len(instruments) == 1:
                    raise
        return found

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        what = asked(payload.endpoint)
        if what is None or what[0] is not Kind.TICKER:
            raise MalformedPayload(payload.source, payload.endpoint, "it is no ticker of a product")
        return {what[1]: payloads.ticker(payload)}

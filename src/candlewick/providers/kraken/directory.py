"""What Kraken lists, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import structlog

from candlewick.domain.errors import SourceRefused
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.http import ProviderHttp
from candlewick.providers.kraken import symbols
from candlewick.providers.kraken.listing import TOKENIZED, VENUE
from candlewick.providers.kraken.rest import ASSET_PAIRS

log = structlog.get_logger(__name__)


class KrakenDirectory:
    """The Directory: all pairs of currencies, crypto and money; those of tokenized shares are another list."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`. Where Kraken offers no shares it may say so: then there are none."""
        yield await self._http.get(ASSET_PAIRS)
        try:
            shares = await self._http.get(ASSET_PAIRS, {"aclass_base": TOKENIZED})
        except SourceRefused as error:
            log.info("no_tokenized_shares", source=VENUE, reason=error.reason)
            return
        yield shares

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return symbols.listings(payload)

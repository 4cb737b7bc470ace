"""What Kraken lists, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.http import ProviderHttp
from candlewick.providers.kraken import symbols
from candlewick.providers.kraken.rest import ASSET_PAIRS


class KrakenDirectory:
    """The Directory: all pairs of currencies, crypto and money. Those of tokenized shares are another list."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def pages(self) -> AsyncIterator[Payload]:
        """See `Directory.pages`."""
        yield await self._http.get(ASSET_PAIRS)

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Directory.read`."""
        return symbols.listings(payload)

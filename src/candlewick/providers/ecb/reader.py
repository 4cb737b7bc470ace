"""The ECB's kept payloads, read again. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from candlewick.domain.raw import Payload
from candlewick.ports import Contents
from candlewick.providers.ecb import payloads
from candlewick.providers.ecb.rest import RATES_V1, RATES_V2


class EcbReader:
    """The PayloadReader."""

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`."""
        found = payloads.quotes(payload)
        path = urlsplit(payload.endpoint).path
        listings = () if path.startswith((RATES_V1, RATES_V2)) else payloads.listings(payload)
        return Contents(quotes=found, listings=listings)

"""CoinPaprika's kept payloads, read again. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Contents
from candlewick.providers.coinpaprika import payloads, symbols
from candlewick.providers.coinpaprika.rest import COINS, TICKERS
from candlewick.providers.coins import symbol_of

_HISTORY: Final = re.compile(r"/v1/tickers/([^/]+)/historical")
_TICKER: Final = re.compile(r"/v1/tickers/[^/]+")


class CoinPaprikaReader:
    """The PayloadReader."""

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`. Others asked with a slash at the end, and followed where that led."""
        path = urlsplit(payload.endpoint).path.removesuffix("/")
        if path == TICKERS:
            return Contents(quotes=payloads.tickers(payload))
        if path == COINS:
            return Contents(listings=symbols.listings(payload))
        if match := _HISTORY.fullmatch(path):
            symbol = symbol_of(unquote(match[1]), payloads.currency_of(payload))
            return Contents(quotes={symbol: payloads.history(payload)})
        if _TICKER.fullmatch(path):
            return Contents(quotes=payloads.ticker(payload))
        raise MalformedPayload(payload.source, payload.endpoint, "nothing of that kind is asked of CoinPaprika")

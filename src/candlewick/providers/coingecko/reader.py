"""CoinGecko's kept payloads, read again. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Contents
from candlewick.providers.coingecko import payloads, symbols
from candlewick.providers.coingecko.rest import COINS, MARKETS, PRICES
from candlewick.providers.coins import symbol_of

_CHART: Final = re.compile(r"/api/v3/coins/([^/]+)/market_chart(?:/range)?")


class CoinGeckoReader:
    """The PayloadReader."""

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`."""
        path = urlsplit(payload.endpoint).path
        if path == PRICES:
            return Contents(quotes=payloads.prices(payload))
        if path == MARKETS:
            return Contents(quotes=payloads.markets(payload), listings=symbols.ranked(payload))
        if path == COINS:
            return Contents(listings=symbols.all_coins(payload))
        if match := _CHART.fullmatch(path):
            symbol = symbol_of(unquote(match[1]), payloads.currency_of(payload))
            return Contents(quotes={symbol: payloads.chart(payload)})
        raise MalformedPayload(payload.source, payload.endpoint, "nothing of that kind is asked of CoinGecko")

"""Alpha Vantage's kept payloads, read again. Pure."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Contents
from candlewick.providers.alphavantage import prices, search, series
from candlewick.providers.alphavantage.listing import COMMODITIES
from candlewick.providers.alphavantage.rest import DAILY, EXCHANGE_RATE, FX_DAILY, GLOBAL_QUOTE, INTRADAY, SEARCH


class AlphaVantageReader:
    """The PayloadReader."""

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`."""
        function = parse_qs(urlsplit(payload.endpoint).query).get("function", [""])[0]
        if function in {DAILY, FX_DAILY}:
            symbol, days = series.days(payload)
            return Contents(days={symbol: days})
        if function == INTRADAY:
            symbol, candles = series.minutes(payload)
            return Contents(candles={symbol: candles})
        if function == GLOBAL_QUOTE:
            return Contents(quotes=prices.share(payload))
        if function == EXCHANGE_RATE:
            return Contents(quotes=prices.rate(payload))
        if function in COMMODITIES:
            return Contents(quotes=prices.commodity(payload))
        if function == SEARCH:
            return Contents(listings=search.listings(payload))
        raise MalformedPayload(payload.source, payload.endpoint, "nothing of that kind is asked of Alpha Vantage")

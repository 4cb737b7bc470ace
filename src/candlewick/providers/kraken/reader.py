"""Kraken's kept payloads, read again. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Contents, Frame
from candlewick.providers.kraken import frames, names, payloads, symbols, tickers
from candlewick.providers.kraken.rest import ASSET_PAIRS, OHLC, TICKER, TRADES

_STREAM: Final = "stream:"


class KrakenReader:
    """The PayloadReader."""

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`."""
        if payload.endpoint.startswith(_STREAM):
            messages = [Frame(body, payload.received_at) for body in payload.body.split(b"\n")]
            return Contents(trades=frames.read(messages), quotes=frames.quotes(messages))
        match urlsplit(payload.endpoint).path:
            case path if path == TRADES:
                return Contents(trades={_pair(payload): payloads.trades(payload)})
            case path if path == OHLC:
                return Contents(candles={_pair(payload): payloads.candles(payload)})
            case path if path == TICKER:
                return Contents(quotes=tickers.quotes(payload))
            case path if path == ASSET_PAIRS:
                return Contents(listings=symbols.listings(payload))
        raise MalformedPayload(payload.source, payload.endpoint, "nothing of that kind is asked of Kraken")


def _pair(payload: Payload) -> str:
    asked = names.asked(payload.endpoint)
    if len(asked) != 1:
        raise MalformedPayload(payload.source, payload.endpoint, "its endpoint does not say of which pair it is")
    return asked[0]

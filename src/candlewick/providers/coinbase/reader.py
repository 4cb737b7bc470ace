"""Anything that Coinbase ever sent and that was kept, read again. Pure."""

from __future__ import annotations

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Contents, Frame
from candlewick.providers.coinbase import frames, payloads
from candlewick.providers.coinbase.products import listings
from candlewick.providers.coinbase.rest import Kind, asked
from candlewick.providers.json_payload import document

_STREAM = "stream:"


class CoinbaseReader:
    """The PayloadReader."""

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`. A stream's payload is its messages, one a line."""
        if payload.endpoint.startswith(_STREAM):
            return _stream(payload)
        what = asked(payload.endpoint)
        if what is None:
            raise MalformedPayload(payload.source, payload.endpoint, "it answers nothing that is read from Coinbase")
        kind, symbol = what
        match kind:
            case Kind.PRODUCTS | Kind.PRODUCT:
                return Contents(listings=listings(payload))
            case Kind.CANDLES:
                return Contents(candles={symbol: payloads.candles(payload)})
            case Kind.TRADES:
                return Contents(trades={symbol: payloads.trades(payload, payloads.rows_in(payload, "trades"))})
            case Kind.TICKER:
                return _ticker(payload, symbol)


def _stream(payload: Payload) -> Contents:
    found = [Frame(line, payload.received_at) for line in payload.body.split(b"\n")]
    return Contents(trades=frames.read(found), quotes=frames.quotes(found))


def _ticker(payload: Payload, symbol: str) -> Contents:
    """Advanced Trade answers with the newest trades under that name."""
    found = document(payload)
    if isinstance(found, dict) and "trades" in found:
        return Contents(trades={symbol: payloads.trades(payload, payloads.rows_in(payload, "trades"))})
    return Contents(quotes={symbol: payloads.ticker(payload)})

"""Coinbase's answers and messages for tests, in the shapes of its documentation, and its recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers.exact_json import Number, written
from markets import LATER
from recordings import recording

AT = datetime(2024, 8, 8, 23, 54, 15, 342_017, tzinfo=UTC)
TIME = "2024-08-08T23:54:15.342017Z"
ROW: dict[str, Any] = {
    "trade_id": 74, "side": "sell", "size": "0.01000000", "price": "61837.63000000", "time": TIME
}  # fmt: skip
MATCH: dict[str, Any] = {
    "type": "match", "maker_order_id": "ac928c66", "taker_order_id": "132fb6ae", "product_id": "BTC-USD",
    "sequence": 50, **ROW,
}  # fmt: skip
HEARTBEAT: dict[str, Any] = {
    "type": "heartbeat", "sequence": 90, "last_trade_id": 80, "product_id": "BTC-USD", "time": TIME
}  # fmt: skip
MINUTE = 1_723_161_240
"""A minute before LATER's, in seconds."""
CANDLE: list[Any] = [MINUTE, Number("61830.1"), 61840, Number("61835.10"), Number("61839.99"), Number("12.345678901")]
TICKER: dict[str, Any] = {
    "trade_id": 74, "price": "61837.63", "size": "0.01", "bid": "61837.62", "ask": "61837.64",
    "volume": "5957.11914015", "time": TIME,
}  # fmt: skip
PRODUCT: dict[str, Any] = {
    "id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD", "quote_increment": "0.01",
    "base_increment": "0.00000001", "display_name": "BTC-USD", "status": "online", "trading_disabled": False,
    "cancel_only": False, "post_only": False, "limit_only": False,
}  # fmt: skip
TRADES = "/products/BTC-USD/trades?limit=1000&after=1000"
CANDLES = "/products/BTC-USD/candles?granularity=60"


def answer(document: object, endpoint: str = TRADES, received_at: datetime = LATER) -> Payload:
    """A REST answer."""
    body = document if isinstance(document, bytes) else written(document).encode()
    return Payload("coinbase", endpoint, body, received_at)


def frames_of(*messages: object) -> Sequence[Frame]:
    """Messages of the feed."""
    bodies = (each if isinstance(each, bytes) else written(each).encode() for each in messages)
    return [Frame(body, LATER) for body in bodies]


def recorded_body(name: str) -> bytes:
    """The body of a recorded answer or message, whichever way it was recorded."""
    path = recording(f"coinbase/{name}")
    found = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.parent.name == "rest_recorded":
        body: str = orjson.loads(found)["body"]
        return body.encode()
    return found


def texts(body: bytes) -> Any:
    """The document, each number as its text: read by another way than ours."""
    return json.loads(body, parse_float=str, parse_int=str)

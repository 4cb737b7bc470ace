"""Kraken's messages for tests, in the shapes of its documentation, and its recordings."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

import orjson

from candlewick.domain.market import (
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Tape,
    VenueId,
)
from candlewick.domain.raw import Payload
from candlewick.providers.exact_json import Number, written
from markets import LATER
from recordings import recording

SECONDS = "1762795433.9717445"
"""2025-11-10T17:23:53.971744 and a half."""
ROW = ["105433.60000", "0.00027625", Number(SECONDS), "b", "l", "", 10218208]
OLD_ROW = ROW[:6]
CANDLE: list[Any] = [
    1_762_777_140, "106038.3", "106044.3", "106038.1", "106040.1", "106039.6", "0.08317981", 3
]  # fmt: skip
EVENT = {
    "symbol": "BTC/USD",
    "side": "buy",
    "price": Number("105944.20"),
    "qty": Number("0.00027625"),
    "ord_type": "limit",
    "trade_id": 10218208,
    "timestamp": "2025-11-10T17:23:53.971744Z",
}


def changed(row: list[Any], at: int, value: object) -> list[Any]:
    """The row with another value there."""
    return [*row[:at], value, *row[at + 1 :]]


def page(rows: object, endpoint: str = "/0/public/Trades?pair=XBTUSD", last: object = "1762820035982277754") -> Payload:
    """A REST answer with these rows of a pair."""
    return answer({"XXBTZUSD": rows, "last": last}, endpoint)


def answer(result: object, endpoint: str = "/0/public/x") -> Payload:
    """A REST answer with this result."""
    return Payload("kraken", endpoint, written({"error": [], "result": result}).encode(), LATER)


def message(rows: list[Any], kind: str = "update") -> bytes:
    """A trade message of websocket v2."""
    return written({"channel": "trade", "type": kind, "data": rows}).encode()


def recorded_body(name: str) -> bytes:
    """The body of a recorded answer, whichever way it was recorded."""
    path = recording(f"kraken/{name}")
    found = _bytes(path)
    if path.parent.name == "rest_recorded":
        body: str = orjson.loads(found)["body"]
        return body.encode()
    return found


def texts(body: bytes) -> Any:
    """The answer's result, each number as its text: read by another way than ours."""
    return json.loads(body, parse_float=str, parse_int=str)["result"]


def _bytes(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


BTC: Final = Instrument(
    id=InstrumentId(1),
    key=InstrumentKey("kraken", "BTC", "USD"),
    symbol="BTC/USD",
    venue_id=VenueId(1),
    base_id=AssetId(1),
    quote_id=AssetId(2),
    asset_class=AssetClass.CRYPTO,
    tape=Tape.TRADES,
    status=InstrumentStatus.TRADING,
)

"""Alpha Vantage's answers for tests, in the shapes of its documentation, and its recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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
from recordings import recording

RECEIVED = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""10:00 in New York: the exchange is open."""
ROW = {
    "1. open": "229.3000",
    "2. high": "231.0000",
    "3. low": "228.5000",
    "4. close": "230.1000",
    "5. volume": "1234567",
}
DAILY: dict[str, Any] = {
    "Meta Data": {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": "IBM",
        "3. Last Refreshed": "2026-11-24",
        "4. Output Size": "Compact",
        "5. Time Zone": "US/Eastern",
    },
    "Time Series (Daily)": {"2026-11-24": ROW, "2026-11-23": ROW, "2026-11-20": ROW},
}
FX: dict[str, Any] = {
    "Meta Data": {
        "1. Information": "Forex Daily Prices (open, high, low, close)",
        "2. From Symbol": "EUR",
        "3. To Symbol": "USD",
        "4. Output Size": "Compact",
        "5. Last Refreshed": "2026-11-24 14:55:00",
        "6. Time Zone": "UTC",
    },
    "Time Series FX (Daily)": {
        "2026-11-23": {"1. open": "1.15210", "2. high": "1.15500", "3. low": "1.15000", "4. close": "1.15310"}
    },
}
OIL: dict[str, Any] = {
    "name": "Crude Oil Prices WTI",
    "interval": "daily",
    "unit": "dollars per barrel",
    "data": [
        {"date": "2026-11-24", "value": "61.10"},
        {"date": "2026-11-23", "value": "60.55"},
        {"date": "2026-11-20", "value": "."},
    ],
}
COTTON: dict[str, Any] = {
    "name": "Global Price of Cotton",
    "interval": "monthly",
    "unit": "cents per pound",
    "data": [{"date": "2026-11-01", "value": "81.2"}, {"date": "2026-10-01", "value": "80.56521739"}],
}
BURST = (
    "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more sparingly (1 request "
    "per second). You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to lift the "
    "free key rate limit (25 requests per day), raise the per-second burst limit, and instantly unlock all premium "
    "endpoints"
)
OLD_NOTE = (
    "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 500 calls per day. "
    "Please visit https://www.alphavantage.co/premium/ if you would like to target a higher API call frequency."
)
USED_UP = (
    "We have detected your API key as DEM0K3Y0DEM0K3Y0 and our standard API rate limit is 25 requests per day. Please "
    "subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly remove all daily rate "
    "limits."
)
PREMIUM_ENDPOINT = (
    "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans at "
    "https://www.alphavantage.co/premium/ to instantly unlock all premium endpoints"
)
PREMIUM_SIZE = (
    "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the "
    "TIME_SERIES_DAILY endpoint. You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/"
)
NO_KEY = "the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co)"
BAD_CALL = (
    "Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for "
    "TIME_SERIES_DAILY."
)


def payload(document: Any, function: str = "TIME_SERIES_DAILY", received_at: datetime = RECEIVED) -> Payload:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Payload("alphavantage", f"/query?function={function}&symbol=IBM", body, received_at)


def recorded(name: str, function: str) -> Payload:
    return payload(recording(f"stock/alphavantage/{name}").read_bytes(), function)


def changed(document: Mapping[str, Any], part: str, **fields: Any) -> dict[str, Any]:
    """The document with other fields in a part of it; `_` stands for a blank, None for none."""
    inner = dict(document[part])
    for name, value in fields.items():
        key = next((each for each in inner if each.endswith(name.replace("_", " "))), name)
        inner[key] = value
        if value is None:
            del inner[key]
    return {**document, part: inner}


def instrument(symbol: str = "IBM", asset_class: AssetClass = AssetClass.EQUITY) -> Instrument:
    base = symbol.rpartition("/")[2] if symbol.startswith("commodity/") else symbol.partition("/")[0]
    return Instrument(
        id=InstrumentId(1),
        key=InstrumentKey("alphavantage", base, "USD"),
        symbol=symbol,
        venue_id=VenueId(1),
        base_id=AssetId(1),
        quote_id=AssetId(2),
        asset_class=asset_class,
        tape=Tape.TRADES,
        status=InstrumentStatus.TRADING,
    )

"""Binance's REST API: paths, weights, and how an answer's headers tell the weight that was used.

Source: binance-spot-api-docs, rest-api.md, "IP Limits" and "Market Data endpoints".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXCHANGE_INFO: Final = "/api/v3/exchangeInfo"
AGGREGATED_TRADES: Final = "/api/v3/aggTrades"
HISTORICAL_TRADES: Final = "/api/v3/historicalTrades"
KLINES: Final = "/api/v3/klines"
TICKERS: Final = "/api/v3/ticker/24hr"

WEIGHTS: Final = {EXCHANGE_INFO: 20, AGGREGATED_TRADES: 4, HISTORICAL_TRADES: 25, KLINES: 2, TICKERS: 2}
PAGE: Final = 1000
"""Rows that a page has at most."""
HEADERS: Final = {"X-MBX-TIME-UNIT": "MICROSECOND"}
"""Times as fine as the archives give them. A server that does not know this answers in milliseconds: read as well."""


def used_weight(headers: Mapping[str, str]) -> int | None:
    """The weight that our address has used in the running minute, as the exchange counts it."""
    text = headers.get("x-mbx-used-weight-1m", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None

"""Binance's 24-hour tickers as quotes. Pure.

Wire format: binance-spot-api-docs, rest-api.md, "24hr ticker price change statistics", type FULL. Numbers are texts;
zeros stand for what there is none of.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import from_microseconds
from candlewick.providers import exact
from candlewick.providers.binance.payloads import rows_of
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.quote_rows import NOBODY, QuoteRows

_LONGEST: Final = 64
"""Characters of a symbol: no instrument of ours has a longer one."""


def quotes(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes by symbol. `closeTime` is when they were so, by Binance's clock.

    Raises:
        MalformedPayload: it is no JSON array.
    """
    times, lines = EventTimes.until_tomorrow(payload.received_at), QuoteRows()
    for number, row in enumerate(rows_of(payload), 1):
        symbol = row.get("symbol") if isinstance(row, dict) else None
        if not isinstance(symbol, str) or not 0 < len(symbol) <= _LONGEST:
            lines.reject(NOBODY, number, row, Unreadable("it names no symbol"))
            continue
        lines.read(symbol, number, row, partial(_quote, row, times))
    return lines.by_symbol()


def _quote(row: Mapping[str, Any], times: EventTimes) -> Quote:
    closed = row.get("closeTime")
    if not isinstance(closed, int) or isinstance(closed, bool):
        raise Unreadable(f"closeTime {closed!r:.64} is no whole number")
    price = _number(row, "lastPrice")
    return Quote(
        ts=from_microseconds(times.one(closed)),
        price=price or None,
        bid=_number(row, "bidPrice") or None,
        ask=_number(row, "askPrice") or None,
        volume_24h=_number(row, "quoteVolume"),
        change_24h=_number(row, "priceChangePercent") if price else None,
    )


def _number(row: Mapping[str, Any], name: str) -> Decimal:
    text = row.get(name)
    if not isinstance(text, str):
        raise Unreadable(f"{name} {text!r:.64} is no text")
    return exact.decimal(text, name)

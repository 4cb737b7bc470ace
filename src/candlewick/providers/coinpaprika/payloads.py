"""CoinPaprika's answers as quotes. Pure: bytes in, domain types out, every number as exact as it was written.

Wire formats: docs.coinpaprika.com, "Get tickers for all active coins", "Get ticker for a specific coin", "Get
historical ticks for a specific coin". "Missing values are returned as empty string", or as null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers import exact_json
from candlewick.providers.coinpaprika.rest import INTERVALS
from candlewick.providers.coins import is_id, symbol_of
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.iso_time import moment
from candlewick.providers.json_payload import object_of, rows_of
from candlewick.providers.quote_rows import NOBODY, QuoteRows

_FIGURES: Final = {"price": "price", "market_cap": "market_cap", "volume_24h": "volume_24h"}


def currency_of(payload: Payload) -> str:
    """The currency that the past was asked for in."""
    return _asked(payload, "quote", "usd").lower()


def tickers(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of all coins' tickers, by symbol. Raises MalformedPayload: it is no list."""
    return _tickers(payload, rows_of(payload))


def ticker(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of one coin's ticker, by symbol. Raises MalformedPayload: it is no object."""
    return _tickers(payload, [object_of(payload)])


def history(payload: Payload) -> QuoteLines:
    """The quotes of the past. A point whose interval is not over, as that of today, may still change: it is left out.

    Raises:
        MalformedPayload: it is no list, or its endpoint does not say how far its points are apart.
    """
    width = INTERVALS.get(_asked(payload, "interval", ""))
    if width is None:
        raise MalformedPayload(payload.source, payload.endpoint, "its endpoint does not say how far points are apart")
    times, rows = EventTimes.until_tomorrow(payload.received_at), QuoteRows()
    for number, row in enumerate(rows_of(payload), 1):
        rows.read(NOBODY, number, row, partial(_point, row, times))
    read = rows.of(NOBODY)
    return QuoteLines([quote for quote in read.quotes if quote.ts + width <= payload.received_at], read.rejected)


def _asked(payload: Payload, name: str, otherwise: str) -> str:
    return parse_qs(urlsplit(payload.endpoint).query).get(name, [otherwise])[0]


def _tickers(payload: Payload, found: Iterable[Any]) -> Mapping[str, QuoteLines]:
    times, rows = EventTimes.until_tomorrow(payload.received_at), QuoteRows()
    for number, row in enumerate(found, 1):
        coin = row.get("id") if isinstance(row, dict) else None
        quotes = row.get("quotes") if isinstance(row, dict) else None
        if not is_id(coin) or not isinstance(quotes, dict):
            rows.reject(NOBODY, number, row, Unreadable("it has no id, or no quotes"))
            continue
        for currency, figures in quotes.items():
            shown = {"id": coin, "last_updated": row.get("last_updated"), "quotes": {currency: figures}}
            read = partial(_quote, row, figures, times, payload.received_at)
            rows.read(symbol_of(coin, currency.lower()), number, shown, read)
    return rows.by_symbol()


def _quote(row: Mapping[str, Any], figures: Any, times: EventTimes, received_at: datetime) -> Quote:
    """A ticker in one currency. It may not say when: then it is of the moment when it came."""
    if not isinstance(figures, dict):
        raise Unreadable("its quote is no object")
    updated = row.get("last_updated")
    return Quote(
        received_at if updated is None or updated == "" else moment(updated, "last_updated", times),
        change_24h=_number(figures, "percent_change_24h"),
        **{figure: _number(figures, name) for figure, name in _FIGURES.items()},
    )


def _point(row: Any, times: EventTimes) -> Quote:
    if not isinstance(row, dict):
        raise Unreadable("it is no object")
    ts = moment(row.get("timestamp"), "timestamp", times)
    return Quote(ts, **{figure: _number(row, name) for figure, name in _FIGURES.items()})


def _number(row: Mapping[str, Any], name: str) -> Decimal | None:
    """The exact number; None where CoinPaprika has none."""
    value = row.get(name)
    return None if value is None or value == "" else exact_json.number(value, name)

"""Alpha Vantage's single prices and its series of commodities, as quotes. Pure.

Wire formats: alphavantage.co/documentation, "Quote Endpoint", "Exchange Rates", "Commodities". Commodities say in
which unit they are, sometimes in cents; a day without a price has a point.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidQuote, MalformedPayload
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers.alphavantage.listing import symbol_of_commodity
from candlewick.providers.alphavantage.series import fields, number
from candlewick.providers.alphavantage.times import INTERVALS, ZONES, closed_at, day_of, moment_of, settled_at
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import object_of
from candlewick.providers.quote_rows import NOBODY, QuoteRows
from candlewick.providers.rejection import reject

_MISSING: Final = "."
_UNITS: Final = {"dollar": 0, "dollars": 0, "cent": -2, "cents": -2}
"""What a unit begins with, and by how many places it is less than a dollar."""
_EXACT: Final = Context(prec=400)
_LONGEST_WAIT: Final = timedelta(days=32)
"""From the date of a price to the end of its month."""


def share(payload: Payload) -> Mapping[str, QuoteLines]:
    """The price of a share on its latest day of trading; nothing if nobody knows the symbol.

    It is of the close, or of the moment when it came while the exchange is open.

    Raises:
        MalformedPayload: it is no answer to that question.
    """
    answer = object_of(payload, orjson.loads).get("Global Quote")
    if not isinstance(answer, dict):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no quote")
    row, rows = fields(answer), QuoteRows()
    symbol = row.get("symbol")
    if row:
        rows.read(symbol if isinstance(symbol, str) else NOBODY, 1, answer, lambda: _share(row, payload))
    return rows.by_symbol()


def rate(payload: Payload) -> Mapping[str, QuoteLines]:
    """The price of a currency in another, with bid and ask where they are said.

    Raises:
        MalformedPayload: it is no answer to that question.
    """
    answer = object_of(payload, orjson.loads).get("Realtime Currency Exchange Rate")
    if not isinstance(answer, dict):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no exchange rate")
    row, rows = fields(answer), QuoteRows()
    base, quote = row.get("From_Currency Code"), row.get("To_Currency Code")
    named = isinstance(base, str) and isinstance(quote, str)
    rows.read(f"{base}/{quote}" if named else NOBODY, 1, answer, lambda: _rate(row))
    return rows.by_symbol()


def commodity(payload: Payload) -> Mapping[str, QuoteLines]:
    """The prices of a commodity, in dollars, of the days or months that were over when they came.

    Raises:
        MalformedPayload: it is no series, or in a unit or an interval that we do not know.
    """
    answer = object_of(payload, orjson.loads)
    data, unit, interval = answer.get("data"), str(answer.get("unit")), str(answer.get("interval"))
    places = _UNITS.get(unit.partition(" ")[0].lower())
    if not isinstance(data, list) or places is None or interval not in INTERVALS:
        reason = f"it is no series of days or months in dollars or cents: interval {interval:.32}, unit {unit:.32}"
        raise MalformedPayload(payload.source, payload.endpoint, reason)
    found: list[Quote] = []
    rejected: list[Rejected] = []
    for at, row in enumerate(data, 1):
        try:
            if (quote := _price(row, interval, places, payload.received_at)) is not None:
                found.append(quote)
        except (Unreadable, InvalidQuote) as exc:
            rejected.append(reject(at, row, exc))
    return {symbol_of_commodity(_asked(payload)): QuoteLines(found, rejected, len(data))}


def _share(row: Mapping[str, Any], payload: Payload) -> Quote:
    ts = min(closed_at(day_of(row.get("latest trading day"))), payload.received_at)
    return Quote(ts, price=number(row, "price"))


def _rate(row: Mapping[str, Any]) -> Quote:
    zone = ZONES.get(str(row.get("Time Zone")))
    if zone is None:
        raise Unreadable(f"time zone {row.get('Time Zone')!r:.64} is none that we know")
    return Quote(
        moment_of(row.get("Last Refreshed"), zone),
        price=number(row, "Exchange Rate"),
        bid=_offered(row, "Bid Price"),
        ask=_offered(row, "Ask Price"),
    )


def _offered(row: Mapping[str, Any], name: str) -> Decimal | None:
    value = row.get(name)
    return None if value is None or value in ("-", "") else number(row, name)


def _price(row: Any, interval: str, places: int, received_at: datetime) -> Quote | None:
    """The price in a row; None if it has none, or its time was not over. Raises Unreadable or InvalidQuote."""
    if not isinstance(row, dict):
        raise Unreadable("it is no object")
    if row.get("value") == _MISSING:
        return None
    ts = settled_at(day_of(row.get("date")), interval)
    if ts > received_at + _LONGEST_WAIT:
        raise Unreadable(f"its day is in the future: it came at {received_at:%Y-%m-%d}")
    price = number(row, "value").scaleb(places, _EXACT)
    return Quote(ts, price=price) if ts <= received_at else None


def _asked(payload: Payload) -> str:
    return parse_qs(urlsplit(payload.endpoint).query).get("function", [""])[0]

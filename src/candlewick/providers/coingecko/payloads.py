"""CoinGecko's answers as quotes. Pure: bytes in, domain types out, every number as exact as it was written.

Wire formats: docs.coingecko.com, "Coin Price by IDs" (simple/price), "Coins List with Market Data" (coins/markets),
"Coin Historical Chart Data" (market_chart, also within a time range).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import from_microseconds
from candlewick.providers import exact_json
from candlewick.providers.coins import symbol_of
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.iso_time import moment
from candlewick.providers.json_payload import document, rows_of
from candlewick.providers.quote_rows import NOBODY, QuoteRows

_FIGURES: Final = {"_market_cap": "market_cap", "_24h_vol": "volume_24h", "_24h_change": "change_24h"}
_UPDATED: Final = "last_updated_at"
_SERIES: Final = {"prices": "price", "market_caps": "market_cap", "total_volumes": "volume_24h"}


def currency_of(payload: Payload) -> str:
    """The currency that was asked for. Raises MalformedPayload: the endpoint does not say."""
    asked = parse_qs(urlsplit(payload.endpoint).query).get("vs_currency", [])
    if len(asked) != 1:
        raise MalformedPayload(payload.source, payload.endpoint, "its endpoint does not say in which currency it is")
    return asked[0]


def prices(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of simple/price, by symbol. What CoinGecko does not know is not there at all.

    Raises:
        MalformedPayload: it is no object of coins.
    """
    found = document(payload)
    if not isinstance(found, dict):
        raise MalformedPayload(payload.source, payload.endpoint, "it is no object of coins")
    times, lines = EventTimes.until_tomorrow(payload.received_at), QuoteRows()
    for number, (coin, row) in enumerate(found.items(), 1):
        if not isinstance(row, dict):
            lines.reject(NOBODY, number, {coin: row}, Unreadable("it is no object of currencies"))
            continue
        for currency in _currencies(row):
            read = partial(_price, row, currency, times, payload.received_at)
            lines.read(symbol_of(coin, currency), number, {coin: row}, read)
    return lines.by_symbol()


def markets(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of coins/markets, by symbol.

    Raises:
        MalformedPayload: it is no list, or its endpoint does not say in which currency.
    """
    times, currency, lines = EventTimes.until_tomorrow(payload.received_at), currency_of(payload), QuoteRows()
    for number, row in enumerate(rows_of(payload), 1):
        coin = row.get("id") if isinstance(row, dict) else None
        if not isinstance(coin, str) or not coin:
            lines.reject(NOBODY, number, row, Unreadable("it has no id"))
            continue
        lines.read(symbol_of(coin, currency), number, row, partial(_market, row, times, payload.received_at))
    return lines.by_symbol()


def chart(payload: Payload) -> QuoteLines:
    """The quotes of a market_chart: a price, and the market cap and the volume of the same time.

    The points are off any grid, and the last one is of the moment when CoinGecko answered.

    Raises:
        MalformedPayload: it is no chart.
    """
    found = document(payload)
    if not isinstance(found, dict) or not isinstance(found.get("prices"), list):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no list of prices")
    times, lines = EventTimes.until_tomorrow(payload.received_at), QuoteRows()
    figures: dict[tuple[int, int], dict[str, Decimal | None]] = {}
    for name, figure in _SERIES.items():
        points, met = found.get(name, []), Counter[int]()
        if not isinstance(points, list):
            raise MalformedPayload(payload.source, payload.endpoint, f"its {name} are no list")
        for number, point in enumerate(points, 1):
            try:
                ts, value = _point(point, figure, times)
            except Unreadable as exc:
                lines.reject(NOBODY, number, {name: point}, exc)
                continue
            figures.setdefault((ts, met[ts]), {})[figure] = value
            met[ts] += 1
    for number, ((ts, _), said) in enumerate(figures.items(), 1):
        shown = {"ts": ts} | {figure: None if value is None else str(value) for figure, value in said.items()}
        lines.read(NOBODY, number, shown, partial(Quote, from_microseconds(ts), **said))
    return lines.of(NOBODY)


def _currencies(row: Mapping[str, Any]) -> Sequence[str]:
    """The currencies that a coin's row tells of."""
    names = [name for name in row if name != _UPDATED]
    return list(dict.fromkeys(next((n.removesuffix(end) for end in _FIGURES if n.endswith(end)), n) for n in names))


def _price(row: Mapping[str, Any], currency: str, times: EventTimes, received_at: datetime) -> Quote:
    """One currency of a coin's row. It may not say when: then it is of the moment when it came."""
    updated = row.get(_UPDATED)
    if updated is not None and type(updated) is not int:
        raise Unreadable(f"{_UPDATED} {updated!r:.64} is no whole number of seconds")
    figures = {figure: _number(row.get(currency + end), currency + end) for end, figure in _FIGURES.items()}
    ts = received_at if updated is None else from_microseconds(times.one(updated * 1_000))
    return Quote(ts, price=_number(row.get(currency), currency), **figures)


def _market(row: Mapping[str, Any], times: EventTimes, received_at: datetime) -> Quote:
    updated = row.get("last_updated")
    names = {
        "price": "current_price",
        "market_cap": "market_cap",
        "volume_24h": "total_volume",
        "change_24h": "price_change_percentage_24h",
    }
    return Quote(
        received_at if updated is None else moment(updated, "last_updated", times),
        **{figure: _number(row.get(name), name) for figure, name in names.items()},
    )


def _point(point: Any, figure: str, times: EventTimes) -> tuple[int, Decimal | None]:
    """Microseconds and a value, of a pair of milliseconds and a number."""
    if not isinstance(point, list) or len(point) != 2 or type(point[0]) is not int:
        raise Unreadable("it is no pair of milliseconds and a number")
    return times.one(point[0]), _number(point[1], figure)


def _number(value: Any, name: str) -> Decimal | None:
    """The exact number; None where CoinGecko says null, or nothing."""
    return None if value is None else exact_json.number(value, name)

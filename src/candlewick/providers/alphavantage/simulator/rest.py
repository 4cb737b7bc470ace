"""The endpoint of all questions. Source: alphavantage.co/documentation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.providers.alphavantage.rest import (
    COMPACT_DAYS,
    DAILY,
    EXCHANGE_RATE,
    FX_DAILY,
    GLOBAL_QUOTE,
    PATH,
    SEARCH,
)
from candlewick.providers.alphavantage.simulator.markets import COMMODITIES, FIRST, SHARES, Prices
from candlewick.providers.alphavantage.simulator.options import SimulatorOptions
from candlewick.providers.alphavantage.simulator.refusal import (
    JSON,
    invalid_call,
    no_key,
    premium_size,
    used_up,
)
from candlewick.providers.alphavantage.times import NEW_YORK

_PAID: Final = "PAID"
_MOST_KEYS: Final = 10_000
_MOST_MATCHES: Final = 10
_MISSING: Final = "."

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rest:
    """Answers questions, and counts them by key and day."""

    prices: Prices
    options: SimulatorOptions
    asked: dict[tuple[str, date], int] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [Route(PATH, self._answer)]

    async def _answer(self, request: Request) -> Response:
        parameters = request.query_params
        key, function = parameters.get("apikey", ""), parameters.get("function", "")
        self._charge(key)
        if parameters.get("outputsize") == "full" and not key.startswith(_PAID):
            raise premium_size(function)
        document = await asyncio.to_thread(self._functions().get(function, self._unknown), parameters)
        return Response(orjson.dumps(document, option=orjson.OPT_INDENT_2), media_type=JSON)

    def _functions(self) -> dict[str, Callable[[Parameters], Any]]:
        commodities = dict.fromkeys(COMMODITIES, self._commodity)
        return {
            DAILY: self._days, FX_DAILY: self._currency_days, GLOBAL_QUOTE: self._quote, EXCHANGE_RATE: self._rate,
            SEARCH: self._search, **commodities,
        }  # fmt: skip

    def _charge(self, key: str) -> None:
        """One question more. Raises Refusal: it is one too many, or nobody's."""
        if not key:
            raise no_key()
        today = self.prices.moment().astimezone(NEW_YORK).date()
        count = self.asked.get((key, today), 0) + 1
        if count > self.options.requests_per_day and not key.startswith(_PAID):
            raise used_up(key, self.options.requests_per_day)
        if len(self.asked) >= _MOST_KEYS:
            self.asked.clear()
        self.asked[key, today] = count

    def _unknown(self, parameters: Parameters) -> Any:
        raise invalid_call(parameters.get("function", "query"))

    def _days(self, parameters: Parameters) -> Any:
        """Newest first, with the row of today while it grows."""
        symbol = parameters.get("symbol", "")
        share = next((each for each in SHARES if each.symbol == symbol), None)
        if share is None:
            raise invalid_call(DAILY)
        walk, sessions = self.prices.shares[symbol], self.prices.sessions()
        rows = {
            str(day): _row(*walk.range(day, hour)) | {"5. volume": str(walk.amount(day, share.volume, hour))}
            for day, hour in _cut(sessions, parameters)
        }
        return {
            "Meta Data": {
                "1. Information": "Daily Prices (open, high, low, close) and Volumes",
                "2. Symbol": symbol,
                "3. Last Refreshed": str(sessions[0][0]),
                "4. Output Size": _size(parameters),
                "5. Time Zone": "US/Eastern",
            },
            "Time Series (Daily)": rows,
        }

    def _currency_days(self, parameters: Parameters) -> Any:
        base, quote = parameters.get("from_symbol", ""), parameters.get("to_symbol", "")
        rows = {}
        for day, hour in _cut(self.prices.currency_days(), parameters):
            first, last = (self.prices.rate(base, quote, day, at) for at in (0.0, hour))
            if first is None or last is None:
                raise invalid_call(FX_DAILY)
            reach = Decimal("0.00100")
            rows[str(day)] = _row(first, max(first, last) + reach, min(first, last) - reach / 2, last)
        return {
            "Meta Data": {
                "1. Information": "Forex Daily Prices (open, high, low, close)",
                "2. From Symbol": base,
                "3. To Symbol": quote,
                "4. Output Size": _size(parameters),
                "5. Last Refreshed": f"{self.prices.moment():%Y-%m-%d %H:%M:%S}",
                "6. Time Zone": "UTC",
            },
            "Time Series FX (Daily)": rows,
        }

    def _quote(self, parameters: Parameters) -> Any:
        """Of a symbol that nobody knows, an empty one."""
        symbol = parameters.get("symbol", "")
        if symbol not in self.prices.shares:
            return {"Global Quote": {}}
        walk = self.prices.shares[symbol]
        (day, hour), (before, _) = self.prices.sessions()[:2]
        first, high, low, last = walk.range(day, hour)
        previous = walk.price(before)
        return {
            "Global Quote": {
                "01. symbol": symbol, "02. open": str(first), "03. high": str(high), "04. low": str(low),
                "05. price": str(last), "06. volume": str(walk.amount(day, 1_000_000, hour)),
                "07. latest trading day": str(day), "08. previous close": str(previous),
                "09. change": str(last - previous), "10. change percent": f"{(last / previous - 1) * 100:.4f}%",
            }
        }  # fmt: skip

    def _rate(self, parameters: Parameters) -> Any:
        base, quote = parameters.get("from_currency", ""), parameters.get("to_currency", "")
        now = self.prices.moment()
        rate = self.prices.rate(base, quote, now.date(), now.hour + now.minute / 60)
        if rate is None:
            raise invalid_call(EXCHANGE_RATE)
        return {
            "Realtime Currency Exchange Rate": {
                "1. From_Currency Code": base, "2. From_Currency Name": base, "3. To_Currency Code": quote,
                "4. To_Currency Name": quote, "5. Exchange Rate": f"{rate}000",
                "6. Last Refreshed": f"{now:%Y-%m-%d %H:%M:%S}", "7. Time Zone": "UTC",
                "8. Bid Price": f"{rate - Decimal('0.00001')}000", "9. Ask Price": "-",
            }
        }  # fmt: skip

    def _commodity(self, parameters: Parameters) -> Any:
        """Newest first. Days that are no working days of the market's have a point."""
        function = parameters["function"]
        commodity, walk = COMMODITIES[function], self.prices.commodities[function]
        interval = parameters.get("interval", "monthly")
        if interval not in {"monthly", "daily"} or (commodity.monthly and interval == "daily"):
            raise invalid_call(function)
        days = _months(self.prices.moment().date()) if interval == "monthly" else [
            day for day, _ in self.prices.currency_days()
        ]  # fmt: skip
        data = [
            {"date": str(day), "value": _MISSING if interval == "daily" and day.day == 25 else str(walk.price(day))}
            for day in days
        ]
        return {"name": commodity.name, "interval": interval, "unit": commodity.unit, "data": data}

    def _search(self, parameters: Parameters) -> Any:
        words = parameters.get("keywords", "").upper()
        found = [each for each in SHARES if words and (each.symbol.startswith(words) or words in each.name.upper())]
        return {
            "bestMatches": [
                {
                    "1. symbol": each.symbol, "2. name": each.name, "3. type": each.kind, "4. region": each.region,
                    "5. marketOpen": "09:30", "6. marketClose": "16:00", "7. timezone": "UTC-04",
                    "8. currency": each.currency, "9. matchScore": "1.0000" if each.symbol == words else "0.5000",
                }
                for each in found[:_MOST_MATCHES]
            ]
        }  # fmt: skip


def _row(first: Decimal, high: Decimal, low: Decimal, last: Decimal) -> dict[str, str]:
    return {"1. open": str(first), "2. high": str(high), "3. low": str(low), "4. close": str(last)}


def _size(parameters: Parameters) -> str:
    return "Full size" if parameters.get("outputsize") == "full" else "Compact"


def _cut(days: list[tuple[date, float]], parameters: Parameters) -> list[tuple[date, float]]:
    return days if parameters.get("outputsize") == "full" else days[:COMPACT_DAYS]


def _months(today: date) -> list[date]:
    """The first of each month up to this one, newest first."""
    months, month = [], today.replace(day=1)
    while month >= FIRST:
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return months

"""The REST endpoints. Source: docs.coingecko.com, the pages of the endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.domain.time import from_microseconds
from candlewick.providers.coingecko.rest import DEMO, MOST_COINS, PRO
from candlewick.providers.coingecko.simulator import refusal
from candlewick.providers.coingecko.simulator.charts import moments
from candlewick.providers.coingecko.simulator.options import SimulatorOptions
from candlewick.providers.coingecko.simulator.refusal import JSON
from candlewick.providers.exact_json import written
from candlewick.providers.simulation.coins import DAY, Observatory, Sighting, SimulatedCoin, changed, number

_SECOND: Final = 1_000_000
_MILLISECOND: Final = 1_000
_MOST_DAYS: Final = 5_000
_PAGE: Final = 100
_FLAGS: Final = ("include_market_cap", "include_24hr_vol", "include_24hr_change", "include_last_updated_at")
Answer = tuple[Any, dict[str, str]]
"""A document and headers."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Answers requests, from an observatory."""

    observatory: Observatory
    options: SimulatorOptions

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [
            _route("/ping", lambda _: ({"gecko_says": "(V3) To the Moon!"}, {})),
            _route("/simple/price", self._prices),
            _route("/coins/markets", self._markets),
            _route("/coins/list", self._list),
            _route("/coins/{coin}/market_chart", self._chart),
            _route("/coins/{coin}/market_chart/range", self._range),
        ]

    def _prices(self, request: Request) -> Answer:
        """An id with a space in front of it is none: all but the first of `a, b` are silently absent."""
        given = request.query_params
        ids, currencies = (_listed(given, name) for name in ("ids", "vs_currencies"))
        flags = [given.get(flag) == "true" for flag in _FLAGS]
        coins = [self.observatory.coins[coin] for coin in dict.fromkeys(ids) if coin in self.observatory.coins]
        return {coin.id: self._price(coin, currencies, flags) for coin in coins}, {}

    def _price(self, coin: SimulatedCoin, currencies: list[str], flags: list[bool]) -> dict[str, Any]:
        cap, volume, change, updated = flags
        row: dict[str, Any] = {}
        ts = 0
        for currency in filter(self.observatory.sees, currencies):
            seen = self.observatory.change(coin, currency)
            if seen is None:
                continue
            before, now = seen
            ts = now.ts
            row[currency] = number(now.price)
            row |= {f"{currency}_market_cap": number(now.market_cap)} if cap else {}
            row |= {f"{currency}_24h_vol": number(now.volume)} if volume else {}
            row |= {f"{currency}_24h_change": number(changed(before.price, now.price, 13))} if change else {}
        return row | ({"last_updated_at": (ts + self._skew()) // _SECOND} if row and updated else {})

    def _markets(self, request: Request) -> Answer:
        given = request.query_params
        currency = _required(given, "vs_currency")
        if not self.observatory.sees(currency):
            raise refusal.invalid("vs_currency")
        per_page = min(_number(given, "per_page", _PAGE), MOST_COINS)
        page = max(_number(given, "page", 1), 1)
        ranks = {coin.id: rank for rank, coin in enumerate(self.observatory.ranked(), 1)}
        wanted = {name.strip() for name in given.get("ids", "").split(",")} - {""}
        coins = [coin for coin in self.observatory.ranked() if not wanted or coin.id in wanted]
        shown = coins[(page - 1) * per_page : page * per_page]
        rows = [self._market(coin, ranks[coin.id], currency) for coin in shown]
        return rows, {"total": str(len(coins)), "per-page": str(per_page)} | _link(request, page, per_page, len(coins))

    def _market(self, coin: SimulatedCoin, rank: int, currency: str) -> dict[str, Any]:
        seen = self.observatory.change(coin, currency)
        before, now = seen or (None, None)
        price, past = (None, None) if seen is None else (seen[1].price, seen[0].price)
        rose = None if price is None or past is None else price - past
        percent = None if price is None or past is None else changed(past, price)
        ends = sorted(each for each in (price, past) if each is not None)
        return {
            "id": coin.id,
            "symbol": coin.symbol,
            "name": coin.name,
            "image": f"https://assets.example/coins/images/{coin.id}.png",
            "current_price": number(price),
            "market_cap": number(now.market_cap if now else None),
            "market_cap_rank": None if coin.supply is None else rank,
            "fully_diluted_valuation": number(now.market_cap if now else None),
            "total_volume": number(now.volume if now else None),
            "high_24h": number(ends[-1] if ends else None),
            "low_24h": number(ends[0] if ends else None),
            "price_change_24h": number(rose),
            "price_change_percentage_24h": number(percent),
            "market_cap_change_24h": number(_difference(before, now)),
            "market_cap_change_percentage_24h": number(percent),
            "circulating_supply": number(coin.supply),
            "total_supply": number(coin.supply),
            "max_supply": None,
            "ath": number(ends[-1] if ends else None),
            "ath_change_percentage": number(percent),
            "ath_date": self._moment(now),
            "atl": number(ends[0] if ends else None),
            "atl_change_percentage": number(percent),
            "atl_date": self._moment(before),
            "roi": None,
            "last_updated": self._moment(now),
        }

    def _list(self, request: Request) -> Answer:
        active = request.query_params.get("status", "active") == "active"
        coins = sorted(self.observatory.coins.values(), key=lambda coin: coin.id)
        return [
            {"id": coin.id, "symbol": coin.symbol, "name": coin.name} for coin in coins if coin.active is active
        ], {}

    def _chart(self, request: Request) -> Answer:
        days = _number(request.query_params, "days", None)
        now = self.observatory.now()
        return self._points(request, now - min(days, _MOST_DAYS) * DAY, now)

    def _range(self, request: Request) -> Answer:
        start, end = (_number(request.query_params, name, None) * _SECOND for name in ("from", "to"))
        return self._points(request, start, end)

    def _points(self, request: Request, start: int, end: int) -> Answer:
        currency = _required(request.query_params, "vs_currency")
        coin = self.observatory.coins.get(request.path_params["coin"])
        if coin is None:
            raise refusal.unknown_coin()
        if not self.observatory.sees(currency):
            raise refusal.invalid("vs_currency")
        now = self.observatory.now()
        paid = f"x-cg-{PRO}-api-key" in request.headers and f"x-cg-{DEMO}-api-key" not in request.headers
        if not paid and start < now - self.options.free_history // timedelta(microseconds=1) - DAY:
            raise refusal.too_long_ago()
        start = max(start, now - _MOST_DAYS * DAY)
        times = moments(coin.id, start, end, now) if start < end else []
        seen = [
            (moment + self._skew(), sighting)
            for moment, sighting in zip(times, self.observatory.seen(coin, currency, times), strict=True)
            if sighting is not None
        ]
        return {
            "prices": [[ts // _MILLISECOND, number(each.price)] for ts, each in seen],
            "market_caps": [[ts // _MILLISECOND, number(each.market_cap)] for ts, each in seen],
            "total_volumes": [[ts // _MILLISECOND, number(each.volume)] for ts, each in seen],
        }, {}

    def _skew(self) -> int:
        """By how much the clock is wrong that others are shown (µs)."""
        return self.observatory.exchange.shown_time() - self.observatory.now()

    def _moment(self, sighting: Sighting | None) -> str | None:
        if sighting is None:
            return None
        moment = from_microseconds(sighting.ts + self._skew())
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _difference(before: Sighting | None, now: Sighting | None) -> Decimal | None:
    if before is None or now is None or before.market_cap is None or now.market_cap is None:
        return None
    return now.market_cap - before.market_cap


def _required(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise refusal.missing(name)
    return given[name]


def _listed(given: Mapping[str, str], name: str) -> list[str]:
    return _required(given, name).split(",")


def _number(given: Mapping[str, str], name: str, otherwise: int | None) -> int:
    """A whole number of days, rows or seconds."""
    text = given.get(name)
    if text is None and otherwise is not None:
        return otherwise
    if text is None:
        raise refusal.missing(name)
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise refusal.invalid(name)
    return int(text)


def _link(request: Request, page: int, per_page: int, total: int) -> dict[str, str]:
    """Where the next and the last page are."""
    last = max(-(-total // per_page), 1)
    if page >= last:
        return {}
    pages = {"last": last, "next": page + 1}
    links = [f'<{request.url.include_query_params(page=at)}>; rel="{name}"' for name, at in pages.items()]
    return {"link": ", ".join(links)}


def _route(path: str, answer: Callable[[Request], Answer]) -> Route:
    async def endpoint(request: Request) -> Response:
        document, headers = await asyncio.to_thread(answer, request)
        headers |= {"Cache-Control": "public, max-age=30"}
        return Response(written(document), headers=headers, media_type=JSON)

    return Route(f"/api/v3{path}", endpoint, methods=["GET"])

"""The REST endpoints. Source: docs.coinpaprika.com, the pages of the endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.domain.time import from_microseconds, microseconds
from candlewick.providers.coinpaprika.rest import MOST_CURRENCIES, MOST_POINTS
from candlewick.providers.coinpaprika.simulator.options import SimulatorOptions
from candlewick.providers.coinpaprika.simulator.refusal import JSON, Refusal
from candlewick.providers.exact_json import written
from candlewick.providers.simulation.coins import DAY, Observatory, Sighting, SimulatedCoin, changed, number

_MINUTE: Final = 60_000_000
_HOUR: Final = 60 * _MINUTE
_WIDTHS: Final = {
    **{f"{minutes}m": minutes * _MINUTE for minutes in (5, 10, 15, 30, 45)},
    **{f"{hours}h": hours * _HOUR for hours in (1, 2, 3, 6, 12, 24)},
    **{f"{days}d": days * DAY for days in (1, 7, 14, 30, 90, 365)},
}
_FREE: Final = {"m": timedelta(0), "h": timedelta(days=1), "d": timedelta(days=365)}
"""How far the past reaches without a key, by the unit of the interval."""
_POINTS: Final = 1_000
_TODAY: Final = timedelta(minutes=5)
_KEY: Final = "authorization"


@dataclass(frozen=True, slots=True)
class Rest:
    """Answers requests, from an observatory."""

    observatory: Observatory
    options: SimulatorOptions

    def routes(self) -> list[Route]:
        """All endpoints, and the redirects of those who end a path with a slash."""
        return [
            _route("/coins", self._coins),
            _route("/tickers", self._tickers),
            _route("/tickers/{coin}", self._ticker),
            _route("/tickers/{coin}/historical", self._history),
            Route("/v1/{rest:path}", _without_slash, methods=["GET"]),
        ]

    def _coins(self, _: Request) -> Any:
        ranks = self._ranks()
        return [
            {
                "id": coin.id, "name": coin.name, "symbol": coin.symbol, "rank": ranks.get(coin.id, 0),
                "is_new": False, "is_active": coin.active, "type": "coin",
            }
            for coin in self.observatory.coins.values()
        ]  # fmt: skip

    def _tickers(self, request: Request) -> Any:
        currencies = _currencies(request, self.observatory)
        return [self._shown(coin, currencies) for coin in self.observatory.ranked()]

    def _ticker(self, request: Request) -> Any:
        return self._shown(self._coin(request), _currencies(request, self.observatory))

    def _shown(self, coin: SimulatedCoin, currencies: list[str]) -> dict[str, Any]:
        seen = self.observatory.change(coin, "usd")
        return {
            "id": coin.id,
            "name": coin.name,
            "symbol": coin.symbol,
            "rank": self._ranks().get(coin.id, 0),
            "circulating_supply": number(coin.supply),
            "total_supply": number(coin.supply),
            "max_supply": number(coin.supply),
            "beta_value": "" if coin.supply is None else 1,
            "first_data_at": "2010-07-17T00:00:00Z",
            "last_updated": _moment(seen[1].ts + self._skew()) if seen else None,
            "quotes": {currency: self._quote(coin, currency.lower()) for currency in currencies},
        }

    def _quote(self, coin: SimulatedCoin, currency: str) -> dict[str, Any]:
        """Missing values are empty texts."""
        seen = self.observatory.change(coin, currency)
        before, now = seen or (None, None)
        change = number(changed(before.price, now.price, 2)) if before and now else ""
        changes = {
            f"percent_change_{span}": change for span in ("15m", "30m", "1h", "6h", "12h", "24h", "7d", "30d", "1y")
        }
        return {
            "price": number(now.price) if now else "",
            "volume_24h": number(now.volume) if now else "",
            "volume_24h_change_24h": change,
            "market_cap": _whole(now),
            "market_cap_change_24h": change,
            **changes,
            "ath_price": number(now.price) if now else "",
            "ath_date": _moment(now.ts + self._skew()) if now else "",
            "percent_from_price_ath": 0,
        }

    def _history(self, request: Request) -> Any:
        given, coin = request.query_params, self._coin(request)
        currency, interval = given.get("quote", "usd"), given.get("interval", "5m")
        if currency not in {"usd", "btc"}:
            raise Refusal(400, "invalid quote")
        if interval not in _WIDTHS:
            raise Refusal(400, "invalid interval")
        now = self.observatory.now()
        start, end = _time(given, "start", None), _time(given, "end", now)
        self._check_plan(request, interval, start)
        limit = min(int(given["limit"]) if given.get("limit", "").isdecimal() else _POINTS, MOST_POINTS)
        width = _WIDTHS[interval]
        times = list(range(-(-start // width) * width, min(end, now) + 1, width))[:limit]
        seen = self.observatory.seen(coin, currency, [min(time + width, now) for time in times])
        return [
            {
                "timestamp": _moment(time + self._skew()),
                "price": number(each.price),
                "volume_24h": number(each.volume.to_integral_value()),
                "market_cap": _whole(each),
            }
            for time, each in zip(times, seen, strict=True)
            if each is not None
        ]

    def _check_plan(self, request: Request, interval: str, start: int) -> None:
        oldest = from_microseconds(self.observatory.now()) - _FREE[interval[-1]] - _TODAY
        if _KEY not in request.headers and from_microseconds(start) < oldest:
            raise Refusal(
                402,
                f"Getting historical data before {oldest:%Y-%m-%d %H:%M:%S} +0000 UTC is not allowed in this plan. "
                "Check plans on coinpaprika.com/api",
            )

    def _coin(self, request: Request) -> SimulatedCoin:
        coin = self.observatory.coins.get(request.path_params["coin"])
        if coin is None:
            raise Refusal(404, "id not found")
        return coin

    def _ranks(self) -> Mapping[str, int]:
        return {coin.id: rank for rank, coin in enumerate(self.observatory.ranked(), 1) if coin.supply is not None}

    def _skew(self) -> int:
        """By how much the clock is wrong that others are shown (µs)."""
        return self.observatory.exchange.shown_time() - self.observatory.now()


def _currencies(request: Request, observatory: Observatory) -> list[str]:
    names = [name.strip().upper() for name in request.query_params.get("quotes", "USD").split(",")]
    if len(names) > MOST_CURRENCIES:
        raise Refusal(400, f"too many quotes: at most {MOST_CURRENCIES}")
    if any(not observatory.sees(name.lower()) for name in names):
        raise Refusal(400, "invalid quotes")
    return names


def _whole(seen: Sighting | None) -> Any:
    if seen is None or seen.market_cap is None:
        return ""
    return number(seen.market_cap.to_integral_value())


def _time(given: Mapping[str, str], name: str, otherwise: int | None) -> int:
    """A time in seconds since 1970, as a date or in ISO 8601 (µs)."""
    text = given.get(name)
    if text is None and otherwise is not None:
        return otherwise
    if not text:
        raise Refusal(400, f"missing {name}")
    try:
        found = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as exc:
        raise Refusal(400, f"invalid {name}") from exc
    return microseconds(found if found.tzinfo else found.replace(tzinfo=UTC))


def _moment(ts: int) -> str:
    return f"{from_microseconds(ts):%Y-%m-%dT%H:%M:%SZ}"


def _route(path: str, answer: Callable[[Request], Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        document = await asyncio.to_thread(answer, request)
        return Response(written(document), headers={"Cache-Control": "public, max-age=60"}, media_type=JSON)

    return Route(f"/v1{path}", endpoint, methods=["GET"])


async def _without_slash(request: Request) -> Response:
    path = request.url.path
    if not path.endswith("/"):
        raise Refusal(404, "not found")
    return Response(status_code=301, headers={"Location": str(request.url.replace(path=path.rstrip("/")))})

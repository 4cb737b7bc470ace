"""CoinGecko's REST API: paths, keys, and which answers with status 200 are errors all the same.

Sources: docs.coingecko.com, "Authentication", "Common errors and rate limit", and the pages of the endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from candlewick.domain.errors import RateLimited, SettingsError, SourceRefused, SourceUnavailable
from candlewick.providers.answers import LIMITED_FOR, said
from candlewick.providers.coingecko.listing import VENUE
from candlewick.providers.provider import Access

REST_URL: Final = "https://api.coingecko.com"
PRO_URL: Final = "https://pro-api.coingecko.com"
PER_MINUTE: Final = 10
"""What an address may ask for without a key, on a bad day; a key allows more."""

PRICES: Final = "/api/v3/simple/price"
MARKETS: Final = "/api/v3/coins/markets"
COINS: Final = "/api/v3/coins/list"
CHART: Final = "/api/v3/coins/{id}/market_chart/range"
"""Also the name of the circuit that all coins share."""

MOST_COINS: Final = 250
"""Of one request."""
DEMO, PRO = "demo", "pro"
_HEADERS: Final = {DEMO: "x-cg-demo-api-key", PRO: "x-cg-pro-api-key"}


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where CoinGecko is asked, and with which headers: a key goes nowhere else."""

    base_url: str
    headers: dict[str, str]
    paid: bool


def entrance(access: Access) -> Entrance:
    """The way in for what the settings say: no key, a demo key, a key that was paid for.

    Raises:
        SettingsError: key and plan do not fit together.
    """
    plan = access.plan or (DEMO if access.api_key else None)
    if plan is None:
        return Entrance(access.rest_url, {}, paid=False)
    if plan not in _HEADERS:
        raise SettingsError(f"sources.{VENUE}.plan is {plan!r}: allowed are {DEMO} and {PRO} (for every paid plan)")
    if access.api_key is None:
        raise SettingsError(f"sources.{VENUE}.plan is {plan!r}, which takes a key: set sources.{VENUE}.api_key")
    usual = plan == PRO and access.rest_url == REST_URL
    return Entrance(PRO_URL if usual else access.rest_url, {_HEADERS[plan]: access.api_key}, paid=plan == PRO)


def objection(body: bytes) -> SourceUnavailable | SourceRefused | None:
    """The error that an answer is; None if it is none. A coin may be called `status` or `error`: its row has prices."""
    answer = orjson.loads(body)
    if not isinstance(answer, dict):
        return None
    code = _code(answer)
    if code == 429:
        return RateLimited(VENUE, said(body), LIMITED_FOR)
    if code is not None:
        return SourceRefused(VENUE, 200, said(body))
    if isinstance(answer.get("error"), str):
        return SourceUnavailable(VENUE, said(body))
    return None


def _code(answer: dict[str, Any]) -> int | None:
    """The number of the error that the answer is."""
    status = answer.get("status")
    if isinstance(status, dict) and type(status.get("error_code")) is int:
        return int(status["error_code"])
    return None

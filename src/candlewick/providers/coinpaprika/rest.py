"""CoinPaprika's REST API: paths, keys, how fine the past is on which plan, and errors with status 200.

Sources: docs.coinpaprika.com, "Introduction", "Get tickers for all active coins", "Get historical ticks for a specific
coin". A path with a slash at its end is answered with a redirect, which is not followed: no path here has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import orjson

from candlewick.domain.errors import SettingsError, SourceRefused, SourceUnavailable
from candlewick.providers.answers import said
from candlewick.providers.coinpaprika.listing import VENUE
from candlewick.providers.provider import Access

REST_URL: Final = "https://api.coinpaprika.com"
PAID_URL: Final = "https://api-pro.coinpaprika.com"

COINS: Final = "/v1/coins"
TICKERS: Final = "/v1/tickers"
TICKER: Final = "/v1/tickers/{id}"
HISTORY: Final = "/v1/tickers/{id}/historical"
"""Like the one before also the name of the circuit that all coins share."""

MOST_CURRENCIES: Final = 3
"""Of one request for tickers."""
MOST_POINTS: Final = 5_000
"""Of one request for the past."""

_FOREVER: Final = timedelta(days=36_500)
_NONE: Final = timedelta(0)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
INTERVALS: Final = {"5m": timedelta(minutes=5), "1h": _HOUR, "1d": _DAY}
"""Between the points of the past, the finest first."""
_REACH: Final = {
    None: {"5m": _NONE, "1h": _DAY},
    "starter": {"5m": 7 * _DAY, "1h": 30 * _DAY},
    "pro": {"5m": 30 * _DAY, "1h": 90 * _DAY},
    "business": {"5m": 365 * _DAY, "1h": 365 * _DAY},
    "enterprise": {"5m": _FOREVER, "1h": _FOREVER},
}
"""How far back they go, by plan; where nothing else does there are days."""
_MARGIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where CoinPaprika is asked, and with which headers: a key goes nowhere else."""

    base_url: str
    headers: dict[str, str]
    plan: str | None

    def finest(self, age: timedelta) -> str:
        """The interval of the finest points that there are of that long ago."""
        return next((name for name, reach in _REACH[self.plan].items() if age + _MARGIN <= reach), "1d")


def entrance(access: Access) -> Entrance:
    """The way in for what the settings say: free, or with a key on the plan that was paid for.

    Raises:
        SettingsError: key and plan do not fit together.
    """
    plan = access.plan or ("starter" if access.api_key else None)
    if plan is None:
        return Entrance(access.rest_url, {}, None)
    if plan not in _REACH:
        allowed = ", ".join(filter(None, _REACH))
        raise SettingsError(f"sources.{VENUE}.plan is {plan!r}: allowed are {allowed}")
    if access.api_key is None:
        raise SettingsError(f"sources.{VENUE}.plan is {plan!r}, which takes a key: set sources.{VENUE}.api_key")
    base_url = PAID_URL if access.rest_url == REST_URL else access.rest_url
    return Entrance(base_url, {"Authorization": access.api_key}, plan)


def objection(body: bytes) -> SourceUnavailable | SourceRefused | None:
    """The error that an answer is; None if it is none."""
    answer = orjson.loads(body)
    if isinstance(answer, dict) and isinstance(answer.get("error"), str) and "id" not in answer:
        return SourceUnavailable(VENUE, said(body))
    return None

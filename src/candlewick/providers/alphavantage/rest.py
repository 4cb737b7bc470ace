"""What may be asked of Alpha Vantage, on which plan, and which of its answers with status 200 are errors.

Sources: alphavantage.co/documentation, alphavantage.co/premium. Whatever it is asked, the status is 200; what it will
not answer comes as an object with nothing but a "Note", an "Information" or an "Error Message".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import orjson

from candlewick.domain.errors import RateLimited, SettingsError, SourceRefused, SourceUnavailable
from candlewick.providers.alphavantage.listing import VENUE
from candlewick.providers.answers import said
from candlewick.providers.provider import Access

PATH: Final = "/query"
DAILY: Final = "TIME_SERIES_DAILY"
INTRADAY: Final = "TIME_SERIES_INTRADAY"
FX_DAILY: Final = "FX_DAILY"
GLOBAL_QUOTE: Final = "GLOBAL_QUOTE"
EXCHANGE_RATE: Final = "CURRENCY_EXCHANGE_RATE"
SEARCH: Final = "SYMBOL_SEARCH"

FREE: Final = "free"
PREMIUM: Final = "premium"
FREE_A_DAY: Final = 25
"""Requests that a free key may make in a day."""
COMPACT_DAYS: Final = 100
"""Days that it gets of a series: the newest."""

GET_A_KEY: Final = f"set sources.{VENUE}.api_key; alphavantage.co/support gives one for free"
_ADVICE: Final = f"if the key was paid for, set sources.{VENUE}.plan to {PREMIUM!r}"
_TELLING: Final = ("Note", "Information", "Error Message")
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_AT_ONCE: Final = ("spreading out", "per second", "per minute", "call frequency", "call volume")
_A_DAY: Final = ("per day", "daily rate limit")
_LIKE_A_KEY: Final = re.compile(r"\b[A-Z0-9]{12,}\b")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the key may ask for."""

    full: bool
    """All days there are, not the newest hundred."""
    per_day: int | None
    """Requests; None: as many as one likes."""


def plan_of(access: Access) -> Plan:
    """What the settings say.

    Raises:
        SettingsError: there is no such plan.
    """
    plan = access.plan or FREE
    if plan not in {FREE, PREMIUM}:
        raise SettingsError(f"sources.{VENUE}.plan is {plan!r}: allowed are {FREE} and {PREMIUM} (for every paid plan)")
    paid = plan == PREMIUM
    return Plan(full=paid, per_day=access.weight_per_day or (None if paid else FREE_A_DAY))


def objection(body: bytes) -> SourceUnavailable | SourceRefused | None:
    """The error that an answer is; None if it is none. See `http.Objection`."""
    answer = orjson.loads(body)
    if not isinstance(answer, dict) or not answer or not answer.keys() <= set(_TELLING):
        return None
    text = next(str(answer[name]) for name in _TELLING if name in answer)
    return _refused(text) if "Error Message" in answer else _explain(text)


def _explain(text: str) -> SourceUnavailable | SourceRefused:
    """What a note means. One about too many requests at once names the limit of a day as well."""
    words = text.lower()
    if any(each in words for each in _AT_ONCE):
        return RateLimited(VENUE, "it was asked too often", _MINUTE)
    if any(each in words for each in _A_DAY):
        return RateLimited(VENUE, f"the key's requests of today are used up; {_ADVICE}", _HOUR)
    if "premium" in words:
        return SourceRefused(VENUE, 200, f"the key's plan does not include this; {_ADVICE}")
    return _refused(text)


def _refused(text: str) -> SourceRefused:
    """What it says, without the key, which it likes to quote."""
    if "apikey" in text.lower() or "api key" in text.lower():
        return SourceRefused(VENUE, 200, f"it does not accept the key: {GET_A_KEY}")
    return SourceRefused(VENUE, 200, _LIKE_A_KEY.sub("***", said(orjson.dumps({"message": text}))))

"""Kraken's REST API: paths, pages, and which errors its answers carry, all of which have status 200.

Sources: docs.kraken.com, "Market Data", "Errors", "Rate limits". Errors are texts: `E` or `W` for error or warning,
a category, a colon, a message. A warning comes with a result.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.market import AssetClass, Instrument
from candlewick.providers.kraken.listing import TOKENIZED, VENUE
from candlewick.providers.kraken.names import pair_of

ASSET_PAIRS: Final = "/0/public/AssetPairs"
TRADES: Final = "/0/public/Trades"
OHLC: Final = "/0/public/OHLC"
TICKER: Final = "/0/public/Ticker"

PAGE: Final = 1000
"""Trades that a page has at most."""
KEPT_MINUTES: Final = 720
"""Minute candles that OHLC answers with, beside the running one. Older ones are nowhere to be had."""
_LIMITED: Final = {
    "rate limit exceeded": 5.0,
    "too many requests": 5.0,
    "throttled": 60.0,
    "temporary lockout": 900.0,
}
"""What Kraken says when it is asked too often, and the seconds to keep away: it does not say for how long."""
_PASSING: Final = ("eservice:", "egeneral:internal error")
_LONGEST_TEXT: Final = 200
_NO_ERROR: Final = b'{"error":[],"result":'


def objection(body: bytes) -> SourceUnavailable | SourceRefused | None:
    """The error that an answer is; None if it has a result. See `http.Objection`."""
    if body.startswith(_NO_ERROR):
        return None
    answer = orjson.loads(body)
    if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
        return SourceUnavailable(VENUE, "its answer has neither a result nor an error")
    reasons = errors_of(answer)
    if not reasons:
        return None if "result" in answer else SourceUnavailable(VENUE, "its answer has no result")
    return _explain("; ".join(reasons)[:_LONGEST_TEXT])


def errors_of(answer: dict[str, Any]) -> list[str]:
    """The errors that an answer carries, without warnings."""
    given = answer.get("error")
    texts = given if isinstance(given, list) else [given] if given else []
    return [text for text in map(_printable, texts) if text and not text.startswith("W")]


def _explain(reason: str) -> SourceUnavailable | SourceRefused:
    said = reason.lower()
    for words, seconds in _LIMITED.items():
        if words in said:
            return RateLimited(VENUE, reason, seconds)
    if any(words in said for words in _PASSING):
        return SourceUnavailable(VENUE, reason)
    return SourceRefused(VENUE, 200, reason)


def _printable(text: object) -> str:
    return "".join(each if each.isprintable() else " " for each in str(text)[:_LONGEST_TEXT]).strip()


def question(instrument: Instrument) -> dict[str, str | int]:
    """How a pair is named in a request."""
    return {"pair": pair_of(instrument.symbol)} | kind_of(instrument)


def kind_of(instrument: Instrument) -> dict[str, str | int]:
    """What a request must say besides if the pair is one of a tokenized share."""
    return {"asset_class": TOKENIZED} if instrument.asset_class is AssetClass.EQUITY else {}

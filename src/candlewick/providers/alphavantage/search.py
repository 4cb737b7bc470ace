"""What a search of Alpha Vantage's finds, as listings. Pure.

Wire format: alphavantage.co/documentation, "Search Endpoint".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson
import structlog

from candlewick.domain.errors import InvalidInstrumentKey, MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.alphavantage.listing import VENUE, share
from candlewick.providers.alphavantage.series import fields
from candlewick.providers.json_payload import object_of

log = structlog.get_logger(__name__)

_TRADED: Final = frozenset({"equity", "etf", "mutual fund"})


def listings(payload: Payload) -> Sequence[Listing]:
    """The shares and funds that were found. What is none is left out, and said so in the log.

    Raises:
        MalformedPayload: it is no answer to a search.
    """
    matches = object_of(payload, orjson.loads).get("bestMatches")
    if not isinstance(matches, list):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no matches")
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for match in matches:
        try:
            listing = _listing(fields(match))
            found.setdefault(listing.symbol, listing)
        except (ValueError, InvalidInstrumentKey) as exc:
            left_out[str(exc)[:200]] += 1
    if left_out:
        examples = [reason for reason, _ in left_out.most_common(5)]
        log.warning("listings_left_out", source=VENUE, count=left_out.total(), examples=examples)
    return list(found.values())


def _listing(match: dict[str, Any]) -> Listing:
    """Raises ValueError or InvalidInstrumentKey."""
    symbol, kind, currency, name = (match.get(field) for field in ("symbol", "type", "currency", "name"))
    if not isinstance(symbol, str) or not isinstance(currency, str) or not symbol or not currency:
        raise ValueError(f"it has no symbol or no currency: {match!r:.100}")
    if not isinstance(kind, str) or kind.lower() not in _TRADED:
        raise ValueError(f"{symbol:.32} is no share and no fund but {kind!r:.32}")
    return share(symbol, currency, name if isinstance(name, str) and name else None)

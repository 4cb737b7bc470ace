"""Binance's exchangeInfo as listings. Pure but for a log line on what is left out.

Wire format: binance-spot-api-docs, rest-api.md, "Exchange information"; enums.md, "Symbol status"; filters.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson
import structlog

from candlewick.domain.errors import InvalidInstrumentKey, MalformedPayload
from candlewick.domain.market import InstrumentKey, InstrumentStatus, Tape
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers import exact
from candlewick.providers.binance.listing import Exchange
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import document

log = structlog.get_logger(__name__)

_STATUSES: Final = {"TRADING": InstrumentStatus.TRADING} | dict.fromkeys(
    ("HALT", "BREAK", "CANCEL_ONLY", "AUCTION_MATCH", "PRE_TRADING", "POST_TRADING", "END_OF_DAY"),
    InstrumentStatus.HALTED,
)
"""Binance does not say that a symbol is gone for good: it stays, on BREAK."""


def listings(payload: Payload, exchange: Exchange) -> Sequence[Listing]:
    """What is listed, inactive symbols too. What cannot be named or read is left out, counted and logged.

    Raises:
        MalformedPayload: it is no exchangeInfo.
    """
    found: dict[InstrumentKey, Listing] = {}
    left_out: Counter[str] = Counter()
    for row in _symbols(payload):
        try:
            listing = _listing(row, exchange)
        except (Unreadable, InvalidInstrumentKey) as exc:
            left_out[f"{_shown(row)}: {exc}"] += 1
            continue
        known = found.setdefault(listing.key, listing)
        if known is not listing:
            found[listing.key] = _livelier(known, listing)
            left_out[f"{known.symbol} and {listing.symbol} are both {listing.key}"] += 1
    if left_out:
        examples = [text[:200] for text, _ in left_out.most_common(5)]
        log.warning("listings_left_out", source=exchange.code, count=left_out.total(), examples=examples)
    return list(found.values())


def _symbols(payload: Payload) -> list[Any]:
    found = document(payload, orjson.loads)
    rows = found.get("symbols") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no list of symbols")
    return rows


def _listing(row: Any, exchange: Exchange) -> Listing:
    symbol, base, quote = (_text(row, name) for name in ("symbol", "baseAsset", "quoteAsset"))
    return Listing(
        key=InstrumentKey.parse(f"{exchange.code}:{base}-{quote}"),
        symbol=symbol,
        tape=Tape.TRADES,
        base_class=exchange.class_of(base),
        quote_class=exchange.class_of(quote),
        venue_name=exchange.name,
        status=_status(symbol, _text(row, "status"), exchange),
        tick_size=_step(row, "PRICE_FILTER", "tickSize"),
        lot_size=_step(row, "LOT_SIZE", "stepSize"),
    )


def _status(symbol: str, text: str, exchange: Exchange) -> InstrumentStatus:
    if text not in _STATUSES:
        log.warning("status_unknown", source=exchange.code, symbol=symbol, status=text[:64])
    return _STATUSES.get(text, InstrumentStatus.HALTED)


def _step(row: dict[str, Any], kind: str, name: str) -> Decimal | None:
    """The step of the filter of that kind; None where there is none (0 switches the rule off)."""
    filters = row.get("filters")
    for each in filters if isinstance(filters, list) else []:
        if isinstance(each, dict) and each.get("filterType") == kind:
            step = exact.decimal(_text(each, name), name)
            return step if step > 0 else None
    return None


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value:
        raise Unreadable(f"it has no {name}")
    return value


def _shown(row: Any) -> str:
    return str(row.get("symbol", "a symbol without a name") if isinstance(row, dict) else row)[:64]


def _livelier(one: Listing, other: Listing) -> Listing:
    return other if other.status is InstrumentStatus.TRADING and one.status is not other.status else one

"""Coinbase's products as listings. Pure but for a log line on what is left out.

Wire formats: docs.cdp.coinbase.com, Exchange REST API "Get all known trading pairs"; Advanced Trade REST API "List
public products". Recordings of 2017 have neither a status nor a base increment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import structlog

from candlewick.domain.errors import InvalidInstrumentKey, MalformedPayload
from candlewick.domain.market import InstrumentKey, InstrumentStatus
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers import exact
from candlewick.providers.answers import said
from candlewick.providers.coinbase.listing import VENUE, list_instrument
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import document

log = structlog.get_logger(__name__)

_STATUSES: Final = {
    "online": InstrumentStatus.TRADING,
    "offline": InstrumentStatus.HALTED,
    "internal": InstrumentStatus.HALTED,
    "delisted": InstrumentStatus.DELISTED,
}
_STOPS: Final = ("trading_disabled", "is_disabled", "cancel_only")
"""Flags under which nothing is traded."""


def listings(payload: Payload) -> Sequence[Listing]:
    """What is listed, inactive products too. What cannot be named or read is left out, counted and logged.

    Raises:
        MalformedPayload: it is no list of products.
    """
    found: dict[InstrumentKey, Listing] = {}
    left_out: Counter[str] = Counter()
    for row in _products(payload):
        try:
            listing = _listing(row)
        except (Unreadable, InvalidInstrumentKey) as exc:
            left_out[f"{_shown(row)}: {exc}"] += 1
            continue
        if found.setdefault(listing.key, listing) is not listing:
            left_out[f"{found[listing.key].symbol} and {listing.symbol} are both {listing.key}"] += 1
    if left_out:
        examples = [text[:200] for text, _ in left_out.most_common(5)]
        log.warning("listings_left_out", source=VENUE, count=left_out.total(), examples=examples)
    return list(found.values())


def _products(payload: Payload) -> list[Any]:
    """The products in a list of Exchange, in one of Advanced Trade, or the one that the payload is."""
    found = document(payload)
    if isinstance(found, dict):
        found = [found] if "product_id" in found or "id" in found else found.get("products")
    if not isinstance(found, list):
        raise MalformedPayload(payload.source, payload.endpoint, f"no list of products but: {said(payload.body)}")
    return found


def _listing(row: Any) -> Listing:
    symbol = _text(row, "id", "product_id")
    base, quote = _text(row, "base_currency", "base_currency_id"), _text(row, "quote_currency", "quote_currency_id")
    if row.get("product_type", "SPOT") != "SPOT":
        raise Unreadable(f"product_type {row['product_type']!r:.64} is not SPOT")
    return replace(
        list_instrument(InstrumentKey.parse(f"{VENUE}:{base}-{quote}")),
        symbol=symbol,
        status=_status(row, symbol),
        tick_size=_step(row, "quote_increment", "price_increment"),
        lot_size=_step(row, "base_increment"),
        base_name=_name(row),
    )


def _status(row: dict[str, Any], symbol: str) -> InstrumentStatus | None:
    """None: the product does not say, as in 2017."""
    text = row.get("status")
    if text is None or text == "":
        status = None
    elif isinstance(text, str) and text in _STATUSES:
        status = _STATUSES[text]
    else:
        log.warning("status_unknown", source=VENUE, symbol=symbol[:64], status=str(text)[:64])
        status = InstrumentStatus.HALTED
    stopped = any(row.get(flag) is True for flag in _STOPS)
    return InstrumentStatus.HALTED if stopped and status is not InstrumentStatus.DELISTED else status


def _step(row: dict[str, Any], *names: str) -> Decimal | None:
    """The first of these that the product has; None if it has none, or zero: no rule."""
    for name in names:
        if row.get(name) not in (None, ""):
            step = exact.decimal(_text(row, name), name)
            return step if step > 0 else None
    return None


def _name(row: dict[str, Any]) -> str | None:
    name = row.get("base_name")
    return name if isinstance(name, str) and name and "\\x00" not in name else None


def _text(row: Any, *names: str) -> str:
    """The first of these fields that is there."""
    if not isinstance(row, dict):
        raise Unreadable("it is no object")
    value = next((row[name] for name in names if name in row), None)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Unreadable(f"it has no {' or '.join(names)}")
    return value


def _shown(row: Any) -> str:
    name = row.get("id", row.get("product_id", "a product without a name")) if isinstance(row, dict) else row
    return str(name)[:64]

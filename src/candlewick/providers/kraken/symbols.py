"""Kraken's list of pairs as listings. Pure but for a log line on what is left out.

Wire format: docs.kraken.com, "Get Tradable Asset Pairs". Old lists are read as well: those of 2017 have no `wsname`,
those of 2021 no `status` and no `tick_size`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import structlog

from candlewick.domain.errors import InvalidInstrumentKey
from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers import exact
from candlewick.providers.exact import Unreadable
from candlewick.providers.kraken.listing import VENUE, VENUE_NAME, class_of
from candlewick.providers.kraken.names import common, halves
from candlewick.providers.kraken.payloads import result_of

log = structlog.get_logger(__name__)

_STATUSES: Final = {
    "online": InstrumentStatus.TRADING,
    "limit_only": InstrumentStatus.TRADING,
    "reduce_only": InstrumentStatus.TRADING,
    "cancel_only": InstrumentStatus.HALTED,
    "post_only": InstrumentStatus.HALTED,
    "maintenance": InstrumentStatus.HALTED,
    "delisted": InstrumentStatus.DELISTED,
}
"""Whether orders are matched: they are while only limit orders or only smaller positions are allowed."""
_DARK: Final = ".d"
_MOST_DECIMALS: Final = 30


def listings(payload: Payload) -> Sequence[Listing]:
    """What is listed. What is no pair of a public order book or cannot be read is left out, counted and logged.

    Raises:
        MalformedPayload: it is no list of pairs.
    """
    found: dict[InstrumentKey, Listing] = {}
    left_out: Counter[str] = Counter()
    for name, pair in result_of(payload).items():
        try:
            listing = _listing(name, pair)
        except (Unreadable, InvalidInstrumentKey) as exc:
            left_out[f"{name:.64}: {exc}"] += 1
            continue
        known = found.setdefault(listing.key, listing)
        if known is not listing:
            left_out[f"{name:.64}: there is another {listing.key}"] += 1
    if left_out:
        examples = [text[:200] for text, _ in left_out.most_common(5)]
        log.warning("listings_left_out", source=VENUE, count=left_out.total(), examples=examples)
    return list(found.values())


def _listing(name: str, pair: Any) -> Listing:
    altname = _text(pair, "altname")
    if altname.endswith(_DARK) or name.endswith(_DARK):
        raise Unreadable("it is a dark pool: its trades are not published")
    first, second = _halves(pair, altname)
    base, quote = common(first), common(second)
    return Listing(
        key=InstrumentKey.parse(f"{VENUE}:{base}-{quote}"),
        symbol=f"{base}/{quote}",
        tape=Tape.TRADES,
        base_class=_class(base, pair, "aclass_base"),
        quote_class=_class(quote, pair, "aclass_quote"),
        venue_name=VENUE_NAME,
        status=_status(name, pair),
        tick_size=_tick(pair),
        lot_size=_step(pair, "lot_decimals"),
    )


def _halves(pair: Any, altname: str) -> tuple[str, str]:
    """Kraken's names of base and quote; the altname must be made of them, since REST is asked by it."""
    if "wsname" not in pair:
        return halves(altname, _text(pair, "base"), _text(pair, "quote"))
    base, slash, quote = _text(pair, "wsname").partition("/")
    if not (base and slash and quote) or base + quote != altname:
        raise Unreadable(f"wsname {pair['wsname']:.64} and altname {altname:.64} are not the same pair")
    return base, quote


def _class(code: str, pair: Any, name: str) -> AssetClass:
    given = pair.get(name, "currency")
    found = class_of(code, given) if isinstance(given, str) else None
    if found is None:
        raise Unreadable(f"{name} {given!r:.64} is none that we know")
    return found


def _status(name: str, pair: Any) -> InstrumentStatus | None:
    """None: an old list, which does not say."""
    if "status" not in pair:
        return None
    text = _text(pair, "status")
    if text not in _STATUSES:
        log.warning("status_unknown", source=VENUE, symbol=name[:64], status=text[:64])
    return _STATUSES.get(text, InstrumentStatus.HALTED)


def _tick(pair: Any) -> Decimal | None:
    """The step of prices. Old lists say only how many decimals they have."""
    if "tick_size" not in pair:
        return _step(pair, "pair_decimals")
    step = exact.decimal(_text(pair, "tick_size"), "tick_size")
    return step if step > 0 else None


def _step(pair: Any, name: str) -> Decimal | None:
    """The smallest number with so many decimals; None where the list does not say how many."""
    places = pair.get(name)
    if places is None:
        return None
    if type(places) is not int or not 0 <= places <= _MOST_DECIMALS:
        raise Unreadable(f"{name} {places!r:.64} is no number of decimals")
    return Decimal(1).scaleb(-places)


def _text(pair: Any, name: str) -> str:
    value = pair.get(name) if isinstance(pair, dict) else None
    if not isinstance(value, str) or not value:
        raise Unreadable(f"it has no {name}")
    return value

"""Products, as `/products` describes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from candlewick.domain.market import InstrumentStatus
from candlewick.providers.simulation.exchange import Symbol

_STATUS: Final = {InstrumentStatus.HALTED: "offline", InstrumentStatus.DELISTED: "delisted"}
_ANY: Final = Decimal("0.00000001")


def described(symbol: Symbol) -> dict[str, Any]:
    """One product."""
    listing = symbol.listing
    status = _STATUS.get(listing.status, "online") if listing.status else "online"
    return {
        "id": symbol.name,
        "base_currency": listing.key.base,
        "quote_currency": listing.key.quote,
        "quote_increment": f"{listing.tick_size or _ANY:f}",
        "base_increment": f"{listing.lot_size or _ANY:f}",
        "display_name": symbol.name,
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": status,
        "status_message": "",
        "trading_disabled": status != "online",
        "fx_stablecoin": False,
        "max_slippage_percentage": "0.02000000",
        "auction_mode": False,
        "high_bid_limit_percentage": "",
    }

"""What is traded on the demo market: one instrument of each kind, every price made up."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.ports import Listing
from candlewick.providers.market_model import MarketModel, Traded

VENUE: Final = "demo"
VENUE_NAME: Final = "Demo market: made-up prices"


def demo_market(seed: int) -> MarketModel:
    """The demo market of that seed."""
    return MarketModel(VENUE, _TRADED, seed)


def _list(code: str, asset_class: AssetClass) -> Listing:
    key = InstrumentKey(VENUE, code, "USD")
    return Listing(key, f"{code}USD", Tape.TRADES, asset_class, AssetClass.FIAT, VENUE_NAME)


_TRADED: Final = (
    Traded(
        _list("BTC", AssetClass.CRYPTO), Decimal(61_000), Decimal("0.01"), Decimal("0.00001"),
        trades_a_day=90_000, daily_volatility=0.03, typical_lots=400,
    ),
    Traded(
        _list("ETH", AssetClass.CRYPTO), Decimal(2_600), Decimal("0.01"), Decimal("0.0001"),
        trades_a_day=80_000, daily_volatility=0.04, typical_lots=900,
    ),
    Traded(
        _list("EUR", AssetClass.FIAT), Decimal("1.09"), Decimal("0.00001"), Decimal(1),
        trades_a_day=60_000, daily_volatility=0.005, typical_lots=2_000,
    ),
    Traded(
        _list("XAU", AssetClass.COMMODITY), Decimal(2_400), Decimal("0.01"), Decimal("0.001"),
        trades_a_day=40_000, daily_volatility=0.01, typical_lots=700,
    ),
    Traded(
        _list("ACME", AssetClass.EQUITY), Decimal(180), Decimal("0.01"), Decimal(1),
        trades_a_day=30_000, daily_volatility=0.02, typical_lots=20,
    ),
)  # fmt: skip

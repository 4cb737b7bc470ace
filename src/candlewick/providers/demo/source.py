"""The demo market over the network: served as Binance serves its own, by a simulator."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final

from candlewick.domain.market import AssetClass
from candlewick.ports import Clock, MarketSource
from candlewick.providers.binance.listing import Exchange
from candlewick.providers.binance.market_source import binance_source
from candlewick.providers.currencies import asset_class
from candlewick.providers.demo.market import VENUE, VENUE_NAME, demo_market
from candlewick.providers.provider import Access, Budgets

SINCE: Final = datetime(2017, 1, 1, tzinfo=UTC)
"""Made up as well: so much of its past can be asked for."""


def demo_source(access: Access, clock: Clock, budgets: Budgets) -> AbstractAsyncContextManager[MarketSource]:
    """The MarketSource of the demo market that a simulator at those addresses serves."""
    return binance_source(access, clock, budgets, EXCHANGE)


def _class_of(code: str) -> AssetClass:
    return _CLASSES.get(code) or asset_class(code)


_CLASSES: Final = {listing.key.base: listing.base_class for listing in demo_market(0).listings()}
EXCHANGE: Final = Exchange(VENUE, VENUE_NAME, SINCE, _class_of)

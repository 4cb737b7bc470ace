"""What is known of many instruments at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from candlewick.domain.interval import Duration
from candlewick.domain.market import AssetClass, AssetId, InstrumentId
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import Move, MoverRank, Movers, Traded, Universe
from candlewick.domain.price import AssetName
from candlewick.domain.time import Window


class MarketReads(Protocol):
    """Whole markets, from candles and quotes that are kept: a few statements, however many instruments there are."""

    async def moves(self, universe: Universe, window: Window) -> Sequence[Move]:
        """Of each instrument that is traded and has a candle in the window."""

    async def traded(self, moves: Sequence[Move], window: Window) -> Mapping[InstrumentId, Traded]:
        """What was traded in the window, by the candles that say the prices; never stale."""

    async def figures(
        self, quote_id: AssetId, asset_class: AssetClass | None, since: datetime
    ) -> Sequence[MarketFigures]:
        """What each source says, in that asset, of all that it has said something of since then."""


class MarketDesk(Protocol):
    """Answers how markets stand: see `pipeline.markets`."""

    async def movers(self, rank: MoverRank, universe: Universe, width: Duration, first: int) -> Movers:
        """The instruments that moved most until now."""

    async def figures(
        self, asset_class: AssetClass | None, quote: AssetName, source: str | None
    ) -> MarketFigures | None:
        """How large the market is now; None if nobody says so.

        Raises:
            UnknownAsset: there is no such quote asset.
        """

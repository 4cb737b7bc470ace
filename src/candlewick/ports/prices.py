"""What the prices of assets are made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from candlewick.domain.errors import NotYet, UnknownAsset
from candlewick.domain.market import Asset, AssetId, Instrument, InstrumentId
from candlewick.domain.price import Observation, PriceBook, PriceQuestion


class Sight(NamedTuple):
    """An instrument, looked at as it was up to a moment."""

    instrument_id: InstrumentId
    venue: str
    """The source of its trades and candles."""
    upto: datetime

    @classmethod
    def of(cls, instrument: Instrument, upto: datetime) -> Self:
        return cls(instrument.id, instrument.key.venue, upto)


class PriceReads(Protocol):
    """Assets, the markets between them, and what was last seen of these: few statements for any number of them."""

    async def assets(self, codes: Collection[str]) -> Sequence[Asset]:
        """All assets of these codes, of whatever class."""

    async def markets(self, asset_ids: Collection[AssetId]) -> Sequence[Instrument]:
        """The instruments of which both assets are among these."""

    async def last_seen(self, sights: Collection[Sight]) -> Mapping[Sight, Sequence[Observation]]:
        """What each source last said of each instrument's price at or before the moment; nothing, if nobody did."""


class PriceDesk(Protocol):
    """Answers what things cost: see `pipeline.pricing`."""

    async def books(self, questions: Sequence[PriceQuestion]) -> Sequence[PriceBook | UnknownAsset | NotYet]:
        """All that is known of each, in the order of the questions; or why nothing can be."""

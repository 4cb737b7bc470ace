"""What things cost in each other: markets with what was last seen of them, and steps from asset to asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import prod
from typing import Final, Self

from candlewick.domain.errors import InvalidAssetName
from candlewick.domain.market import Asset, AssetClass, AssetId, Instrument

PRECEDENCE: Final = (AssetClass.FIAT, AssetClass.CRYPTO, AssetClass.COMMODITY, AssetClass.EQUITY, AssetClass.INDEX)
"""Which asset a bare code means where several have it: what is listed later never changes what BTC means."""
LONGEST: Final = timedelta(days=7)
"""How old an observation may be, unless somebody says otherwise: daily rates stay good over a long weekend."""


@dataclass(frozen=True, slots=True)
class AssetName:
    """How people name an asset: by its code, or with its class before it, as in `EQUITY:BTC`."""

    code: str
    asset_class: AssetClass | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `CODE` or `CLASS:CODE`.

        Raises:
            InvalidAssetName: it has no code, or what stands before the colon is no class.
        """
        asset_class, colon, code = text.rpartition(":")
        if not code or (colon and asset_class not in set(AssetClass)):
            raise InvalidAssetName(text, AssetClass)
        return cls(code, AssetClass(asset_class) if colon else None)

    def __str__(self) -> str:
        return f"{self.asset_class}:{self.code}" if self.asset_class else self.code

    def choose(self, assets: Sequence[Asset]) -> Asset | None:
        """The one that is meant; None if it is not among them."""
        meant = [asset for asset in assets if asset.code == self.code and self.asset_class in {None, asset.asset_class}]
        return min(meant, key=lambda asset: PRECEDENCE.index(asset.asset_class), default=None)


@dataclass(frozen=True, slots=True)
class PriceQuestion:
    """What one asset costs in another. `at` None: now. Nothing older than `max_age` counts."""

    asset: AssetName
    quote: AssetName
    at: datetime | None = None
    max_age: timedelta = LONGEST


class PriceBasis(StrEnum):
    """What a price was observed as."""

    TRADE = "TRADE"
    QUOTE = "QUOTE"
    CANDLE = "CANDLE"
    """The close of a minute, as published or of trades that are no longer kept."""
    DAY = "DAY"
    """The close of a day as published."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The last that a source said of an instrument's price, in its quote asset, up to some moment."""

    source: str
    price: Decimal
    ts: datetime
    """When it was seen to be so: of something that stays the same, when it was seen last."""
    basis: PriceBasis
    crossed: bool = False
    """The bid is above the ask: one of the two is wrong."""
    volume: Decimal | None = None
    """What was traded in 24 hours, in the quote asset, where the source says it."""


@dataclass(frozen=True, slots=True)
class PricedMarket:
    """An instrument, and what each source last said of it; nothing, if nobody did."""

    instrument: Instrument
    seen: Sequence[Observation] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """From one asset to another by one market: at its price, or at the inverse of that."""

    instrument: Instrument
    seen: Observation
    inverse: bool
    rate: Fraction = field(init=False, compare=False)
    """How much of the second asset there is for one of the first, exactly."""

    def __post_init__(self) -> None:
        price = Fraction(self.seen.price)
        object.__setattr__(self, "rate", 1 / price if self.inverse else price)

    @property
    def from_id(self) -> AssetId:
        """The asset that is given."""
        return self.instrument.quote_id if self.inverse else self.instrument.base_id

    @property
    def to_id(self) -> AssetId:
        """The asset that is got."""
        return self.instrument.base_id if self.inverse else self.instrument.quote_id

    @property
    def liquidity(self) -> Fraction:
        """What was traded in 24 hours, in the asset that is got; nothing where nobody says."""
        if self.seen.volume is None:
            return Fraction(0)
        return Fraction(self.seen.volume) * (self.rate if self.inverse else 1)


class PricePath(StrEnum):
    """How a price comes about."""

    DIRECT = "DIRECT"
    INVERSE = "INVERSE"
    BRIDGED = "BRIDGED"


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from one asset to another, each from where the one before it ends."""

    steps: tuple[Step, ...]
    level: int = 0
    """How far from a direct price it is: paths of a lower level come first."""
    rate: Fraction = field(init=False, compare=False)
    """The product of its steps' rates, exactly."""

    def __post_init__(self) -> None:
        first, *others = self.steps
        object.__setattr__(self, "rate", prod((step.rate for step in others), start=first.rate))

    @property
    def kind(self) -> PricePath:
        if len(self.steps) > 1:
            return PricePath.BRIDGED
        return PricePath.INVERSE if self.steps[0].inverse else PricePath.DIRECT

    @property
    def ts(self) -> datetime:
        """When its oldest step was seen."""
        return min(step.seen.ts for step in self.steps)


class LeftOutReason(StrEnum):
    """Why a market has no part in a price."""

    NO_PRICE = "NO_PRICE"
    STALE = "STALE"
    CROSSED = "CROSSED"
    HALTED = "HALTED"
    DELISTED = "DELISTED"
    OUTLIER = "OUTLIER"
    NO_BRIDGE = "NO_BRIDGE"
    MADE_UP = "MADE_UP"
    NOT_NEEDED = "NOT_NEEDED"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A market that has no part in a price. `seen`: what it says, if it says anything."""

    instrument: Instrument
    reason: LeftOutReason
    seen: Observation | None = None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All that is known of what one asset costs in another at a moment."""

    asset: Asset
    quote: Asset
    at: datetime
    markets: Sequence[PricedMarket] = ()
    bridges: Sequence[AssetId] = ()
    """What a path may lead through, the best first."""
    max_age: timedelta = LONGEST
    current: bool = True
    """Whether it is about now: what an instrument's status says is so today, not then."""
    made_up: frozenset[str] = frozenset()
    """Venues whose prices are nobody's."""


@dataclass(frozen=True, slots=True)
class CompositePrice:
    """What an asset costs: the median of what its markets say. `price` None: nobody knows."""

    price: Fraction | None
    contributions: Sequence[Path]
    left_out: Sequence[LeftOut]
    limit: timedelta
    """Nothing older than this counted."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """An amount of one asset in another. `rate` None: nobody knows it. No steps with a rate: the two are the same."""

    amount: Decimal
    rate: Fraction | None
    steps: Sequence[Step]
    left_out: Sequence[LeftOut]
    limit: timedelta

    @property
    def result(self) -> Fraction | None:
        return None if self.rate is None else Fraction(self.amount) * self.rate

"""What is traded and where: assets, venues, instruments, trades."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType, Self

from candlewick.domain.errors import InvalidInstrumentKey, InvalidTrade
from candlewick.domain.time import utc

InstrumentId = NewType("InstrumentId", int)
AssetId = NewType("AssetId", int)
VenueId = NewType("VenueId", int)


class AssetClass(StrEnum):
    """What kind of thing an asset is."""

    CRYPTO = "CRYPTO"
    FIAT = "FIAT"
    EQUITY = "EQUITY"
    COMMODITY = "COMMODITY"
    INDEX = "INDEX"


class Side(StrEnum):
    """The aggressor's side: who took liquidity. UNKNOWN where the venue does not say."""

    BUY = "BUY"
    SELL = "SELL"
    UNKNOWN = "UNKNOWN"


class Tape(StrEnum):
    """Which of a venue's two numberings of executions an instrument keeps. Never both: their ids differ."""

    TRADES = "TRADES"
    AGGREGATED = "AGGREGATED"


class DataKind(StrEnum):
    """What of an instrument is fetched."""

    TRADES = "TRADES"
    """Of the tape that the instrument keeps."""
    CANDLES = "CANDLES"
    """The venue's minute candles."""
    QUOTES = "QUOTES"
    """What the source says that the price was, as fine as it still has it."""
    DAYS = "DAYS"
    """The venue's daily candles, and factors where it has them."""


class InstrumentStatus(StrEnum):
    """Whether the venue trades it today."""

    TRADING = "TRADING"
    HALTED = "HALTED"
    DELISTED = "DELISTED"


@dataclass(frozen=True, slots=True)
class InstrumentKey:
    """`venue:BASE-QUOTE`: how people and clients name an instrument. `BASE` may hold any character but `:` and `-`."""

    venue: str
    base: str
    quote: str

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _KEY.fullmatch(text)
        if match is None:
            raise InvalidInstrumentKey(text)
        return cls(*match.groups())

    def __str__(self) -> str:
        return f"{self.venue}:{self.base}-{self.quote}"


_KEY = re.compile(r"([a-z0-9_.]{1,32}):([^\s:\-\x00]{1,64})-([^\s:\-\x00]{1,64})")


@dataclass(frozen=True, slots=True)
class Asset:
    """BTC, USD, AAPL, XAU."""

    id: AssetId
    code: str
    asset_class: AssetClass
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """Where instruments trade."""

    id: VenueId
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded, at one venue. `symbol` is the venue's own spelling today; former ones are dated aliases."""

    id: InstrumentId
    key: InstrumentKey
    symbol: str
    venue_id: VenueId
    base_id: AssetId
    quote_id: AssetId
    asset_class: AssetClass
    tape: Tape
    status: InstrumentStatus
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    retention_floor: datetime | None = None
    """Trades before this moment were dropped and are refused."""

    @property
    def active(self) -> bool:
        return self.status is InstrumentStatus.TRADING


@dataclass(frozen=True, slots=True)
class SymbolUse:
    """A time in which a venue called an instrument so: from `since` on, before `until`; None: ever."""

    instrument: Instrument
    since: datetime | None
    until: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether it was so then."""
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution (or one aggregated one, if that is the instrument's tape).

    `sequence` orders trades at the venue (its trade id where that grows); `ts` is the venue's clock.
    """

    sequence: int
    price: Decimal
    size: Decimal
    side: Side
    ts: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "ts", utc(self.ts))
        if not -(2**63) <= self.sequence < 2**63:
            raise InvalidTrade(self.sequence, "the sequence does not fit 64 bits")
        if not (self.price.is_finite() and self.price > 0):
            raise InvalidTrade(self.sequence, f"price {self.price} is not above zero")
        if not (self.size.is_finite() and self.size > 0):
            raise InvalidTrade(self.sequence, f"size {self.size} is not above zero")

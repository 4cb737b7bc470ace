"""What moved within a window of time: by how much, and how much of it was traded. Pure and exact."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.interval import Duration
from candlewick.domain.market import AssetClass, AssetId, Instrument
from candlewick.domain.time import Window

MOST: Final = 100
"""Movers of one list."""


class MoverRank(StrEnum):
    """What movers are ranked by."""

    GAIN = "GAIN"
    LOSS = "LOSS"
    VOLUME = "VOLUME"


@dataclass(frozen=True, slots=True)
class Universe:
    """Which instruments: all that is given must match. Codes of venue and quote asset."""

    asset_class: AssetClass | None = None
    venue: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """From what an instrument cost before a window to what it cost last in it."""

    instrument: Instrument
    origin: CandleOrigin
    """Of the candles that say so."""
    days: bool
    """Whether these are days as published: there is nothing finer."""
    former: Decimal
    former_at: datetime
    """When that was the price: the end of the candle, or the beginning of the first one there is."""
    last: Decimal
    last_at: datetime
    """When the candle of the last price opened; of a day, when that was over."""

    @property
    def ratio(self) -> Fraction:
        """The last price, as a multiple of the former one."""
        return Fraction(self.last) / Fraction(self.former)


@dataclass(frozen=True, slots=True)
class Traded:
    """What was traded in a window, in the base and in the quote asset; None where nobody says."""

    volume: Decimal | None
    quote_volume: Decimal | None


@dataclass(frozen=True, slots=True)
class Mover:
    """An instrument on its place in a list."""

    move: Move
    traded: Traded
    turnover: Fraction | None
    """What was traded, in one currency for all of them."""


def before(moment: datetime, duration: Duration) -> datetime:
    """The moment so long before. A month ends where it has no such day."""
    if not duration.months:
        return moment - duration.span
    index = moment.year * 12 + moment.month - 1 - duration.months
    year, month = index // 12, index % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def by_change(moves: Iterable[Move], rank: MoverRank, first: int) -> list[Move]:
    """Those that rose most, or fell most; what stayed where it was is neither."""
    if rank is MoverRank.GAIN:
        risen = [move for move in moves if move.last > move.former]
        return sorted(risen, key=lambda move: (-move.ratio, str(move.instrument.key)))[:first]
    fallen = [move for move in moves if move.last < move.former]
    return sorted(fallen, key=lambda move: (move.ratio, str(move.instrument.key)))[:first]


def by_turnover(movers: Iterable[Mover], first: int) -> list[Mover]:
    """Those of which most was traded; what nobody knows it of is left out."""
    known = [(mover.turnover, mover) for mover in movers if mover.turnover]
    return [mover for _, mover in sorted(known, key=lambda each: (-each[0], str(each[1].move.instrument.key)))[:first]]


def turnover(move: Move, traded: Traded, rates: Mapping[AssetId, Fraction]) -> Fraction | None:
    """What was traded, in the currency that the rates are in; by the last price where only the volume is known."""
    rate = rates.get(move.instrument.quote_id)
    if rate is None or (traded.quote_volume is None and traded.volume is None):
        return None
    if traded.quote_volume is not None:
        return Fraction(traded.quote_volume) * rate
    return Fraction(traded.volume or 0) * Fraction(move.last) * rate


def percent(move: Move) -> Fraction:
    """By how much the price changed."""
    return (move.ratio - 1) * 100


@dataclass(frozen=True, slots=True)
class Movers:
    """A list of movers, and the window that it is true for."""

    window: Window
    measure: str
    """The code of what turnovers are in."""
    rows: Sequence[Mover]

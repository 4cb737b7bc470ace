"""Event bars: where their series are kept, built turn by turn, and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from candlewick.domain.bar_series import Bar, BarQuery, BarSeries, BuildBarsRequest, NewBar, SeriesId
from candlewick.domain.batch import TradeBatch
from candlewick.domain.job import Job, Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page


@dataclass(frozen=True, slots=True)
class BarTurn:
    """What comes next of a series: from where to go on, and the trades to go on with, as of one moment."""

    series: BarSeries
    turn: int
    """Which one: what was read in an earlier one is out of date."""
    state: str | None
    """JSON, from which building goes on; None: from the beginning."""
    bars: int
    """That were full then."""
    kept: int
    """Bars that stand as they are, `bars` at the least; after a change of the past more may have to be made again."""
    batch: TradeBatch
    checkpoint: int
    """The number of the checkpoint that building goes on from; 0: none."""
    version: int
    """The instrument's data version that all of it was read at."""
    reached: datetime | None
    """The minute of the last trade, of this batch or of those before."""
    more: bool
    """Whether there are trades after these."""
    part: float = 0.0
    """How much of the series is done with this turn, 0 to 1."""
    rewound: bool = False
    """Whether the past changed."""


@dataclass(frozen=True, slots=True)
class BarsBuilt:
    """What a turn came to."""

    bars: Sequence[NewBar]
    """Those that became full."""
    open: NewBar | None
    """The one that is not full yet."""
    state: str
    last_sequence: int | None
    """Of the last trade that was taken; None before the first."""


class BarReads(Protocol):
    """What was built."""

    async def series(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[BarSeries]]:
        """All series of each, in order of their specs' text. An instrument without any is left out."""

    async def read(self, instrument_ids: Sequence[InstrumentId], query: BarQuery) -> Mapping[InstrumentId, Page[Bar]]:
        """A page of each instrument that has such a series; the others are left out."""


class BarStore(BarReads, Protocol):
    """Series of event bars. What a turn builds is written with the state after it in one transaction: so bars are the
    same whatever the batches, whoever is killed, and in whichever order trades come in."""

    async def begin(
        self, instrument_id: InstrumentId, request: BuildBarsRequest, *, restarted_by: str | None
    ) -> BarSeries:
        """The series, made if there is none. A later `end` than it had, or none, makes it longer; nothing makes it
        shorter. A request to restart empties it, once for each `restarted_by`.

        Raises:
            BarsBeginElsewhere: it has another beginning, and is not to be restarted.
            TooManySeries: the instrument has as many as it may.
        """

    async def turn(self, series_id: SeriesId, most: int) -> BarTurn | None:
        """What comes next, some `most` trades of it: all of a minute, and of minutes whose sequences overlap.

        Where trades before the last checkpoint changed, it is the last one before them that building goes on from.
        None if there is no such series any more.

        Raises:
            TradesNotKept: there were trades that are not here any more.
            TradesOutOfOrder: times and sequences contradict each other by more than a day.
        """

    async def put(self, turn: BarTurn, built: BarsBuilt | None, *, lease: Lease | None) -> bool:
        """Write what the turn came to (None: nothing, there was no trade). False: it was out of date, nothing happened.

        Raises:
            LeaseLost: the lease is somebody else's by now; nothing is stored.
        """

    async def behind(self, limit: int) -> Sequence[SeriesId]:
        """Series to carry on whose instruments have changed since, those that wait longest first."""

    async def give_up(self, series_id: SeriesId, reason: str) -> None:
        """Carry it on no more, until somebody asks for it again."""


class BarDesk(Protocol):
    """The use case behind `buildBars`, on the command line and in the API."""

    async def submit(self, request: BuildBarsRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        """Make the job, a step an instrument; workers do the rest.

        Raises:
            UnknownInstrument, InvalidRange, BarsBeginElsewhere, TooManySeries, JobConflict: as their names say.
        """

"""What is known about what is missing: gaps and coverage. Adapters live in `storage`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.gap import Gap, GapId, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.rhythm import Rhythm
from candlewick.domain.time import Window


class GapStore(Protocol):
    """Gaps, each kept as a row. Whoever repairs some holds a lease; without one, nobody is kept from them."""

    async def record(
        self, found: Sequence[NewGap], *, now: datetime, lease: Lease | None = None, repairing: bool = False
    ) -> Sequence[Gap]:
        """Keep these, less what of them is here and what of them is in an unfilled gap already; the rows made of it.

        What adjoins an untried gap of the same evidence makes that one longer. `repairing`: the lease's holder is
        about to fetch them.

        Raises:
            LeaseLost: the lease is somebody else's by now.
        """

    async def begin(self, ids: Sequence[GapId], lease: Lease) -> Sequence[Gap]:
        """REPAIRING, by the lease's holder: those that are OPEN, or whose repairer is gone. Raises LeaseLost."""

    async def settle(
        self, gap_id: GapId, *, now: datetime, lease: Lease | None, retry_at: datetime | None, reason: str
    ) -> Gap:
        """What became of the gap, now that its source was asked for all of it: told by the trades that are here.

        With nothing missing it is REPAIRED. What the source has none of is OPEN again, to be tried at `retry_at`,
        or without one UNREPAIRABLE, for that reason; if the rest was filled, it becomes gaps of its own.

        Raises:
            LeaseLost: the lease is somebody else's by now.
        """

    async def dismiss(self, gap_id: GapId, *, now: datetime, lease: Lease | None, reason: str) -> Gap:
        """Nothing was missing after all: REPAIRED, with the reason. Raises LeaseLost."""

    async def due(self, now: datetime, sources: Collection[str], limit: int) -> Sequence[InstrumentId]:
        """Instruments with gaps in those sources that a job has to repair now.

        Gaps that are REPAIRING and whose repairer is gone are OPEN again.
        """

    async def due_of(self, instrument_id: InstrumentId, now: datetime, limit: int) -> Sequence[Gap]:
        """The gaps of the instrument that are to be repaired now, oldest first."""

    async def unfilled(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Gap]]:
        """Those that are neither REPAIRED nor UNREPAIRABLE, in the order of time: of ten thousands the newest."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], window: Window | None, limit: int
    ) -> Mapping[InstrumentId, Sequence[Gap]]:
        """Of each, the newest `limit` gaps that overlap the window, in whatever state, in the order of time."""

    async def changed(self, instrument_id: InstrumentId, after: int, upto: int, limit: int) -> Sequence[Gap]:
        """The gaps that were last noticed or closed by commits in (after, upto], the newest `limit`, in order."""

    async def rhythms(self, instrument_ids: Sequence[InstrumentId], until: datetime) -> Mapping[InstrumentId, Rhythm]:
        """How often each was traded in the day before; nothing of those that were not."""

    async def search(
        self, instrument_id: InstrumentId, source: str, window: Window, *, now: datetime, lease: Lease | None = None
    ) -> Sequence[Gap]:
        """Record what is missing between the trades of the window that are here, day by day; the rows made of it.

        Only for instruments whose venue numbers its trades without a hole. Raises LeaseLost.
        """

    async def put_off(self, gap_id: GapId, *, lease: Lease | None, retry_at: datetime, reason: str) -> Gap:
        """It could not be asked for now: OPEN again, to be tried then. That was no try. Raises LeaseLost."""

    async def covers(self, instrument_id: InstrumentId, window: Window) -> bool:
        """Whether all that the source has of the window is here, as far as `cover` was told."""

    async def cover(
        self,
        instrument_id: InstrumentId,
        window: Window,
        *,
        now: datetime,
        lease: Lease | None = None,
        origin: CandleOrigin = CandleOrigin.TRADES,
    ) -> None:
        """All that the source has of the window is here: its trades, or its own candles (VENUE).

        Gaps in trades that are filled by now are REPAIRED.

        Raises:
            LeaseLost: the lease is somebody else's by now.
        """

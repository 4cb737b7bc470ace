"""Where indicators that are kept ready are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.commit import CommitNotice
from candlewick.domain.job import Lease
from candlewick.domain.kept import Checkpoint, Kept, KeptChange, KeptId, KeptKey, KeptPage, KeptWrite, Standing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window


class KeptCandles(Protocol):
    """What values are computed from."""

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> Mapping[InstrumentId, CandleColumns]: ...


class KeptCommits(Protocol):
    """The commit log, for those who look at many instruments."""

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]:
        """See `CommitLog.versions`."""

    async def notices_since(self, after: Mapping[InstrumentId, int], limit: int) -> Sequence[CommitNotice]:
        """The commits of each after that version, in order: at most `limit` of each."""


class KeptReads(Protocol):
    """What is kept ready, for those who read it."""

    async def of_instrument(self, instrument_id: InstrumentId, bar: str) -> Mapping[str, Kept]:
        """The series of these candles by indicator."""

    async def read(self, series_ids: Sequence[KeptId], window: Window, limit: int) -> Mapping[KeptId, KeptPage]:
        """The newest points of candles that open in the window, at most `limit` of each series."""

    async def newest(self, series_ids: Sequence[KeptId], limit: int) -> Mapping[KeptId, tuple[int, KeptPage]]:
        """The newest points of each series, and the revision that they are of; of one that is gone nothing."""

    async def read_changed(
        self, revisions: Mapping[KeptId, tuple[int, int]], window: Window, limit: int
    ) -> Mapping[KeptId, KeptPage]:
        """The newest points in the window that were stored after the first and up to the second of the revisions."""

    async def read_clean(self, keys: Sequence[KeptKey], window: Window, limit: int) -> Mapping[KeptKey, KeptPage]:
        """The newest points of each series that has all of the window as the data is now; others are left out."""

    async def changes(self, after: Mapping[KeptId, int], limit: int) -> Sequence[KeptChange]:
        """What was stored of each series after that revision, oldest first: at most `limit` of each."""

    async def revisions(self, series_ids: Sequence[KeptId]) -> Mapping[KeptId, int]:
        """The newest of each; of one that is gone none."""


class KeptStore(KeptReads, Protocol):
    """The same for those who keep it so."""

    async def begin(self, series: Mapping[KeptKey, Standing], lease: Lease) -> None:
        """Make the series that there are not yet.

        Raises:
            LeaseLost: somebody else keeps them by now; the same for the others here.
        """

    async def store(self, writes: Sequence[KeptWrite], lease: Lease) -> Sequence[Kept]:
        """Store all of it or nothing; the series as they are then.

        Raises:
            LeaseLost: or one of the series is not as it was said to be: somebody else wrote.
        """

    async def checkpoint(self, series_id: KeptId, moment: datetime) -> Checkpoint | None:
        """The newest one that stands at the moment or before."""

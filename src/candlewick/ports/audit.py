"""What is asked of the past of the data itself: where it came from. Adapters live in `storage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import TradeRow
from candlewick.domain.raw import RawId, RawRecord

type CommitKey = tuple[InstrumentId, int]
"""An instrument and one of its versions: what a trade remembers of where it came from."""


class RawReads(Protocol):
    """Raw bytes, found again: by their number, by the commit that stored rows of them, by a trade."""

    async def records(self, raw_ids: Sequence[RawId]) -> Mapping[RawId, RawRecord]:
        """What is known of each that is still kept."""

    async def of_commits(self, commits: Sequence[CommitKey]) -> Mapping[CommitKey, RawRecord]:
        """What each commit's rows came from; a commit is not there if that is not known or no longer kept."""

    async def of_trade(self, instrument_id: InstrumentId, sequence: int) -> Sequence[tuple[TradeRow, RawRecord | None]]:
        """The trades of that sequence (venues have numbered two minutes alike), each with what it came from."""

    async def body(self, raw_id: RawId) -> bytes:
        """A payload as it was received.

        Raises:
            UnknownPayload: there is none in the database: it is no longer kept, or is a file in the archive store.
            DamagedPayload: what is kept is not what was received.
        """

    async def beginnings(self, raw_ids: Sequence[RawId], most: int) -> Mapping[RawId, bytes]:
        """The first `most` bytes of each payload that is in the database. Errors as for `body`, but for the first."""

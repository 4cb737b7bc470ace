"""What is asked of the past of the data itself: where it came from. Adapters live in `storage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from candlewick.domain.letter import KeptLetter, LetterFilter, LetterId
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradeRow
from candlewick.domain.raw import ArchiveFile, Correction, KeptPayload, RawId, RawRecord
from candlewick.domain.time import Window
from candlewick.ports.sources import ArchiveSource, PayloadReader

type CommitKey = tuple[InstrumentId, int]
"""An instrument and one of its versions: what a trade remembers of where it came from."""


type PayloadPosition = tuple[datetime, RawId]
"""Where a payload stands in the order in which they were received."""


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

    async def sources(self) -> Sequence[str]:
        """Those of whom anything is kept."""

    async def span(self, source: str) -> Window | None:
        """From the first of the source's payloads to the last, files apart; None if none is kept."""

    async def payloads(self, source: str, window: Window | None, after: PayloadPosition | None) -> Page[KeptPayload]:
        """What was received in the window next, files too, in its order: a bounded number of them and of bytes."""

    async def payload(self, raw_id: RawId) -> KeptPayload:
        """Raises UnknownPayload: there is none in the database."""

    async def files(self, source: str, window: Window | None, after: RawId, limit: int) -> Page[ArchiveFile]:
        """The source's archive files that were received in the window and have rows here, in order."""

    async def file(self, raw_id: RawId) -> ArchiveFile | None: ...

    async def imported(self, source: str, names: Sequence[str]) -> Mapping[str, ArchiveFile]:
        """Of files of these names, the version of each whose rows are here."""

    async def corrections(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Correction]]:
        """Where archive files took the place of what was here."""


class Readers(Protocol):
    """What reads kept bytes again, by their source; None if nothing here does."""

    def payloads(self, source: str) -> PayloadReader | None: ...

    def files(self, source: str, mapping: str | None = None) -> ArchiveSource | None:
        """With a mapping: those that were imported by it. Raises InvalidMapping."""


class LetterDesk(Protocol):
    """Dead letters, for those who look after them."""

    async def letters(self, where: LetterFilter, first: int, after: LetterId | None) -> Page[KeptLetter]:
        """Newest first: those that are older than `after`."""

    async def by_ids(self, ids: Sequence[LetterId]) -> Mapping[LetterId, KeptLetter]: ...

    async def now(self) -> datetime:
        """By the clock that letters are dated with."""

    async def resolve_unseen(
        self, raw_ids: Sequence[RawId], since: datetime, subjects: Sequence[str] | None = None
    ) -> int:
        """Resolve the letters that these payloads and files led to and that did not come again since then, though
        they were read again (of these subjects alone, if any are given); how many there were."""

    async def seen_again(self, letter: KeptLetter, since: datetime) -> KeptLetter | None:
        """What says since then that the same row is still dead, for whatever reason; None if nothing does."""

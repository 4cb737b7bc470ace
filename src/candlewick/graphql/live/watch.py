"""What one subscription has still to look at: the newest of it only, so that a slow client costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from candlewick.domain.commit import CommitKind, CommitNotice
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, coalesce

MOST_WINDOWS: Final = 8


class Watch:
    """Signals of some instruments, conflated until somebody takes them."""

    def __init__(self, instrument_ids: Sequence[InstrumentId]) -> None:
        self.instrument_ids = tuple(instrument_ids)
        self.versions: dict[InstrumentId, int] = {}
        """The newest commit of each that is known of."""
        self._windows: dict[InstrumentId, list[Window]] = {}
        self._lacking: set[InstrumentId] = set()
        self._signalled = asyncio.Event()

    def signal(self, notice: CommitNotice) -> None:
        """Take note of a commit; never waits."""
        key = notice.instrument_id
        self.versions[key] = notice.version
        if notice.kind is CommitKind.GAP:
            self._lacking.add(key)
        else:
            self._windows[key] = conflate([*self._windows.get(key, ()), notice.window])
        self._signalled.set()

    async def changed(self) -> None:
        """Wait until there was a signal since the last time."""
        await self._signalled.wait()
        self._signalled.clear()

    def take(self, instrument_id: InstrumentId) -> list[Window]:
        """The spans of time that changed since they were last taken."""
        return self._windows.pop(instrument_id, [])

    def take_gaps(self, instrument_id: InstrumentId) -> bool:
        """Whether gaps of it were noticed or closed since that was last taken."""
        lacking = instrument_id in self._lacking
        self._lacking.discard(instrument_id)
        return lacking


def conflate(windows: list[Window]) -> list[Window]:
    """The same moments in a few windows; if there are too many, with those between the oldest."""
    joined = coalesce(windows)
    surplus = len(joined) - MOST_WINDOWS
    if surplus > 0:
        joined[: surplus + 1] = [Window(joined[0].start, joined[surplus].end)]
    return joined

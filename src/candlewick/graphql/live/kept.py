"""What workers stored of kept indicators: one look for all subscriptions of the process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from candlewick.domain.kept import KeptId
from candlewick.graphql.live.patience import patiently
from candlewick.ports import KeptReads

PACE: Final = timedelta(milliseconds=200)
"""How often it is looked what was stored."""
_AT_ONCE: Final = 5_000


class KeptFeed:
    """The series that somebody follows."""

    def __init__(self, kept: KeptReads, pace: timedelta = PACE) -> None:
        self.pace = pace.total_seconds()
        self._kept = kept
        self._followed: Counter[KeptId] = Counter()
        self._turn = asyncio.Lock()
        self._read_at = float("-inf")
        self._found: dict[KeptId, int] = {}
        self._asked: frozenset[KeptId] = frozenset()

    @contextmanager
    def followed(self, series_ids: Iterable[KeptId]) -> Iterator[None]:
        """Look at these too, for as long as the block lasts."""
        ids = list(series_ids)
        self._followed.update(ids)
        try:
            yield
        finally:
            self._followed -= Counter(ids)

    async def revisions(self) -> Mapping[KeptId, int]:
        """Of all that are followed, as they were at most half a pace ago; one that is missing is gone.

        Raises:
            ServiceError: the database is away for too long.
        """
        loop = asyncio.get_running_loop()
        async with self._turn:
            if loop.time() - self._read_at > self.pace / 2 or not self._followed.keys() <= self._asked:
                ids, began = list(self._followed), loop.time()
                found: dict[KeptId, int] = {}
                for start in range(0, len(ids), _AT_ONCE):
                    found |= await patiently(self._kept.revisions, ids[start : start + _AT_ONCE])
                self._found, self._asked, self._read_at = found, frozenset(ids), began
            return self._found

"""What is watched and not known here: its venue is asked for its list."""

from __future__ import annotations

import structlog

from candlewick.domain.market import InstrumentKey
from candlewick.pipeline.discovery import discovery_of
from candlewick.ports import JobStore

log = structlog.get_logger(__name__)


class Strangers:
    """Those that a duty of this worker came upon."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._seen: frozenset[InstrumentKey] = frozenset()

    async def make_known(self, unknown: frozenset[InstrumentKey]) -> None:
        """Make jobs of asking the venues of those that are new among them: once, the schedule does the rest."""
        for venue in sorted({key.venue for key in unknown - self._seen}):
            keys = sorted(str(key) for key in unknown if key.venue == venue)
            log.warning("watched_but_unknown", source=venue, instruments=keys[:20], count=len(keys))
            await self._jobs.submit(discovery_of(venue, "watch"))
        self._seen = unknown

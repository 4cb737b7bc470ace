"""The hub: hears of commits once for the whole process, and tells each subscription which of its instruments moved on.

Signals, no data: who is told reads for itself, when its client is ready for more. A notice may be lost on its way, so
that the commit log is asked every few seconds too; each commit is signalled, in the order of its instrument's versions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final, cast

import structlog

from candlewick.domain.commit import CommitNotice
from candlewick.domain.errors import ServiceError
from candlewick.domain.market import InstrumentId
from candlewick.graphql.live.patience import READ_SECONDS, patiently
from candlewick.graphql.live.watch import Watch
from candlewick.graphql.services import CommitReads, Notices
from candlewick.waiting import paused

log = structlog.get_logger(__name__)

SAFETY_NET: Final = timedelta(seconds=2)
"""How often the commit log is asked, whatever the bus says."""
_AT_ONCE: Final = 500
_PAUSE: Final = 0.05
"""Seconds between two looks into the commit log, at the least."""
_LONGEST_PAUSE: Final = 5.0


class LiveHub:
    """Signals of the instruments that somebody watches."""

    def __init__(self, bus: Notices, commit_log: CommitReads, safety_net: timedelta = SAFETY_NET) -> None:
        self._bus = bus
        self._log = commit_log
        self._safety_net = safety_net
        self._watches: dict[InstrumentId, set[Watch]] = {}
        self._known: dict[InstrumentId, int] = {}
        self._behind = asyncio.Event()

    @asynccontextmanager
    async def watch(self, instrument_ids: Sequence[InstrumentId]) -> AsyncIterator[Watch]:
        """Signals of these instruments, from the versions on that the watch begins with.

        Raises:
            ServiceError: the versions cannot be found out.
        """
        watch = Watch(instrument_ids)
        for key in watch.instrument_ids:
            self._watches.setdefault(key, set()).add(watch)
        try:
            await self._begin(watch)
            yield watch
        finally:
            for key in watch.instrument_ids:
                self._leave(key, watch)

    async def _begin(self, watch: Watch) -> None:
        unknown = [key for key in watch.instrument_ids if key not in self._known]
        found = await patiently(self._log.versions, unknown) if unknown else {}
        for key in watch.instrument_ids:
            version = self._known.setdefault(key, found.get(key, 0))
            watch.versions.setdefault(key, version)
        if unknown:
            self._behind.set()  # what was said of them while we asked went unheard

    def _leave(self, key: InstrumentId, watch: Watch) -> None:
        self._watches[key].discard(watch)
        if not self._watches[key]:
            del self._watches[key]
            self._known.pop(key, None)

    async def run(self) -> None:
        """Listen and look until cancelled, whatever the bus and the commit log do."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._look())

    async def _listen(self) -> None:
        pause = _PAUSE
        while True:
            try:
                # `listen` is a generator wherever it is written, though its port asks for less
                async with aclosing(cast("AsyncGenerator[CommitNotice | None]", self._bus.listen())) as notices:
                    async for notice in notices:
                        self._hear(notice)
                        pause = _PAUSE
            except Exception:  # a message that cannot be read, say: without us nobody would hear anything
                log.exception("live_bus_failed")
            self._behind.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _hear(self, notice: CommitNotice | None) -> None:
        if notice is None:
            self._behind.set()
            return
        known = self._known.get(notice.instrument_id)
        if known is None or notice.version <= known:
            return
        if notice.version == known + 1:
            self._advance(notice)
        else:
            self._behind.set()

    def _advance(self, notice: CommitNotice) -> None:
        self._known[notice.instrument_id] = notice.version
        for watch in self._watches.get(notice.instrument_id, ()):
            watch.signal(notice)

    async def _look(self) -> None:
        while True:
            await paused(self._behind, self._safety_net)
            self._behind.clear()
            try:
                await self._catch_up()
            except (ServiceError, TimeoutError) as error:
                log.warning("live_look_failed", reason=str(error))
            except Exception:  # nobody else would look again
                log.exception("live_look_failed")
            await asyncio.sleep(_PAUSE)

    async def _catch_up(self) -> None:
        """Signal what the commit log has and the bus did not say."""
        keys = list(self._known)
        for start in range(0, len(keys), _AT_ONCE):
            async with asyncio.timeout(READ_SECONDS):
                versions = await self._log.versions(keys[start : start + _AT_ONCE])
            for key, version in versions.items():
                while self._known.get(key, version) < version and await self._read_on(key):
                    pass

    async def _read_on(self, key: InstrumentId) -> bool:
        """Signal some of the instrument's commits, in order; whether there were any."""
        async with asyncio.timeout(READ_SECONDS):
            commits = await self._log.since(key, self._known[key], _AT_ONCE)
        for commit in commits:
            if commit.notice.version > self._known.get(key, commit.notice.version):
                self._advance(commit.notice)
        return bool(commits)

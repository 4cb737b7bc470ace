"""Watching: which instruments are taken live, changed by those who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from candlewick.domain.errors import (
    CannotBeWatched,
    MalformedPayload,
    SourceRefused,
    SourceUnavailable,
    UnknownInstrument,
    UnknownVenue,
)
from candlewick.domain.job import IngestRequest
from candlewick.domain.market import InstrumentKey
from candlewick.domain.watch import Watched
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.importing import Stores
from candlewick.ports import Ingests, MarketSource, WatchList

log = structlog.get_logger(__name__)


class Watching:
    """What the settings name and what is on the watch list."""

    def __init__(
        self,
        sources: Mapping[str, MarketSource],
        stores: Stores,
        watch_list: WatchList,
        fixed: Sequence[InstrumentKey] = (),
        ingests: Ingests | None = None,
    ) -> None:
        self._sources = sources
        self._stores = stores
        self._list = watch_list
        self._fixed = fixed
        self._ingests = ingests

    async def all(self) -> Sequence[Watched]:
        """Everything that is watched, in order of the keys' text."""
        watched = {listed.key: listed for listed in await self._list.all()}
        watched |= {key: Watched(key) for key in self._fixed}
        return sorted(watched.values(), key=lambda each: str(each.key))

    async def keys(self) -> Sequence[InstrumentKey]:
        """The instruments alone."""
        return [watched.key for watched in await self.all()]

    async def watch(self, keys: Sequence[InstrumentKey], requested_by: str) -> Sequence[Watched]:
        """Take them live from now on; everything that is watched then.

        A venue is asked for those that are not known here. One that cannot be asked just now is believed to list them:
        workers find out. What has no stream is asked for at once, by a job: the schedule may come to it much later.

        Raises:
            UnknownVenue, UnknownInstrument, CannotBeWatched, WatchListFull: as their names say; nothing is changed.
        """
        for key in keys:
            if key.venue not in self._sources:
                raise UnknownVenue(key.venue, self._sources)
            source = self._sources[key.venue]
            if source.stream is None and source.quotes is None:
                raise CannotBeWatched(str(key), source.source)
        known = await self._require_known(keys)
        before = await self.keys()
        await self._list.add(keys, requested_by)
        await self._look_at([key for key in known if key not in before], requested_by)
        return await self.all()

    async def unwatch(self, keys: Sequence[InstrumentKey]) -> Sequence[Watched]:
        """Take them off the list, also those that were not on it; everything that is still watched then."""
        await self._list.remove(keys)
        return await self.all()

    async def _look_at(self, keys: Sequence[InstrumentKey], requested_by: str) -> None:
        polled = [key for key in keys if self._sources[key.venue].stream is None]
        if polled and self._ingests is not None:
            await self._ingests.submit(IngestRequest(instruments=polled), requested_by=requested_by)

    async def _require_known(self, keys: Sequence[InstrumentKey]) -> list[InstrumentKey]:
        """Those that are known; the others are believed in."""
        known = await self._stores.instruments.by_keys(keys)
        believed = set()
        for venue in dict.fromkeys(key.venue for key in keys if key not in known):
            try:
                await discover(self._sources[venue], self._stores, [key for key in keys if key.venue == venue])
            except (SourceUnavailable, SourceRefused, MalformedPayload) as error:
                log.warning("watched_unseen", source=venue, reason=str(error))
                believed.add(venue)
        known = await self._stores.instruments.by_keys(keys)
        for key in keys:
            if key not in known and key.venue not in believed:
                raise UnknownInstrument(str(key))
        return list(known)

"""Live streams of the watched instruments, each held by one worker at a time: another takes over when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from time import monotonic
from typing import Final

import structlog

from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey, InstrumentStatus
from candlewick.domain.source import StreamStatus
from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.jobs.partition import partition
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.jobs.strangers import Strangers
from candlewick.pipeline.following import follow
from candlewick.pipeline.live import LiveFeed
from candlewick.pipeline.roster import Roster
from candlewick.pipeline.stream_health import StreamHealth
from candlewick.ports import InstrumentStore, JobStore, Leases, WatchList
from candlewick.waiting import before

log = structlog.get_logger(__name__)

TAKE_OVER: Final = timedelta(seconds=2)
"""How often a stream that somebody else holds is tried."""
LOOK: Final = timedelta(seconds=2)
"""How often the watch list is looked at."""
REFRESH: Final = timedelta(seconds=30)
"""How often the watched instruments are looked up though the list is the same; while one is unknown, at each look."""
A_STREAM: Final = 100
"""Instruments that share a connection."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """What it takes to follow what is watched."""

    fixed: Sequence[InstrumentKey]
    """What the settings of this worker name."""
    watch_list: WatchList
    instruments: InstrumentStore
    feeds: Mapping[str, LiveFeed]
    """By the venue's code; what is not among them has no stream."""
    jobs: JobStore
    leases: Leases


async def keep_streaming(streaming: Streaming, book: StreamBook, stop: asyncio.Event) -> None:
    """Take live until `stop` what is watched, whenever it is. What is on the list when, is seen within seconds."""
    async with asyncio.TaskGroup() as group:
        board = _Board(streaming, book, group)
        await keep_at("streams", board.update, Pace(LOOK), stop)
        board.clear()


@dataclass(frozen=True, slots=True)
class _Stream:
    """Some instruments of one source over one connection."""

    name: str
    """Of its lease."""
    feed: LiveFeed
    roster: Roster
    health: StreamHealth
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class StreamBook:
    """The streams that this process holds, for those who report on them."""

    def __init__(self) -> None:
        self._held: dict[str, _Stream] = {}

    def statuses(self) -> Sequence[StreamStatus]:
        """How it stands with each."""
        return [
            held.health.status(held.feed.source, held.name, len(held.roster.instruments))
            for held in self._held.values()
        ]

    @contextmanager
    def entry(self, stream: _Stream) -> Iterator[None]:
        """It is held for as long as the block lasts."""
        self._held[stream.name] = stream
        try:
            yield
        finally:
            del self._held[stream.name]


class _Board:
    """The streams of this worker: those that it holds and those that it would take over."""

    def __init__(self, streaming: Streaming, book: StreamBook, group: asyncio.TaskGroup) -> None:
        self._streaming = streaming
        self._book = book
        self._group = group
        self._streams: dict[str, _Stream] = {}
        self._keys: Sequence[InstrumentKey] = ()
        self._fresh_until = 0.0
        self._strangers = Strangers(streaming.jobs)

    async def update(self) -> None:
        """Begin, change and end streams as the watch list wants it. A stream that stays loses nothing."""
        listed = [watched.key for watched in await self._streaming.watch_list.all()]
        keys = [key for key in dict.fromkeys([*self._streaming.fixed, *listed]) if key.venue in self._streaming.feeds]
        if keys == self._keys and monotonic() < self._fresh_until:
            return
        known = await self._streaming.instruments.by_keys(keys)
        unknown = frozenset(keys) - known.keys()
        await self._strangers.make_known(unknown)
        wanted = dict(self._shared_out(keys))
        for name, members in wanted.items():
            self._show(name, [known[key] for key in members if key in known])
        for name in self._streams.keys() - wanted.keys():
            self._streams.pop(name).stop.set()
        self._keys, self._fresh_until = keys, 0.0 if unknown else monotonic() + REFRESH.total_seconds()

    def clear(self) -> None:
        """End them all."""
        for stream in self._streams.values():
            stream.stop.set()

    def _shared_out(self, keys: Sequence[InstrumentKey]) -> Iterator[tuple[str, Sequence[InstrumentKey]]]:
        """Streams by name. What only our settings name has streams of its own: no other worker may know of it."""
        fixed = frozenset(self._streaming.fixed)
        for venue in self._streaming.feeds:
            ours = [key for key in keys if key.venue == venue]
            for title, members in (
                (_title(key for key in ours if key in fixed), [key for key in ours if key in fixed]),
                ("list", [key for key in ours if key not in fixed]),
            ):
                for bits, part in partition(members, A_STREAM).items():
                    yield f"stream/{venue}/{title}{'.' if bits else ''}{bits}", part

    def _show(self, name: str, instruments: Sequence[Instrument]) -> None:
        followed = [each for each in instruments if each.status is not InstrumentStatus.DELISTED]
        if name in self._streams:
            self._streams[name].roster.change(followed)
            return
        feed = self._streaming.feeds[name.split("/")[1]]
        stream = _Stream(name, feed, Roster(followed), StreamHealth(feed.clock))
        self._streams[name] = stream
        self._group.create_task(_keep(stream, self._streaming.leases, self._book))


def _title(keys: Iterator[InstrumentKey]) -> str:
    return "settings-" + sha256(" ".join(sorted(map(str, keys))).encode()).hexdigest()[:12]


async def _keep(stream: _Stream, leases: Leases, book: StreamBook) -> None:
    async def take_turn() -> None:
        lease = await leases.acquire(stream.name, HOLDER, LEASE)
        if lease is not None:
            log.info("stream_taken", stream=stream.name)
            with book.entry(stream):
                await _hold(stream, leases, lease)

    await keep_at(stream.name, take_turn, Pace(TAKE_OVER), stream.stop)


async def _hold(stream: _Stream, leases: Leases, lease: Lease) -> None:
    async def renew() -> bool:
        return await leases.renew(lease, LEASE)

    try:
        await before(stream.stop, while_held(lease, renew, _follow(stream, lease)))
    finally:
        await leases.release(lease)


async def _follow(stream: _Stream, lease: Lease) -> None:
    await follow(stream.feed, stream.roster, lease, health=stream.health)

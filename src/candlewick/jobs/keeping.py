"""Indicators kept ready: each instrument's by one worker at a time, which looks again and again for closed candles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Final

import structlog

from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.indicators.rules import KeptRule, kept_of
from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.jobs.partition import partition
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.ports import Clock, InstrumentStore, KeptCandles, KeptCommits, KeptStore, Leases
from candlewick.waiting import before, paused

if TYPE_CHECKING:  # it takes seconds to import, which only those wait for who keep something
    from candlewick.pipeline.kept import Keeper
    from candlewick.pipeline.kept_series import Wanted

log = structlog.get_logger(__name__)

TAKE_OVER: Final = timedelta(seconds=2)
"""How often what somebody else keeps is tried."""
LOOK: Final = timedelta(milliseconds=250)
"""How often it is looked for what changed; candles that close are seen at once."""
ROSTER: Final = timedelta(seconds=5)
"""How often the watched instruments are looked up."""
TOGETHER: Final = 25
"""Instruments that are kept with one lease."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What it takes to keep indicators ready."""

    rules: Sequence[KeptRule]
    watched: Callable[[], Awaitable[Sequence[InstrumentKey]]]
    instruments: InstrumentStore
    store: KeptStore
    candles: KeptCandles
    commits: KeptCommits
    leases: Leases
    clock: Clock
    allowed_lateness: timedelta

    @property
    def title(self) -> str:
        """Of the rules. Workers that were told others share nothing: what they store of one series is fenced."""
        said = [(sorted(i.id for i in r.indicators), sorted(r.intervals), sorted(map(str, r.keys))) for r in self.rules]
        return sha256(repr(said).encode()).hexdigest()[:12]


async def keep_indicators(keeping: Keeping, stop: asyncio.Event) -> None:
    """Keep ready until `stop` what the rules say, of what is watched whenever it is."""
    if not keeping.rules:
        return
    make = await asyncio.to_thread(_prepared, keeping)
    async with asyncio.TaskGroup() as group:
        board = _Board(keeping, make, group)
        await keep_at("kept_indicators", board.update, Pace(ROSTER), stop)
        board.clear()


def _prepared(keeping: Keeping) -> Callable[[Lease], Keeper]:
    """Import and compile what computes, so that no candle waits for that."""
    from candlewick.indicators.compute import warm_up  # noqa: PLC0415  (numba and pandas take seconds)
    from candlewick.indicators.stepping import step  # noqa: PLC0415
    from candlewick.pipeline.kept import Keeper, KeptParts  # noqa: PLC0415

    began = monotonic()
    warm_up()
    log.info("kept_indicators_ready", seconds=round(monotonic() - began, 3))
    parts = KeptParts(keeping.store, keeping.candles, keeping.commits, keeping.clock, keeping.allowed_lateness, step)
    return lambda lease: Keeper(parts, lease)


@dataclass(slots=True)
class _Group:
    """Some instruments that are kept with one lease."""

    name: str
    wanted: Mapping[InstrumentId, Wanted]
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class _Board:
    """The groups of this worker: those that it keeps and those that it would take over."""

    def __init__(self, keeping: Keeping, make: Callable[[Lease], Keeper], group: asyncio.TaskGroup) -> None:
        self._keeping = keeping
        self._make = make
        self._group = group
        self._groups: dict[str, _Group] = {}

    async def update(self) -> None:
        """Begin, change and end groups as the watch list wants it."""
        watched = frozenset(await self._keeping.watched())
        named = [key for rule in self._keeping.rules for key in rule.keys]
        kept = {key: kept_of(self._keeping.rules, key, watched=key in watched) for key in {*watched, *named}}
        known = await self._keeping.instruments.by_keys([key for key, wanted in kept.items() if wanted])
        groups = {
            f"indicators/{self._keeping.title}{'.' if bits else ''}{bits}": {known[key].id: kept[key] for key in keys}
            for bits, keys in partition(known, TOGETHER).items()
        }
        for name in self._groups.keys() - groups.keys():
            self._groups.pop(name).stop.set()
        for name, wanted in groups.items():
            self._show(name, wanted)

    def clear(self) -> None:
        """End them all."""
        for group in self._groups.values():
            group.stop.set()

    def _show(self, name: str, wanted: Mapping[InstrumentId, Wanted]) -> None:
        if name in self._groups:
            self._groups[name].wanted = wanted
            return
        group = self._groups[name] = _Group(name, wanted)
        self._group.create_task(self._keep(group))

    async def _keep(self, group: _Group) -> None:
        leases = self._keeping.leases

        async def take_turn() -> None:
            lease = await leases.acquire(group.name, HOLDER, LEASE)
            if lease is None:
                return
            log.info("kept_indicators_taken", group=group.name, instruments=len(group.wanted))

            async def renew() -> bool:
                return await leases.renew(lease, LEASE)

            try:
                await before(group.stop, while_held(lease, renew, _look(group, self._make(lease))))
            finally:
                await leases.release(lease)

        await keep_at(group.name, take_turn, Pace(TAKE_OVER), group.stop)


async def _look(group: _Group, keeper: Keeper) -> None:
    """Look again and again; at once when a candle closes, and while something waits to be computed."""
    while not group.stop.is_set():
        busy = await keeper.look(group.wanted)
        await paused(group.stop, timedelta() if busy else keeper.pause(LOOK))

"""Trades as they become visible, each once, in the order of their instrument's commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import Page, TradePosition, TradeRow
from candlewick.domain.time import microseconds
from candlewick.graphql.cursor import moment
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.limits import MAX_EVENT_ROWS
from candlewick.graphql.live import positions
from candlewick.graphql.live.hub import LiveHub
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.live.watch import Watch
from candlewick.graphql.services import CommitReads
from candlewick.graphql.types.events import TradeBatch
from candlewick.graphql.types.trade import Trade

_SERIES: Final = positions.series("live trades")


@dataclass(frozen=True, slots=True)
class Told:
    """How far an instrument's trades were told: all of `version`, and of the next one those up to `beyond`."""

    version: int
    beyond: TradePosition | None = None

    @classmethod
    def of(cls, numbers: tuple[int, ...]) -> Told:
        """What `numbers` wrote."""
        match numbers:
            case (version,):
                return cls(version)
            case (version, minute, sequence):
                return cls(version, TradePosition(moment(str(minute), "after"), sequence))
            case _:
                raise InvalidCursor("after", "its positions are out of range")

    def numbers(self) -> tuple[int, ...]:
        if self.beyond is None:
            return (self.version,)
        return (self.version, microseconds(self.beyond.minute), self.beyond.sequence)

    def after(self, page: Page[TradeRow], upto: int) -> Told:
        """How far they were told after this page of the versions up to `upto`."""
        if not page.more:
            return Told(upto)
        last = page.rows[-1]
        return Told(last.version - 1, TradePosition(last.minute, last.sequence))


def told_at(cursor: str | None) -> dict[InstrumentId, Told]:
    """Where the cursor stands.

    Raises:
        InvalidCursor: it is damaged, made up, or of another subscription.
    """
    found = positions.read(_SERIES, cursor) if cursor is not None else {}
    return {key: Told.of(numbers) for key, numbers in found.items()}


class TradeTail:
    """One subscription's trades."""

    def __init__(
        self, hub: LiveHub, log: CommitReads, keys: Mapping[InstrumentId, InstrumentKey], told: dict[InstrumentId, Told]
    ) -> None:
        self._hub = hub
        self._log = log
        self._keys = keys
        self._told = {key: at for key, at in told.items() if key in keys}

    async def events(self) -> AsyncGenerator[TradeBatch]:
        """Batches as there are trades; never ends by itself. Instruments that lag behind take turns.

        Raises:
            InvalidCursor: it stands where no commit was made yet.
            ServiceError: the database is away for too long.
        """
        async with self._hub.watch(tuple(self._keys)) as watch:
            await self._begin(watch)
            while True:
                while behind := [key for key in self._keys if watch.versions[key] > self._told[key].version]:
                    for key in behind:
                        if batch := await self._read_on(key, watch.versions[key]):
                            yield batch
                await watch.changed()

    async def _begin(self, watch: Watch) -> None:
        await check_positions(self._log, {key: at.version for key, at in self._told.items()}, watch)
        for key in self._keys:
            self._told.setdefault(key, Told(watch.versions[key]))

    async def _read_on(self, key: InstrumentId, upto: int) -> TradeBatch | None:
        told = self._told[key]
        page = await patiently(self._log.trades_since, key, told.version, upto, MAX_EVENT_ROWS, told.beyond)
        self._told[key] = told.after(page, upto)
        if not page.rows:
            return None
        cursor = positions.write(_SERIES, {one: at.numbers() for one, at in self._told.items()})
        return TradeBatch(instrument=str(self._keys[key]), trades=cast("list[Trade]", page.rows), cursor=cursor)


async def check_positions(log: CommitReads, told: Mapping[InstrumentId, int], watch: Watch) -> None:
    """Refuse a cursor that stands behind commits that were never made.

    Raises:
        InvalidCursor: another database gave it out, or this one was put back.
    """
    ahead = [key for key, version in told.items() if version > watch.versions[key]]
    newest = await patiently(log.versions, ahead) if ahead else {}
    if any(told[key] > newest.get(key, 0) for key in ahead):
        raise InvalidCursor("after", "it stands ahead of the data")

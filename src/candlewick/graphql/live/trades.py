"""Trades as they become visible, each once, in the order of their instrument's commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import Page, TradePosition, TradeRow
from candlewick.domain.time import Window, microseconds
from candlewick.graphql.cursor import moment
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.limits import MAX_EVENT_GAPS, MAX_EVENT_ROWS
from candlewick.graphql.live import Live, positions
from candlewick.graphql.live.feed import Batch, Feed, Lag
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.live.resuming import check_positions
from candlewick.graphql.live.watch import Watch
from candlewick.graphql.services import Services
from candlewick.graphql.types.events import FeedGap, Lagged, TradeBatch
from candlewick.graphql.types.gap import Gap
from candlewick.graphql.types.span import TimeSpan
from candlewick.graphql.types.trade import Trade

_SERIES: Final = positions.series("live trades")

type Event = TradeBatch | FeedGap


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


class TradeTail(Feed):
    """The trades of one subscription. A follower that lags is told all of them from the log, as fast as it takes them.

    Gaps are told with them, at least once.
    """

    def __init__(
        self,
        services: Services,
        live: Live,
        keys: Mapping[InstrumentId, InstrumentKey],
        told: Mapping[InstrumentId, Told],
    ) -> None:
        self._services = services
        self._live = live
        self._keys = keys
        self._told = {key: at for key, at in told.items() if key in keys}
        self._lacking: dict[InstrumentId, int] = dict.fromkeys(self._told, 2**63)
        """Up to which version there may be gaps that were not told."""

    @property
    def position(self) -> Mapping[InstrumentId, Told]:
        """See `Feed.position`."""
        return dict(self._told)

    async def batches(self) -> AsyncGenerator[Batch]:
        """Batches as there are trades; never ends by itself. Instruments that lag behind take turns.

        Raises:
            InvalidCursor: it stands where no commit was made yet.
            CursorExpired: it is too old.
            ServiceError: the database is away for too long.
        """
        async with self._live.hub.watch(tuple(self._keys)) as watch:
            await self._begin(watch)
            yield Batch(position=self.position)
            while True:
                while behind := [key for key in self._keys if watch.versions[key] > self._told[key].version]:
                    for key in behind:
                        if events := await self._read_on(key, watch):
                            yield Batch(events, self.position)
                yield Batch(position=self.position, still=True)
                await watch.changed()

    def opening(self) -> Sequence[object]:
        """Nothing: trades are told from now on."""
        return ()

    def branch(self, position: object) -> TradeTail:
        """See `Feed.branch`."""
        return TradeTail(self._services, self._live, self._keys, cast("Mapping[InstrumentId, Told]", position))

    def lagged(self, lag: Lag) -> Lagged:
        """See `Feed.lagged`."""
        return Lagged(events=lag.events, omitted=TimeSpan.of(Window(lag.since, lag.until)), cursor=self._cursor())

    async def _begin(self, watch: Watch) -> None:
        versions = {key: at.version for key, at in self._told.items()}
        await check_positions(self._services, self._keys, versions, watch, self._live.resumable_for)
        for key in self._keys:
            self._told.setdefault(key, Told(watch.versions[key]))

    async def _read_on(self, key: InstrumentId, watch: Watch) -> Sequence[Event]:
        """What comes next of the instrument. It was told as soon as it is returned."""
        told, upto = self._told[key], watch.versions[key]
        log = self._services.commit_log
        page = await patiently(log.trades_since, key, told.version, upto, MAX_EVENT_ROWS, told.beyond)
        after = told.after(page, upto)
        gaps = await self._gaps(key, told.version, after.version, watch)
        before, self._told[key] = self._cursor(), after
        cursor, name = self._cursor(), str(self._keys[key])
        events: list[Event] = [
            FeedGap(instrument=name, gap=gap, cursor=before if page.rows else cursor) for gap in gaps
        ]
        if page.rows:
            events.append(TradeBatch(instrument=name, trades=cast("list[Trade]", page.rows), cursor=cursor))
        return events

    async def _gaps(self, key: InstrumentId, after: int, upto: int, watch: Watch) -> list[Gap]:
        """Those that were noticed or closed with these versions."""
        if watch.take_gaps(key):
            self._lacking[key] = watch.versions[key]
        if self._lacking.get(key, 0) <= after or upto <= after:
            return []
        found = await patiently(self._services.gaps.changed, key, after, upto, MAX_EVENT_GAPS)
        if self._lacking[key] == 2**63:  # a resumed subscription: from here on the signals tell
            self._lacking[key] = watch.versions[key]
        return [Gap.of(gap) for gap in found]

    def _cursor(self) -> str:
        return positions.write(_SERIES, {one: at.numbers() for one, at in self._told.items()})

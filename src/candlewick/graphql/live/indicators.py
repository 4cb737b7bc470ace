"""Kept indicators as they are stored: the newest points first, then what is new and what is another now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, cast

from candlewick.domain.errors import NotKept
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator import Indicator
from candlewick.domain.indicator_query import IndicatorChoice
from candlewick.domain.kept import KeptChange, KeptId, KeptPage, KeptPoint
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.time import EPOCH, MICROSECOND, Window, microseconds
from candlewick.graphql.cursor import Series, moment
from candlewick.graphql.faults import CursorExpired, InvalidCursor
from candlewick.graphql.limits import MAX_EVENT_ROWS
from candlewick.graphql.live import positions
from candlewick.graphql.live.feed import Batch, Feed, Lag
from candlewick.graphql.live.kept import KeptFeed
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.services import Services
from candlewick.graphql.types.events import IndicatorRevised, IndicatorSnapshot, IndicatorUpdate, Lagged
from candlewick.graphql.types.indicator import IndicatorSeries, kept_series
from candlewick.graphql.types.span import TimeSpan
from candlewick.indicators.catalogue import indicator
from candlewick.ports import KeptReads

type Event = IndicatorSnapshot | IndicatorUpdate | IndicatorRevised
type Points = Mapping[KeptId, Sequence[KeptPoint]]

_SNAPSHOT: Final = 2
_CHANGES: Final = 1_000
"""Changes of a series that are looked at together."""


class Told(NamedTuple):
    """How far a series was told: all of a revision, and the newest candle that a point of was."""

    revision: int
    newest: datetime = EPOCH


@dataclass(frozen=True, slots=True)
class Followed:
    """Which series are followed."""

    instrument: str
    bar: str
    choices: Mapping[KeptId, IndicatorChoice]

    @property
    def series(self) -> Series:
        return positions.series("live indicators", f"{self.instrument} {self.bar}")

    @property
    def most(self) -> int:
        """Points of each that one event carries."""
        return max(MAX_EVENT_ROWS // len(self.choices), 1)

    def told_at(self, cursor: str | None) -> dict[KeptId, Told]:
        """Where the cursor stands.

        Raises:
            InvalidCursor: it is damaged, made up, or of another subscription.
        """
        found = positions.read(self.series, cursor) if cursor is not None else {}
        if any(len(numbers) != 2 for numbers in found.values()):
            raise InvalidCursor("after", "its positions are out of range")
        told = {KeptId(key): Told(first, moment(str(last), "after")) for key, (first, last) in found.items()}
        return {key: at for key, at in told.items() if key in self.choices}

    def cursor(self, told: Mapping[KeptId, Told]) -> str:
        """The cursor that `told_at` reads."""
        numbers = {InstrumentId(key): (at.revision, microseconds(at.newest)) for key, at in told.items()}
        return positions.write(self.series, numbers)


async def find_kept(
    kept: KeptReads, instrument_id: InstrumentId, key: InstrumentKey, bar: TimeBar, choices: Sequence[IndicatorChoice]
) -> dict[KeptId, IndicatorChoice]:
    """The series that are kept of these indicators, in their order.

    Raises:
        NotKept: one is not.
    """
    stored = {name: each for name, each in (await kept.of_instrument(instrument_id, str(bar))).items() if each.alive}
    wanted = {Indicator(indicator(each.name), dict(each.parameters)).id: each for each in choices}
    missing = [name for name in wanted if name not in stored]
    if missing:
        raise NotKept(str(key), str(bar), missing, stored)
    return {stored[name].id: choice for name, choice in wanted.items()}


class IndicatorTail(Feed):
    """The points of one subscription. A follower that lags is told the newest state of each that it missed."""

    def __init__(
        self, services: Services, feed: KeptFeed, followed: Followed, told: Mapping[KeptId, Told] | None = None
    ) -> None:
        self._services = services
        self._kept = services.kept
        self._feed = feed
        self._followed = followed
        self._told = dict(told or {})
        self._shown: dict[KeptId, Sequence[KeptPoint]] = dict.fromkeys(followed.choices, ())

    @property
    def position(self) -> Mapping[KeptId, Told]:
        """See `Feed.position`."""
        return dict(self._told)

    async def batches(self) -> AsyncGenerator[Batch]:
        """A snapshot of the series that no cursor told of, then news; never ends by itself.

        Raises:
            InvalidCursor: it stands where nothing was stored yet.
            CursorExpired: it is too old.
            NotKept: a series is not kept any more.
            ServiceError: the database is away for too long.
        """
        with self._feed.followed(self._followed.choices):
            new = [key for key in self._followed.choices if key not in self._told]
            await self._begin(new)
            yield Batch(self._snapshot(new) if new else (), self.position)
            while True:
                for batch in await self._look():
                    yield batch
                yield Batch(position=self.position, still=True)
                await asyncio.sleep(self._feed.pace)

    def opening(self) -> Sequence[object]:
        """The newest points, as they were told."""
        return self._snapshot(list(self._followed.choices))

    def branch(self, position: object) -> IndicatorTail:
        """See `Feed.branch`."""
        return IndicatorTail(self._services, self._feed, self._followed, cast("Mapping[KeptId, Told]", position))

    def lagged(self, lag: Lag) -> Lagged:
        """See `Feed.lagged`."""
        omitted = TimeSpan.of(Window(lag.since, lag.until))
        return Lagged(events=lag.events, omitted=omitted, cursor=self._followed.cursor(self._told))

    async def _begin(self, new: Sequence[KeptId]) -> None:
        """The newest points of all, of which those of `new` are told."""
        found = await patiently(self._kept.newest, list(self._followed.choices), _SNAPSHOT)
        self._require(found)
        for key, (revision, page) in found.items():
            if key not in new and self._told[key].revision > revision:
                raise InvalidCursor("after", "it stands ahead of the data")
            self._shown[key] = page.points
            if key in new:
                self._told[key] = Told(revision, page.points[-1].open_time if page.points else EPOCH)

    def _require(self, found: Mapping[KeptId, object]) -> None:
        gone = [choice.name for key, choice in self._followed.choices.items() if key not in found]
        if gone:
            raise NotKept(self._followed.instrument, self._followed.bar, gone, ())

    def _snapshot(self, keys: Sequence[KeptId]) -> list[Event]:
        series = [kept_series(self._followed.choices[key], self._shown[key]) for key in keys]
        return [IndicatorSnapshot(instrument=self._followed.instrument, series=series, cursor=self._cursor())]

    async def _look(self) -> list[Batch]:
        """What is news, if anything was stored. It was told as soon as it is returned."""
        revisions = await self._feed.revisions()
        self._require(revisions)
        moved = {key: at.revision for key, at in self._told.items() if revisions[key] > at.revision}
        if not moved:
            return []
        changes = await patiently(self._kept.changes, moved, _CHANGES)
        upto = self._upto(moved, changes)
        window = Window(min(each.window.start for each in changes), max(each.window.end for each in changes))
        pairs = {key: (moved[key], revision) for key, revision in upto.items()}
        pages = await patiently(self._kept.read_changed, pairs, window, self._followed.most)
        before = self._cursor()
        fresh, others = self._parted(pages)
        for key, revision in upto.items():
            newest = max([self._told[key].newest, *(point.open_time for point in fresh.get(key, ()))])
            self._told[key] = Told(revision, newest)
        self._show(pages)
        omitted = _omitted(window, pages)
        events = list(self._events(fresh, others, omitted, before))
        return [Batch(events, self.position)] if events else []

    def _upto(self, moved: Mapping[KeptId, int], changes: Sequence[KeptChange]) -> dict[KeptId, int]:
        """Up to which revision each is told now: nothing in between may have been forgotten."""
        upto: dict[KeptId, int] = {}
        for change in changes:
            if change.revision != upto.get(change.series_id, moved[change.series_id]) + 1:
                raise CursorExpired("after", self._followed.instrument, None, self._services.clock.now())
            upto[change.series_id] = change.revision
        if upto.keys() != moved.keys():
            raise CursorExpired("after", self._followed.instrument, None, self._services.clock.now())
        return upto

    def _parted(self, pages: Mapping[KeptId, KeptPage]) -> tuple[Points, Points]:
        """The points behind what was told of each series, and those before."""
        fresh: dict[KeptId, list[KeptPoint]] = {}
        others: dict[KeptId, list[KeptPoint]] = {}
        for key in filter(pages.__contains__, self._followed.choices):
            for point in pages[key].points:
                kind = fresh if point.open_time > self._told[key].newest else others
                kind.setdefault(key, []).append(point)
        return fresh, others

    def _show(self, pages: Mapping[KeptId, KeptPage]) -> None:
        for key, page in pages.items():
            shown = {point.open_time: point for point in [*self._shown[key], *page.points]}
            self._shown[key] = [shown[opened] for opened in sorted(shown)[-_SNAPSHOT:]]

    def _events(self, fresh: Points, others: Points, omitted: TimeSpan | None, before: str) -> Iterator[Event]:
        if others:
            yield IndicatorRevised(
                instrument=self._followed.instrument,
                series=self._series(others),
                omitted=omitted,
                cursor=before if fresh else self._cursor(),
            )
        if fresh:
            yield IndicatorUpdate(
                instrument=self._followed.instrument,
                series=self._series(fresh),
                omitted=None if others else omitted,
                cursor=self._cursor(),
            )

    def _series(self, points: Points) -> list[IndicatorSeries]:
        return [kept_series(self._followed.choices[key], each) for key, each in points.items()]

    def _cursor(self) -> str:
        return self._followed.cursor(self._told)


def _omitted(window: Window, pages: Mapping[KeptId, KeptPage]) -> TimeSpan | None:
    """Where points changed that the pages have no room for."""
    ends = [page.points[0].open_time for page in pages.values() if page.more]
    return TimeSpan.of(Window(window.start, max([*ends, window.start + MICROSECOND]))) if ends else None

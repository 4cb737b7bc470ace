"""The roster changes while a stream is followed: another connection takes over, and nothing is missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest

from candlewick.domain.errors import DatabaseUnavailable, SourceUnavailable
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.pipeline import following, mending
from candlewick.pipeline.following import follow
from candlewick.pipeline.inbox import BatchBounds
from candlewick.pipeline.live import LiveFeed
from candlewick.pipeline.roster import Roster
from candlewick.ports import Frame
from markets import FrozenClock
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import ORIGIN, FakeHistory, FakeStream, listing
from working import HANGS

LEASE = Lease("stream/binance/list", 7)
BTC, ETH, SOL = (InstrumentKey("binance", base, "USDT") for base in ("BTC", "ETH", "SOL"))


class Venue(FakeStream):
    """Says each trade on every connection that asked for its symbol, as long as that is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[frozenset[str], asyncio.Queue[Frame | Exception | None]]] = []
        self.most_open = 0
        self.refusals = 0

    def send(self, *sequences: int, symbol: str = "BTCUSDT") -> None:
        for symbols, queue in self.open:
            if symbol in symbols:
                queue.put_nowait(Frame(json.dumps([symbol, list(sequences)]).encode(), ORIGIN))

    def send_to_first(self, *sequences: int) -> None:
        self.open[0][1].put_nowait(Frame(json.dumps(["BTCUSDT", list(sequences)]).encode(), ORIGIN))

    @property
    def followed(self) -> list[list[str]]:
        return [sorted(symbols) for symbols, _ in self.open]

    @asynccontextmanager
    async def connect(self, instruments: Sequence[Instrument]) -> AsyncIterator[AsyncIterator[Frame]]:
        self.connections += 1
        if self.refusals:
            self.refusals -= 1
            raise SourceUnavailable("binance", "no more connections")
        queue: asyncio.Queue[Frame | Exception | None] = asyncio.Queue()
        mine = (frozenset(instrument.symbol for instrument in instruments), queue)
        self.open.append(mine)
        self.most_open = max(self.most_open, len(self.open))
        try:
            yield self._said(queue)
        finally:
            self.open.remove(mine)

    async def _said(self, queue: asyncio.Queue[Frame | Exception | None]) -> AsyncIterator[Frame]:
        while True:
            match await queue.get():
                case Frame() as frame:
                    yield frame
                case None:
                    return
                case error:
                    raise error


class Scene:
    """A feed that runs while a test plays the venue and the watch list."""

    def __init__(self, history: FakeHistory | None = None) -> None:
        self.fakes, self.venue, self.history = FakeStores(), Venue(), history
        self.roster = Roster()

    async def watch(self, *keys: InstrumentKey) -> None:
        self.roster.change([await self.fakes.instruments.list_instrument(listing(key)) for key in keys])

    @asynccontextmanager
    async def running(self, *keys: InstrumentKey) -> AsyncIterator[None]:
        await self.watch(*keys)
        feed = LiveFeed(
            "binance", self.venue, self.history, self.fakes.stores(), self.fakes.positions, FrozenClock(),
            BatchBounds(frames=100, span=timedelta(milliseconds=1)),
        )  # fmt: skip

        async def soon(_: float) -> None:
            await asyncio.sleep(0.001)

        task = asyncio.create_task(follow(feed, self.roster, LEASE, pause=soon))
        await self.until(lambda: len(self.venue.open) == bool(keys))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def stored(self, base: str = "BTC") -> list[int]:
        (number,) = [each.id for key, each in self.fakes.instruments.listed.items() if key.base == base]
        return sorted(sequence for instrument, sequence in self.fakes.trades.kept if instrument == number)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(HANGS):
            while not true():  # noqa: ASYNC110  (a fake has no event to wait for)
                await asyncio.sleep(0.002)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "OVERLAP", timedelta(milliseconds=20))
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (timedelta(milliseconds=10),))


async def test_a_new_instrument_is_followed_and_the_others_miss_nothing() -> None:
    scene = Scene()
    async with scene.running(BTC):
        numbers = count(1)

        def is_followed(*symbols: str) -> bool:
            """Whether it is, after one more trade."""
            scene.venue.send(next(numbers))
            return scene.venue.followed == [list(symbols)] and scene.stored() != []

        await scene.until(lambda: is_followed("BTCUSDT"))
        await scene.watch(BTC, ETH)
        await scene.until(lambda: is_followed("BTCUSDT", "ETHUSDT"))
        scene.venue.send(7, symbol="ETHUSDT")
        last = next(numbers) - 1
        await scene.until(lambda: scene.stored("ETH") == [7] and scene.stored()[-1:] == [last])

    assert scene.stored() == list(range(1, last + 1))
    assert (scene.venue.connections, scene.venue.most_open) == (2, 2)


async def test_the_history_is_not_asked_for_those_who_stay() -> None:
    scene = Scene(FakeHistory())
    async with scene.running(BTC):
        scene.venue.send(5)
        await scene.until(lambda: scene.stored() == [5])
        await scene.watch(BTC, ETH)
        await scene.until(lambda: scene.venue.followed == [["BTCUSDT", "ETHUSDT"]])
        scene.venue.send(6)
        await scene.until(lambda: scene.stored() == [5, 6])
        await asyncio.sleep(0.05)

    assert scene.history is not None
    assert scene.history.asked == []


async def test_an_instrument_that_is_no_longer_watched_is_left() -> None:
    scene = Scene()
    async with scene.running(BTC, ETH):
        await scene.watch(ETH)
        await scene.until(lambda: scene.venue.followed == [["ETHUSDT"]])


async def test_a_connection_that_cannot_take_over_leaves_the_other_going() -> None:
    scene = Scene()
    async with scene.running(BTC):
        scene.venue.refusals = 3
        await scene.watch(BTC, ETH)
        await scene.until(lambda: scene.venue.refusals == 0)
        scene.venue.send(1)
        await scene.until(lambda: scene.stored() == [1])
        await scene.until(lambda: scene.venue.followed == [["BTCUSDT", "ETHUSDT"]])


async def test_what_breaks_while_another_takes_over_is_fetched() -> None:
    scene = Scene(FakeHistory(last=4))
    async with scene.running(BTC):
        scene.venue.send(1)
        await scene.until(lambda: scene.stored() == [1])
        await scene.watch(BTC, ETH)
        await scene.until(lambda: len(scene.venue.open) == 2)
        scene.fakes.trades.failure = DatabaseUnavailable("db", "gone")
        scene.venue.send_to_first(2, 3, 4)  # lost with its connection, and nothing comes later that would show it
        await scene.until(lambda: len(scene.venue.open) == 1)
        scene.fakes.trades.failure = None
        await scene.until(lambda: scene.stored() == [1, 2, 3, 4])


async def test_an_empty_roster_is_waited_for() -> None:
    scene = Scene()
    async with scene.running():
        await asyncio.sleep(0.02)
        assert scene.venue.connections == 0
        await scene.watch(SOL)
        await scene.until(lambda: scene.venue.followed == [["SOLUSDT"]])
        await scene.watch()
        await scene.until(lambda: scene.venue.open == [])
        await scene.watch(BTC)
        await scene.until(lambda: scene.venue.followed == [["BTCUSDT"]])

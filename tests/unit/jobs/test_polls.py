"""Sources are asked for quotes at their pace, by one worker at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from candlewick.domain.day import DayLines
from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.market import Instrument, InstrumentKey, InstrumentStatus
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window
from candlewick.jobs.polls import Polling, keep_polling
from candlewick.ports import DayHistory, Fetched, JobStore
from markets import LATER, FrozenClock
from unit.jobs.fakes import FakeDesk, FakeLeases
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import ORIGIN, FakeDayHistory, FakeSource, listing
from working import HANGS

FAST = timedelta(milliseconds=20)
SELDOM = timedelta(hours=1)


@dataclass
class Quotes:
    """A QuoteSource that says the same again and again, and notices who asks at the same time."""

    failure: Exception | None = None
    asked: list[list[str]] = field(default_factory=list)
    asking: int = 0
    most_at_once: int = 0

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        self.asked.append([str(instrument.key) for instrument in instruments])
        if self.failure is not None:
            raise self.failure
        self.asking += 1
        self.most_at_once = max(self.most_at_once, self.asking)
        await asyncio.sleep(0.005)
        self.asking -= 1
        return [Payload("any", "/prices", instruments[0].symbol.encode(), ORIGIN)]

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        return {payload.body.decode(): QuoteLines([Quote(ORIGIN, price=Decimal(1))])}


class Scene:
    """Workers over the same leases and stores, and sources that they ask."""

    def __init__(self, *codes: str) -> None:
        self.fakes, self.leases, self.desk = FakeStores(), FakeLeases(), FakeDesk()
        self.quotes = {code: Quotes() for code in codes}
        self.days: dict[str, DayHistory] = {}
        self.keys: list[InstrumentKey] = []

    async def watch(self, *keys: str, status: InstrumentStatus | None = None) -> None:
        for key in map(InstrumentKey.parse, keys):
            made = await self.fakes.instruments.list_instrument(listing(key))
            self.fakes.instruments.listed[key] = replace(made, status=status or made.status)
            self.keys.append(key)

    @asynccontextmanager
    async def working(self, workers: int = 1, every: timedelta = FAST) -> AsyncIterator[None]:
        async def watched() -> Sequence[InstrumentKey]:
            return self.keys

        sources = {
            code: FakeSource(source=code, quotes=quotes, days=self.days.get(code))
            for code, quotes in self.quotes.items()
        }
        polling = Polling(
            watched, sources, dict.fromkeys(sources, every), self.fakes.stores(), cast("JobStore", self.desk),
            self.leases, FrozenClock(),
        )  # fmt: skip
        stop = asyncio.Event()
        async with asyncio.timeout(HANGS), asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(keep_polling(polling, stop))
            yield
            stop.set()

    async def until(self, true: Callable[[], Any]) -> None:
        while not true():  # noqa: ASYNC110  (a fake has no event to wait for)
            await asyncio.sleep(0.002)


async def test_a_source_is_asked_again_and_again() -> None:
    scene = Scene("coingecko")
    await scene.watch("coingecko:bitcoin-USD")
    async with scene.working():
        await scene.until(lambda: len(scene.quotes["coingecko"].asked) > 3)

    assert len(scene.fakes.quotes.kept) == 1
    assert len(scene.fakes.raw.payloads) == 1


async def test_several_workers_never_ask_at_the_same_time() -> None:
    scene = Scene("coingecko")
    await scene.watch("coingecko:bitcoin-USD")
    async with scene.working(workers=4, every=timedelta(milliseconds=2)):
        await scene.until(lambda: len(scene.quotes["coingecko"].asked) > 20)

    assert scene.quotes["coingecko"].most_at_once == 1


async def test_a_restart_does_not_ask_before_it_is_due() -> None:
    scene = Scene("ecb")
    await scene.watch("ecb:EUR-USD")
    for _ in range(3):
        async with scene.working(every=SELDOM):
            await scene.until(lambda: scene.fakes.quotes.kept)
            await asyncio.sleep(0.02)

    assert len(scene.quotes["ecb"].asked) == 1


async def test_a_worker_that_is_stopped_while_it_asks_leaves_the_turn_to_others() -> None:
    scene = Scene("ecb")
    await scene.watch("ecb:EUR-USD")
    async with scene.working(every=SELDOM):
        await scene.until(lambda: scene.quotes["ecb"].asking)
    async with scene.working(every=SELDOM):
        await scene.until(lambda: len(scene.quotes["ecb"].asked) == 2)


async def test_one_source_that_fails_does_not_stop_another() -> None:
    scene = Scene("coingecko", "kraken")
    scene.quotes["coingecko"].failure = SourceUnavailable("coingecko", "gone")
    await scene.watch("coingecko:bitcoin-USD", "kraken:BTC-USD")
    async with scene.working():
        await scene.until(lambda: len(scene.quotes["kraken"].asked) > 2 and len(scene.quotes["coingecko"].asked) > 2)


async def test_a_source_is_left_alone_for_as_long_as_it_says() -> None:
    scene = Scene("coingecko")
    scene.quotes["coingecko"].failure = RateLimited("coingecko", "too often", 600)
    await scene.watch("coingecko:bitcoin-USD")
    async with scene.working():
        await scene.until(lambda: scene.leases.left("poll/coingecko/quotes/0.02") > 500)

    assert len(scene.quotes["coingecko"].asked) == 1


async def test_a_source_that_fails_is_asked_again_sooner_than_usual_and_less_often_each_time() -> None:
    scene = Scene("ecb")
    scene.quotes["ecb"].failure = SourceUnavailable("ecb", "gone")
    await scene.watch("ecb:EUR-USD")
    async with scene.working(every=SELDOM):
        await scene.until(lambda: scene.leases.left("poll/ecb/quotes/3600") > 50)
        assert scene.leases.left("poll/ecb/quotes/3600") <= 60
        scene.leases.held.clear()
        await scene.until(lambda: scene.leases.left("poll/ecb/quotes/3600") > 100)
        assert scene.leases.left("poll/ecb/quotes/3600") <= 120


async def test_what_a_source_will_never_answer_is_asked_no_more_often_than_usual() -> None:
    scene = Scene("ecb")
    scene.quotes["ecb"].failure = SourceRefused("ecb", 400, "no such coin")
    await scene.watch("ecb:EUR-USD")
    async with scene.working(every=SELDOM):
        await scene.until(lambda: scene.leases.left("poll/ecb/quotes/3600") > 3_000)


async def test_days_are_asked_for_daily_and_one_instrument_without_stops_no_other() -> None:
    scene, days = Scene("alphavantage"), FakeDayHistory(last=LATER.date(), complete=True)
    scene.days["alphavantage"] = Refusing(days, "alphavantage:XAU-USD")
    await scene.watch("alphavantage:XAU-USD", "alphavantage:IBM-USD")
    async with scene.working(every=SELDOM):
        await scene.until(lambda: scene.leases.left("poll/alphavantage/days/86400") > 80_000)

    assert [each.instrument.key.base for each in scene.fakes.days.deliveries] == ["IBM"]


@dataclass
class Refusing:
    """A DayHistory that has none of one instrument."""

    history: FakeDayHistory
    without: str

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        if str(instrument.key) == self.without:
            raise SourceRefused("alphavantage", 200, "it has no days")
        return await self.history.page(instrument, window)

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[DayLines]:
        return self.history.read(instrument, payload)


async def test_what_is_not_known_is_looked_for_once_and_what_is_gone_is_not_asked_for() -> None:
    scene = Scene("coingecko")
    await scene.watch("coingecko:bitcoin-USD")
    await scene.watch("coingecko:gone-USD", status=InstrumentStatus.DELISTED)
    scene.keys.append(InstrumentKey.parse("coingecko:new-USD"))
    async with scene.working():
        await scene.until(lambda: len(scene.quotes["coingecko"].asked) > 2)

    assert {tuple(asked) for asked in scene.quotes["coingecko"].asked} == {("coingecko:bitcoin-USD",)}
    assert [new.exclusive for new in scene.desk.submitted] == ["discover/coingecko"]


async def test_a_source_of_which_nothing_is_watched_is_not_asked() -> None:
    scene = Scene("coingecko", "kraken")
    await scene.watch("kraken:BTC-USD")
    async with scene.working():
        await scene.until(lambda: len(scene.quotes["kraken"].asked) > 2)

    assert scene.quotes["coingecko"].asked == []

"""A source asked now: what becomes of the request, and of its steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.errors import (
    CandlewickError,
    CannotBeIngested,
    ForeignInstrument,
    InvalidLimit,
    SourceUnavailable,
    UnknownInstrument,
    UnknownSource,
)
from candlewick.domain.job import (
    IngestRequest,
    Job,
    JobId,
    JobKind,
    JobProgress,
    JobStatus,
    Lease,
    NewJob,
    Step,
    StepRef,
)
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.pipeline.ingesting import USUAL, Ingest
from candlewick.ports import Outcome
from markets import FrozenClock
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import BTC, ORIGIN, FakeDayHistory, FakeDirectory, FakeHistory, FakeSource, listing

NOW = ORIGIN + timedelta(seconds=100)


@dataclass
class Prices:
    """A QuoteSource of volumes by base: all that is said of an instrument is how much of it is traded."""

    volumes: Mapping[str, int] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        self.asked.append([instrument.key.base for instrument in instruments])
        body = {each.symbol: self.volumes.get(each.key.base, 1) for each in instruments}
        return [Payload("any", f"/prices?{len(self.asked)}", json.dumps(body).encode(), ORIGIN)]

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        return {
            symbol: QuoteLines([Quote(ORIGIN, price=Decimal(1), volume_24h=Decimal(volume))])
            for symbol, volume in json.loads(payload.body).items()
        }


@dataclass
class Ranks:
    """A Ranking in a fixed order."""

    order: Sequence[str]

    async def pages(self, first: int) -> Sequence[Payload]:
        return [Payload("any", f"/ranks?{first}", json.dumps(list(self.order)).encode(), ORIGIN)]

    def read(self, payload: Payload) -> Sequence[str]:
        found: list[str] = json.loads(payload.body)
        return found


class Desk:
    """Notes the jobs that are made."""

    def __init__(self) -> None:
        self.made: list[NewJob] = []

    async def submit(self, new: NewJob) -> Job:
        self.made.append(new)
        progress = JobProgress(len(new.steps), 0, 0, 0, 0.0, 0, 0, 0)
        return Job(JobId(1), new.kind, JobStatus.QUEUED, new.arguments, progress, ORIGIN)


class Scene:
    """Some sources, and a worker for what is asked of them."""

    def __init__(self, **sources: FakeSource) -> None:
        self.fakes, self.desk = FakeStores(), Desk()
        self.watched: list[InstrumentKey] = []
        self.sources = sources

        async def watched() -> Sequence[InstrumentKey]:
            return self.watched

        self.ingest = Ingest(sources, self.fakes.stores(), self.desk, watched, FrozenClock(NOW))  # type: ignore[arg-type]

    async def knows(self, *keys: InstrumentKey) -> None:
        for key in keys:
            await self.fakes.instruments.list_instrument(listing(key))

    async def submit(self, *keys: InstrumentKey, source: str | None = None, limit: int | None = None) -> list[str]:
        """What the steps are about."""
        await self.ingest.submit(IngestRequest(source, limit, keys), requested_by="test")
        return [step.subject for step in self.desk.made[-1].steps]

    async def run(self, *keys: InstrumentKey, source: str | None = None, limit: int | None = None) -> Outcome:
        """The outcome of all steps."""
        await self.submit(*keys, source=source, limit=limit)
        outcome = Outcome()
        for number, new in enumerate(self.desk.made[-1].steps, 1):
            step = Step(
                StepRef(JobId(1), number, 1), JobKind.INGEST, new.subject, json.loads(json.dumps(new.arguments)),
                Lease(f"job/1/{number}", 1),
            )  # fmt: skip
            outcome += await self.ingest.run(step, lambda *_: None)
        return outcome


def coin(base: str) -> InstrumentKey:
    return InstrumentKey("coins", base, "USD")


def quoted(*bases: str, **more: Any) -> FakeSource:
    """A source of quotes that lists those."""
    directory = FakeDirectory([listing(coin(base)) for base in bases])
    return FakeSource(source="coins", quotes=Prices(), stream=None, trades=None, directory=directory, **more)


async def test_the_largest_are_those_that_the_source_ranks_first() -> None:
    source = quoted("A", "B", "C", ranking=Ranks(["CUSD", "NEWUSD", "AUSD", "BUSD"]))
    scene = Scene(coins=source)

    await scene.run(source="coins", limit=3)

    assert isinstance(source.quotes, Prices)
    assert source.quotes.asked == [["C", "A"]]
    assert {payload.endpoint for payload in scene.fakes.raw.payloads} >= {"/ranks?3"}


async def test_where_nobody_ranks_what_is_traded_most_is_the_largest_and_what_is_not_known_is_asked_for_first() -> None:
    source = quoted("A", "B", "C")
    source.quotes = prices = Prices({"A": 5, "B": 50, "C": 500})
    scene = Scene(coins=source)

    first = await scene.run(source="coins", limit=2)
    again = await scene.run(source="coins", limit=2)

    assert prices.asked == [["A", "B", "C"], ["C", "B"]]
    assert (first.stored, again.stored, again.repeated) == (3, 0, 2)


async def test_named_instruments_are_asked_for_all_that_is_new_of_them() -> None:
    history, days = FakeHistory(), FakeDayHistory(last=NOW.date(), complete=True)
    scene = Scene(binance=FakeSource(quotes=Prices(), trades=history, days=days))
    await scene.knows(BTC)

    outcome = await scene.run(BTC)

    assert [step.arguments["kind"] for step in scene.desk.made[-1].steps] == ["QUOTES", "TRADES", "DAYS"]
    assert len(scene.fakes.trades.kept) == 100
    assert len(scene.fakes.days.deliveries) == 1
    assert outcome.stored > 100


async def test_without_more_words_it_is_what_is_watched_or_else_the_usual_number() -> None:
    scene = Scene(coins=quoted("A", "B"))
    await scene.knows(coin("A"))
    assert await scene.submit(source="coins") == [f"quotes of coins: the largest {USUAL}"]

    scene.watched = [coin("A"), BTC]
    assert await scene.submit(source="coins") == ["quotes of coins:A-USD"]


async def test_all_is_a_step_for_each_source_that_can_be_asked() -> None:
    scene = Scene(coins=quoted("A"), binance=FakeSource(), kraken=FakeSource(source="kraken", quotes=Prices()))

    assert await scene.submit(limit=5) == ["quotes of coins: the largest 5", "quotes of kraken: the largest 5"]


async def test_the_same_request_has_the_same_name_and_another_has_another() -> None:
    scene = Scene(coins=quoted("A"))
    for limit in (5, 5, 6):
        await scene.submit(source="coins", limit=limit)

    first, same, other = [new.exclusive for new in scene.desk.made]
    assert first == same
    assert first != other


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (IngestRequest("nowhere"), UnknownSource),
        (IngestRequest(None, None, [InstrumentKey("nowhere", "A", "USD")]), UnknownSource),
        (IngestRequest("coins", None, [BTC]), ForeignInstrument),
        (IngestRequest("coins", None, [coin("Z")]), UnknownInstrument),
        (IngestRequest("binance"), CannotBeIngested),
        (IngestRequest("binance", 5), CannotBeIngested),
        (IngestRequest("coins", 0), InvalidLimit),
        (IngestRequest("coins", 5_001), InvalidLimit),
    ],
)
async def test_what_cannot_be_is_refused_before_there_is_a_job(
    request_: IngestRequest, error: type[CandlewickError]
) -> None:
    scene = Scene(coins=quoted("A"), binance=FakeSource())

    with pytest.raises(error):
        await scene.ingest.submit(request_, requested_by="test")
    assert scene.desk.made == []


async def test_a_source_that_cannot_say_whether_it_lists_it_is_said_to_be_away() -> None:
    class Away(FakeDirectory):
        def pages(self) -> Any:
            raise SourceUnavailable("coins", "gone")

    scene = Scene(coins=FakeSource(source="coins", quotes=Prices(), directory=Away()))

    with pytest.raises(SourceUnavailable):
        await scene.submit(coin("A"))

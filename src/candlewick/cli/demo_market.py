"""Feeds a machine with the demo market: served by a simulator, taken as any other venue is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from candlewick.cli.output import say
from candlewick.cli.readiness import wait_until_ready
from candlewick.cli.supervisor import Child
from candlewick.domain.errors import CandlewickError, InvalidInput
from candlewick.domain.job import BackfillRequest, Job, JobStatus
from candlewick.domain.market import InstrumentKey
from candlewick.domain.page import TradeQuery
from candlewick.domain.time import Window
from candlewick.providers.demo.market import demo_market
from candlewick.wiring import Services, Stores

LOOK_SECONDS = 0.2


class AnotherSeed(InvalidInput):
    """The store has the demo market of another seed: their trades have the same ids and other prices."""

    def __init__(self, seed: int) -> None:
        super().__init__(
            f"the database holds the demo market of another seed than {seed}: give that one with --seed, "
            "or set CANDLEWICK_DATA_DIR (or CANDLEWICK_DATABASE__URL) to begin a new one"
        )
        self.seed = seed


class HistoryFailed(CandlewickError):
    """The demo's history could not be fetched."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"the history could not be fetched: job {job.id} is {job.status.lower()}: {job.error}")
        self.job = job


@dataclass(frozen=True, slots=True)
class DemoMarket:
    """The market of a seed at `url`: some days of history, then what happens there now."""

    seed: int
    days: float
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[InstrumentKey]:
        return [listing.key for listing in demo_market(self.seed).listings()]

    def settings(self) -> Mapping[str, dict[str, str]]:
        """What the processes of the machine have to know of it."""
        return {"demo": {"url": self.url}, "live": {"watch": ",".join(map(str, self.keys))}}

    def child(self) -> Child:
        """The simulator's process."""
        arguments = ("--market", "demo", "--seed", str(self.seed), "--port", str(self.port), "--with-parent")
        return Child("simulator", ("simulate", *arguments))

    async def check(self, stores: Stores) -> None:
        """Raises AnotherSeed if the trades that are stored are another market's."""
        market = demo_market(self.seed)
        for instrument in (await stores.instruments.by_keys(self.keys)).values():
            rows = (await stores.trades.read([instrument.id], TradeQuery(limit=1)))[instrument.id].rows
            for row in rows:
                minute = Window(row.minute, row.minute + timedelta(minutes=1))
                made = await asyncio.to_thread(market.trades, instrument.key, minute)
                if (row.sequence, Decimal(row.price)) not in {(each.sequence, each.price) for each in made.trades()}:
                    raise AnotherSeed(self.seed)

    async def fill(self, services: Services) -> None:
        """Fetch the history by a job, as anybody would.

        Raises:
            HistoryFailed: it is not all there.
        """
        await wait_until_ready(f"{self.url}/", path="api/v3/ping")
        if not self.days:
            return
        now = services.clock.now()
        request = BackfillRequest(self.keys, Window(now - timedelta(days=self.days), now))
        span = "a day" if self.days == 1 else f"{self.days:g} days"
        say(f"Fetching {span} of history …")
        job = await services.backfills.submit(request, idempotency_key=None, requested_by="demo")
        while not job.status.finished:
            await asyncio.sleep(LOOK_SECONDS)
            job = await services.jobs.job(job.id) or job
        if job.status is not JobStatus.SUCCEEDED:
            raise HistoryFailed(job)
        await services.candles.settle()
        say(f"{job.progress.stored:,} trades stored, {job.progress.repeated:,} were there already.")

"""Two workers poll one source with leases in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final

from candlewick.clock import SystemClock
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.domain.raw import Payload
from candlewick.jobs.polls import Polling, keep_polling
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from candlewick.storage.raw import RawFiles
from markets import new_instrument
from unit.jobs.test_polls import Quotes
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import FakeSource
from working import HANGS

EVERY: Final = timedelta(milliseconds=400)


class Timed(Quotes):
    """Notes when it is asked, too."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        self.at.append(monotonic())
        await asyncio.sleep(0.05)
        return await super().pages(instruments)


async def test_polls_of_two_workers_do_not_overlap(database: Database, tmp_path: Path) -> None:
    instrument = await new_instrument(database)
    fakes, quotes, stop = FakeStores(), Timed(), asyncio.Event()
    fakes.instruments.listed[instrument.key] = instrument
    fakes.raw = RawFiles(database, tmp_path)  # type: ignore[assignment]

    async def watched() -> Sequence[InstrumentKey]:
        return [instrument.key]

    polling = Polling(
        watched, {"test": FakeSource(source="test", quotes=quotes)}, {"test": EVERY}, fakes.stores(), Jobs(database),
        StoredLeases(database), SystemClock(),
    )  # fmt: skip
    async with asyncio.timeout(HANGS), asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(keep_polling(polling, stop))
        while len(quotes.at) < 7:  # noqa: ASYNC110  (a list has no event to wait for)
            await asyncio.sleep(0.02)
        stop.set()

    assert quotes.most_at_once == 1
    assert quotes.at[6] - quotes.at[0] > 4 * EVERY.total_seconds()  # three, if each polled for itself

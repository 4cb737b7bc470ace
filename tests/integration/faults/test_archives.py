"""The venue's archives break while a backfill fetches a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.domain.time import Window
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from integration.faults.backfilling import Backfilling
from integration.faults.venue import daily_market, open_venue, stored_trades
from markets import FrozenClock
from simulated import DAY, NOW

TRADES_A_DAY = 2_000
WINDOW = Window(DAY, DAY + timedelta(days=1))
ZIP, CHECKSUM = r"\.zip$", r"\.zip\.CHECKSUM$"


@dataclass(frozen=True, slots=True)
class Scene:
    """A day of trades to be fetched from an archive that is there."""

    backfilling: Backfilling

    @property
    def numbers(self) -> range:
        first = self.backfilling.venue.market.sequence_at(self.backfilling.venue.key, WINDOW.start)
        return range(first, first + TRADES_A_DAY)

    async def stored(self) -> list[object]:
        return list(await stored_trades(self.backfilling.database, self.backfilling.venue.key))

    async def is_whole(self) -> bool:
        """Whether every trade of the day is stored as the market has it, and no other."""
        return await self.stored() == self.backfilling.venue.trades(self.numbers)

    def downloads(self) -> list[Path]:
        """What lies about of files that were fetched."""
        return list((self.backfilling.folder / "downloads").rglob("*"))


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_venue(daily_market(TRADES_A_DAY), FrozenClock(NOW)) as venue:
        yield Scene(await Backfilling.of(venue, database, tmp_path))


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        (Fault.RATE_LIMITED, ZIP),
        (Fault.SERVER_ERROR, ZIP),
        (Fault.TIMEOUT, ZIP),
        (Fault.CUT, ZIP),
        (Fault.HTML, ZIP),
        (Fault.MALFORMED, ZIP),
        (Fault.SERVER_ERROR, CHECKSUM),
        (Fault.CUT, CHECKSUM),
    ],
)
async def test_what_passes_is_asked_again_and_the_day_is_whole(scene: Scene, fault: Fault, path: str) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(fault, path)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.backfilling.venue.struck() == 1
    assert await scene.is_whole()


@pytest.mark.parametrize(
    ("fault", "path", "reason"),
    [
        (Fault.CORRUPT_ARCHIVE, CHECKSUM, "its CHECKSUM says"),
        (Fault.HTML, CHECKSUM, "it has no line"),
        (Fault.MALFORMED, CHECKSUM, "it has no line"),
        (Fault.BANNED, ZIP, "status 418"),
    ],
)
async def test_a_file_that_cannot_be_had_now_is_fetched_later_and_nothing_of_it_is_stored(
    scene: Scene, fault: Fault, path: str, reason: str
) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(fault, path)

    assert await scene.backfilling.work(job_id) == ["put off"]
    assert reason in ((await scene.backfilling.job(job_id)).error or "")
    assert (await scene.stored(), scene.downloads()) == ([], [])
    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()


async def test_a_download_that_always_breaks_off_is_put_off_and_leaves_nothing(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(Fault.CUT, ZIP, count=None)

    assert await scene.backfilling.work(job_id) == ["put off"]
    assert (await scene.stored(), scene.downloads()) == ([], [])


async def test_trades_that_are_nowhere_leave_the_rest_of_the_day_whole(scene: Scene) -> None:
    gone = range(scene.numbers.start + 100, scene.numbers.start + 600)
    await scene.backfilling.venue.order_trades(Fault.GONE, first=gone.start, count=len(gone))
    job_id = await scene.backfilling.submit(WINDOW)

    assert await scene.backfilling.work(job_id) == ["done"]
    left = [trade for trade in scene.backfilling.venue.trades(scene.numbers) if trade.sequence not in gone]
    assert await scene.stored() == left

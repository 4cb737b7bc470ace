"""What may be watched, and what becomes of the list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from candlewick.domain.errors import CannotBeWatched, SourceUnavailable, UnknownInstrument, UnknownVenue
from candlewick.domain.market import InstrumentKey
from candlewick.domain.raw import Payload
from candlewick.domain.watch import Watched
from candlewick.pipeline.watching import Watching
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import BTC, ORIGIN, FakeDirectory, FakeSource, listing

ETH = InstrumentKey("binance", "ETH", "USDT")


@dataclass
class FakeList:
    """A WatchList."""

    rows: dict[InstrumentKey, Watched] = field(default_factory=dict)

    async def all(self) -> Sequence[Watched]:
        return list(self.rows.values())

    async def add(self, keys: Sequence[InstrumentKey], requested_by: str) -> None:
        self.rows = {key: Watched(key, ORIGIN, requested_by) for key in keys} | self.rows

    async def remove(self, keys: Sequence[InstrumentKey]) -> None:
        self.rows = {key: row for key, row in self.rows.items() if key not in keys}


class Away(FakeDirectory):
    def pages(self) -> AsyncIterator[Payload]:
        raise SourceUnavailable("binance", "gone")


def watching(source: FakeSource, *fixed: InstrumentKey) -> tuple[Watching, FakeList, FakeStores]:
    fakes, rows = FakeStores(), FakeList()
    return Watching({"binance": source}, fakes.stores(), rows, fixed), rows, fakes


async def test_a_known_instrument_is_watched_without_asking_its_venue() -> None:
    source = FakeSource()
    desk, rows, fakes = watching(source)
    await fakes.instruments.list_instrument(listing(BTC))

    assert [each.key for each in await desk.watch([BTC], "cli")] == [BTC]
    assert source.directory is not None
    assert source.directory.asked == 0
    assert rows.rows[BTC].requested_by == "cli"


async def test_the_venue_is_asked_for_an_instrument_that_is_not_known() -> None:
    desk, _, fakes = watching(FakeSource(directory=FakeDirectory([listing(ETH)])))

    await desk.watch([ETH], "cli")

    assert ETH in fakes.instruments.listed


async def test_what_its_venue_does_not_list_is_not_watched() -> None:
    desk, rows, _ = watching(FakeSource(directory=FakeDirectory([listing(BTC)])))

    with pytest.raises(UnknownInstrument):
        await desk.watch([BTC, ETH], "cli")
    assert rows.rows == {}


async def test_a_venue_that_is_away_is_believed_to_list_it() -> None:
    desk, rows, _ = watching(FakeSource(directory=Away()))

    await desk.watch([ETH], "cli")

    assert list(rows.rows) == [ETH]


async def test_a_venue_that_nobody_serves_cannot_be_watched() -> None:
    desk, _, _ = watching(FakeSource())

    with pytest.raises(UnknownVenue):
        await desk.watch([InstrumentKey("nyse", "AAPL", "USD")], "cli")


async def test_a_source_without_live_data_cannot_be_watched() -> None:
    desk, _, _ = watching(FakeSource(stream=None))

    with pytest.raises(CannotBeWatched):
        await desk.watch([BTC], "cli")


async def test_the_settings_stand_beside_the_list_and_are_not_taken_off_it() -> None:
    desk, rows, _ = watching(FakeSource(), BTC)
    await rows.add([ETH, BTC], "cli")

    left = await desk.unwatch([BTC, ETH])

    assert [(each.key, each.fixed) for each in left] == [(BTC, True)]

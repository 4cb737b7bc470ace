"""The contract of lists: instruments, assets, jobs and dead letters are the same forwards and backwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from candlewick.domain.job import JobFilter, JobKind, NewJob
from candlewick.domain.letter import LetterFilter
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.domain.page import AssetFilter, InstrumentFilter, Page
from candlewick.domain.raw import DeadLetter, LetterKind
from candlewick.ports import Listing
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from working import unique

type Read = Callable[..., Awaitable[Page[Any]]]


async def walked(read: Read, position: Callable[[Any], Any], *, backwards: bool) -> list[Any]:
    """All positions, three at a time."""
    found: list[Any] = []
    after = before = None
    while True:
        page = await read(3, after, before, backwards=backwards)
        places = [position(row) for row in page.rows]
        found = places + found if backwards else found + places
        if not page.more:
            return found
        after, before = (None, places[0]) if backwards else (places[-1], None)


async def same_both_ways(read: Read, position: Callable[[Any], Any]) -> list[Any]:
    there = await walked(read, position, backwards=False)
    assert there == await walked(read, position, backwards=True)
    assert len(there) == len(set(there))
    middle = await read(500, there[1], there[-2], backwards=False)
    assert [position(row) for row in middle.rows] == there[2:-2]
    return there


async def test_instruments_and_assets(database: Database) -> None:
    store, venue = Instruments(database), unique("v").replace("-", "")
    prefix = unique("P").replace("-", "")
    for number in range(8):
        key = InstrumentKey(venue, f"{prefix}X{number}", "USD")
        listing = Listing(key, f"S{number}", Tape.TRADES, AssetClass.CRYPTO, AssetClass.FIAT, "Venue")
        await store.list_instrument(listing)
        await store.list_instrument(Listing(
            InstrumentKey(venue, f"{prefix}X{number}", "EUR"), f"E{number}", Tape.TRADES, AssetClass.EQUITY,
            AssetClass.FIAT, "Venue",
        ))  # fmt: skip

    async def instruments(*arguments: Any, backwards: bool) -> Page[Any]:
        return await store.instruments(InstrumentFilter(venue=venue), *arguments, backwards=backwards)

    async def assets(*arguments: Any, backwards: bool) -> Page[Any]:
        return await store.assets(AssetFilter(search=f"{prefix}X"), *arguments, backwards=backwards)

    keys = await same_both_ways(instruments, lambda row: row.key)
    assert keys == sorted(keys, key=str)
    assert len(keys) == 16
    assert len(await same_both_ways(assets, lambda row: (row.code, row.asset_class))) == 16


async def test_dead_letters(database: Database) -> None:
    store, source = DeadLetters(database), unique("s")
    for number in range(8):
        await store.keep([DeadLetter(source, "x", LetterKind.MALFORMED, f"reason {number}", "payload", None)])

    async def letters(*arguments: Any, backwards: bool) -> Page[Any]:
        return await store.letters(LetterFilter(source=source), *arguments, backwards=backwards)

    ids = await same_both_ways(letters, lambda row: row.id)
    assert ids == sorted(ids, reverse=True)


async def test_jobs(database: Database) -> None:
    store = Jobs(database)
    mine = [(await store.submit(NewJob(JobKind.DISCOVER, {}, []))).id for _ in range(7)]

    async def jobs(*arguments: Any, backwards: bool) -> Page[Any]:
        return await store.jobs(JobFilter(), *arguments, backwards=backwards)

    ids = await same_both_ways(jobs, lambda row: row.id)
    assert ids == sorted(ids, reverse=True)
    assert {*mine} <= {*ids}

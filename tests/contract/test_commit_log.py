"""The contract of the commit log and its relay: every commit once, in order, whoever is slow, gives up or restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from candlewick.domain.commit import Commit, CommitKind
from candlewick.domain.errors import DatabaseUnavailable
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.page import TradePosition
from candlewick.domain.time import Window
from candlewick.ports import Delivery, Relay
from candlewick.storage import relay as relay_module
from candlewick.storage import versions
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database, Driver
from candlewick.storage.trades import Trades
from markets import delivery, new_instrument

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_SEQUENCE = count(1)


def trade(minute: int = 0, sequence: int | None = None) -> Trade:
    number = next(_SEQUENCE) if sequence is None else sequence
    return Trade(number, Decimal(10), Decimal(1), Side.BUY, NOON + minute * MINUTE)


async def store(database: Database, instrument: Instrument, *trades: Trade) -> None:
    await Trades(database).insert(delivery(instrument, trades or [trade()]))


async def write(driver: Driver, instrument: Instrument) -> None:
    """What a writer does that has not committed yet."""
    turn = await versions.lock(driver, instrument.id)
    await versions.commit(
        driver, instrument.id, turn.version, CommitKind.TRADES, NOON, NOON, rows=1, raw_id=None
    )  # fmt: skip


async def give_up(database: Database, instrument: Instrument) -> None:
    """A writer that is rolled back."""
    async with database.driver() as driver:
        writing = driver.transaction()
        await writing.start()
        await write(driver, instrument)
        await writing.rollback()


async def drained(relay: Relay, limit: int = 100) -> list[Commit]:
    """All that is fresh, marked as published."""
    found: list[Commit] = []
    while fresh := await relay.fresh(limit):
        assert len(fresh) <= limit
        found += fresh
        await relay.mark(fresh)
    return found


async def relayed(database: Database) -> list[Commit]:
    """What a relay finds that has just started."""
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        return await drained(relay)


def versions_of(commits: Iterable[Commit], instrument: Instrument) -> list[int]:
    return [commit.notice.version for commit in commits if commit.notice.instrument_id == instrument.id]


async def test_the_log_says_what_was_committed(database: Database) -> None:
    instrument, log = await new_instrument(database), StoredCommits(database)
    assert await log.versions([instrument.id]) == {instrument.id: 0}
    await store(database, instrument, trade(0), trade(3))
    await store(database, instrument)
    assert await log.versions([instrument.id]) == {instrument.id: 2}
    [first] = await log.since(instrument.id, 0, 1)
    assert (first.notice.version, first.notice.kind, first.rows) == (1, CommitKind.TRADES, 2)
    assert first.notice.window == Window(NOON, NOON + 4 * MINUTE)
    assert [commit.notice.version for commit in await log.since(instrument.id, 1, 10)] == [2]


async def test_there_is_one_relay(database: Database) -> None:
    log = StoredCommits(database)
    async with log.relay() as first:
        assert first is not None
        async with log.relay() as second:
            assert second is None
    async with log.relay() as third:
        assert third is not None


async def test_a_relay_that_breaks_lets_another_take_over(database: Database) -> None:
    with pytest.raises(OSError, match="Redis is away"):
        async with StoredCommits(database).relay():
            raise OSError("Redis is away")
    async with StoredCommits(database).relay() as next_one:
        assert next_one is not None


async def test_a_relay_that_was_stopped_is_replaced_and_can_mark_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LONGEST_SILENCE", "300ms")

    async def stop_for_too_long() -> None:
        async with StoredCommits(database).relay() as stopped:
            assert stopped is not None
            successor: Relay | None = None
            while successor is None:
                async with StoredCommits(database).relay() as successor:
                    await asyncio.sleep(0.01)
            await stopped.mark([])

    with pytest.raises(DatabaseUnavailable):
        await stop_for_too_long()


async def test_what_was_not_marked_comes_again(database: Database) -> None:
    await relayed(database)
    instrument = await new_instrument(database)
    for _ in range(3):
        await store(database, instrument)
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        assert versions_of(await relay.fresh(2), instrument) == [1, 2]
        fresh = await relay.fresh(10)
        assert versions_of(fresh, instrument) == [1, 2, 3]
        await relay.mark(fresh[:1])
        assert versions_of(await relay.fresh(10), instrument) == [2, 3]
    assert versions_of(await relayed(database), instrument) == [2, 3]
    assert versions_of(await relayed(database), instrument) == []


@pytest.mark.parametrize("limit", [1, 3, 1000])
async def test_a_backlog_comes_in_order_however_little_is_taken_at_a_time(database: Database, limit: int) -> None:
    instruments = [await new_instrument(database) for _ in range(3)]
    for _ in range(4):
        for instrument in instruments:
            await store(database, instrument)
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        found = await drained(relay, limit)
    for instrument in instruments:
        assert versions_of(found, instrument) == [1, 2, 3, 4]


async def test_a_long_transaction_of_another_instrument_holds_nothing_up_and_is_not_missed(database: Database) -> None:
    slow, quick = await new_instrument(database), await new_instrument(database)
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        async with database.transaction() as driver:
            await write(driver, slow)
            for version in (1, 2, 3):
                await store(database, quick)
                assert versions_of(await drained(relay), quick) == [version]
        assert versions_of(await drained(relay), slow) == [1]
        await store(database, slow)
        assert versions_of(await drained(relay), slow) == [2]


async def test_a_transaction_that_outlives_a_relay_is_not_missed_by_the_next_one(database: Database) -> None:
    slow, quick = await new_instrument(database), await new_instrument(database)
    async with database.transaction() as driver:
        await write(driver, slow)
        await store(database, quick)
        assert versions_of(await relayed(database), quick) == [1]
        assert versions_of(await relayed(database), quick) == []
    assert versions_of(await relayed(database), slow) == [1]


async def test_a_lower_id_drawn_by_a_newer_transaction_is_not_missed(database: Database) -> None:
    """The order of transaction ids is not that of the log's ids."""
    older, newer = await new_instrument(database), await new_instrument(database)
    async with StoredCommits(database).relay() as relay, database.driver() as second:
        assert relay is not None
        waiting = second.transaction()
        await waiting.start()
        async with database.transaction() as first:
            await versions.lock(first, older.id)
            await write(second, newer)
            await write(first, older)
        for _ in range(3):
            await drained(relay)
        await waiting.commit()
        assert versions_of(await drained(relay), newer) == [1]


async def test_a_transaction_that_is_rolled_back_leaves_nothing_to_look_for(database: Database) -> None:
    failing, instrument = await new_instrument(database), await new_instrument(database)
    await give_up(database, failing)
    await store(database, instrument)
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        assert versions_of(await drained(relay), instrument) == [1]
        async with database.driver() as driver, asyncio.timeout(60):
            newest = await driver.fetchval("SELECT max(id) FROM commit_log")
            while await driver.fetchval("SELECT id FROM relay_mark") != newest:
                await relay.fresh(10)  # a transaction that runs elsewhere on the server keeps what is missing open
                await relay.mark([])


async def test_writers_at_once_are_relayed_once_each_in_order(database: Database) -> None:
    instruments = [await new_instrument(database) for _ in range(4)]
    stop = asyncio.Event()
    found: list[Commit] = []

    async def writer(instrument: Instrument, failing: bool) -> None:
        for turn in range(15):
            await store(database, instrument)
            if failing and turn % 3 == 0:
                await give_up(database, instrument)

    async def relay_until_stopped() -> None:
        while not stop.is_set():
            async with StoredCommits(database).relay() as relay:  # restarts again and again
                assert relay is not None
                for _ in range(3):
                    fresh = await relay.fresh(5)
                    found.extend(fresh)
                    await relay.mark(fresh)

    relaying = asyncio.create_task(relay_until_stopped())
    await asyncio.gather(*(writer(one, n % 2 == 0) for one in instruments for n in range(2)))
    stop.set()
    await relaying
    found += await relayed(database)
    for instrument in instruments:
        assert versions_of(found, instrument) == list(range(1, 31))


@pytest.mark.parametrize("limit", [1, 2, 5, 11, 100])
async def test_trades_since_a_version_come_commit_by_commit_and_nothing_twice(database: Database, limit: int) -> None:
    instrument, log = await new_instrument(database), StoredCommits(database)
    await store(database, instrument, trade(5, 50), trade(0, 10), trade(600, 90))
    await store(database, instrument, trade(0, 10), trade(0, 11), trade(5, 49))
    await store(database, instrument, *(trade(5, 60 + n) for n in range(5)))
    await store(database, instrument, trade(2, 20))
    expected = [(1, 10), (1, 50), (1, 90), (2, 11), (2, 49), *((3, 60 + n) for n in range(5)), (4, 20)]
    after, beyond, more = 0, None, True
    found: list[tuple[int, int]] = []
    while more:
        page = await log.trades_since(instrument.id, after, 4, limit, beyond)
        assert len(page.rows) <= limit
        found += [(row.version, row.sequence) for row in page.rows]
        last, more = page.rows[-1], page.more
        after, beyond = last.version - 1, TradePosition(last.minute, last.sequence)
    assert found == expected


async def test_trades_between_two_versions_are_those_and_no_others(database: Database) -> None:
    instrument = await new_instrument(database)
    for sequence in range(1, 6):
        await store(database, instrument, trade(sequence, sequence))
    page = await StoredCommits(database).trades_since(instrument.id, 1, 4, 3)
    assert [row.version for row in page.rows] == [2, 3, 4]
    assert not page.more
    assert (await StoredCommits(database).trades_since(instrument.id, 5, 5, 3)).rows == []


async def test_trades_of_a_correction_are_those_put_in(database: Database) -> None:
    instrument = await new_instrument(database)
    await store(database, instrument, trade(0, 1), trade(0, 2), trade(60, 3))

    async def corrected() -> AsyncIterator[Delivery]:
        yield delivery(instrument, [trade(0, 2), trade(1, 4)])

    await Trades(database).replace(Window(NOON, NOON + 30 * MINUTE), corrected())
    kinds = [commit.notice.kind for commit in await StoredCommits(database).since(instrument.id, 0, 10)]
    assert kinds == [CommitKind.TRADES, CommitKind.CORRECTION, CommitKind.CORRECTION]
    page = await StoredCommits(database).trades_since(instrument.id, 0, 3, 10)
    assert [(row.version, row.sequence) for row in page.rows] == [(1, 3), (3, 2), (3, 4)]

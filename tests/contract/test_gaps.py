"""The contract of gaps: each missing trade is in one, and what becomes of it is told by the trades that are here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.candle import MinuteCandle
from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import LeaseLost
from candlewick.domain.feed import FeedPosition, Run
from candlewick.domain.gap import Gap, GapEvidence, GapState, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.rhythm import Rhythm
from candlewick.domain.time import MICROSECOND, Window
from candlewick.storage import gap_rows
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.gap_changes import SILENT
from candlewick.storage.gap_rows import Missing
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument
from working import HOUR, RUN_OUT, unique

START = datetime(2024, 8, 8, 12, tzinfo=UTC)
NOW = datetime(2024, 8, 8, 13, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
SOURCE = "test"
MISSING, SILENCE, RECONCILIATION = GapEvidence.MISSING_SEQUENCES, GapEvidence.SILENCE, GapEvidence.RECONCILIATION
OPEN, REPAIRING, REPAIRED, UNREPAIRABLE = GapState


def at(sequence: int) -> datetime:
    """Trades are seven seconds apart."""
    return START + sequence * timedelta(seconds=7)


def window(first: int, last: int) -> Window:
    """What a hole of those sequences is noticed with."""
    return Window(at(first - 1), at(last + 1) + MICROSECOND)


def hole(instrument: Instrument, first: int, last: int, evidence: GapEvidence = MISSING) -> NewGap:
    return NewGap(instrument.id, SOURCE, evidence, window(first, last), first, last, SOON)


def vague(instrument: Instrument, start: datetime, end: datetime, evidence: GapEvidence = SILENCE) -> NewGap:
    return NewGap(instrument.id, SOURCE, evidence, Window(start, end))


async def store(database: Database, instrument: Instrument, *sequences: int) -> None:
    tape = [Trade(number, Decimal(1), Decimal(1), Side.BUY, at(number)) for number in sequences]
    await Trades(database).insert(delivery(instrument, tape))


async def record(database: Database, *found: NewGap, lease: Lease | None = None) -> Sequence[Gap]:
    return await StoredGaps(database).record(found, now=NOW, lease=lease, repairing=lease is not None)


async def settle(database: Database, gap: Gap, retry_at: datetime | None = SOON) -> Gap:
    return await StoredGaps(database).settle(gap.id, now=NOW, lease=None, retry_at=retry_at, reason="it has none")


async def rows(database: Database, instrument: Instrument) -> Sequence[Gap]:
    return (await StoredGaps(database).read([instrument.id], None, 1000))[instrument.id]


async def told(database: Database, instrument: Instrument) -> list[tuple[GapState, int | None, int | None]]:
    return [(gap.state, gap.first_sequence, gap.last_sequence) for gap in await rows(database, instrument)]


async def held(database: Database, duration: timedelta = HOUR) -> Lease:
    lease = await StoredLeases(database).acquire(unique("feed"), "somebody", duration)
    assert lease is not None
    return lease


@pytest.fixture
async def instrument(database: Database) -> Instrument:
    return await new_instrument(database)


async def test_each_run_of_missing_trades_is_a_gap_between_its_neighbours(
    database: Database, instrument: Instrument
) -> None:
    await store(database, instrument, 1, 2, 5, 6, 9)

    made = await record(database, hole(instrument, 3, 8))

    assert [(gap.first_sequence, gap.last_sequence, gap.missing) for gap in made] == [(3, 4, 2), (7, 8, 2)]
    assert [gap.window for gap in made] == [window(3, 4), window(7, 8)]
    assert {(gap.state, gap.evidence, gap.source, gap.detected_at, gap.retry_at) for gap in made} == {
        (OPEN, MISSING, SOURCE, NOW, SOON)
    }
    assert await rows(database, instrument) == made


async def test_what_is_recorded_again_or_is_here_makes_no_gap(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 1, 4)
    await record(database, hole(instrument, 2, 3))

    assert await record(database, hole(instrument, 2, 3), hole(instrument, 1, 1)) == []
    assert await told(database, instrument) == [(OPEN, 2, 3)]


async def test_what_is_known_to_be_unrepairable_makes_no_gap_again(database: Database, instrument: Instrument) -> None:
    [gap] = await record(database, hole(instrument, 2, 3))
    await settle(database, gap, retry_at=None)

    assert await record(database, hole(instrument, 2, 3)) == []


async def test_a_hole_around_known_gaps_is_a_gap_for_the_rest(database: Database, instrument: Instrument) -> None:
    [known] = await record(database, hole(instrument, 5, 6))
    await settle(database, known)

    await record(database, hole(instrument, 2, 9))

    assert sorted(await told(database, instrument)) == [(OPEN, 2, 4), (OPEN, 5, 6), (OPEN, 7, 9)]


async def test_a_hole_that_grows_is_one_gap(database: Database, instrument: Instrument) -> None:
    await record(database, hole(instrument, 2, 3, GapEvidence.MISSED_HEARTBEAT))
    await record(database, hole(instrument, 2, 5))

    [gap] = await rows(database, instrument)
    assert (gap.first_sequence, gap.last_sequence, gap.missing) == (2, 5, 4)
    assert (gap.evidence, gap.window) == (GapEvidence.MISSED_HEARTBEAT, window(2, 5))


async def test_a_hole_that_begins_where_a_repaired_gap_ended_is_that_gap_still(
    database: Database, instrument: Instrument
) -> None:
    [gap] = await record(database, hole(instrument, 2, 3))
    await store(database, instrument, 2, 3)
    assert (await settle(database, gap)).state is REPAIRED

    [longer] = await record(database, hole(instrument, 4, 6))

    assert (longer.id, longer.state, longer.first_sequence, longer.last_sequence) == (gap.id, OPEN, 2, 6)
    assert (longer.missing, longer.closed_at) == (3, None)


async def test_a_gap_of_which_all_is_here_is_repaired(database: Database, instrument: Instrument) -> None:
    [gap] = await record(database, hole(instrument, 2, 3))
    await store(database, instrument, 2, 3)

    settled = await settle(database, gap)

    assert (settled.state, settled.missing, settled.closed_at, settled.reason) == (REPAIRED, 0, NOW, None)


async def test_a_gap_of_which_nothing_is_here_is_open_again_with_the_reason(
    database: Database, instrument: Instrument
) -> None:
    [gap] = await record(database, hole(instrument, 2, 3))

    settled = await settle(database, gap, SOON)

    assert (settled.state, settled.tries, settled.retry_at, settled.missing) == (OPEN, 1, SOON, 2)
    assert (settled.reason, settled.closed_at) == ("it has none", None)


async def test_without_another_try_it_is_unrepairable(database: Database, instrument: Instrument) -> None:
    [gap] = await record(database, hole(instrument, 2, 3))

    settled = await settle(database, gap, None)

    assert (settled.state, settled.reason, settled.closed_at) == (UNREPAIRABLE, "it has none", NOW)


async def test_what_the_source_lacks_in_the_middle_is_a_gap_of_its_own(
    database: Database, instrument: Instrument
) -> None:
    [gap] = await record(database, hole(instrument, 2, 9, GapEvidence.DISCONNECTED))
    await store(database, instrument, 2, 3, 4, 7, 8)

    await settle(database, gap)

    assert sorted(await told(database, instrument)) == [(OPEN, 5, 6), (OPEN, 9, 9), (REPAIRED, 2, 9)]
    left = [each for each in await rows(database, instrument) if each.state is OPEN]
    assert {(each.evidence, each.tries, each.reason) for each in left} == {(MISSING, 1, "it has none")}


async def test_a_hole_in_many_pieces_makes_a_bounded_number_of_gaps_that_hold_all_of_it(
    database: Database, instrument: Instrument
) -> None:
    most = gap_rows.MOST_RUNS
    await store(database, instrument, *range(2, 4 * most, 2))

    made = await record(database, hole(instrument, 1, 4 * most - 1))

    assert len(made) == most
    assert made[-1].last_sequence == 4 * most - 1
    assert made[-1].window.end >= at(4 * most)


async def test_a_gap_of_which_only_the_time_was_known_learns_its_sequences(
    database: Database, instrument: Instrument
) -> None:
    [silent] = await record(database, vague(instrument, at(1), at(9)))

    [known] = await record(database, hole(instrument, 2, 12))

    assert (known.id, known.evidence) == (silent.id, SILENCE)
    assert (known.first_sequence, known.last_sequence, known.missing) == (2, 12, 11)


async def test_a_silence_that_lasts_is_one_gap(database: Database, instrument: Instrument) -> None:
    await record(database, vague(instrument, START, START + timedelta(minutes=5)))
    await record(database, vague(instrument, START, START + timedelta(minutes=9)))

    [gap] = await rows(database, instrument)
    assert gap.window == Window(START, START + timedelta(minutes=9))


@pytest.mark.parametrize(("traded", "reason"), [((), SILENT), ((5,), None)])
async def test_a_silence_whose_source_was_asked_is_repaired(
    database: Database, instrument: Instrument, traded: tuple[int, ...], reason: str | None
) -> None:
    [gap] = await record(database, vague(instrument, at(1), at(9)))
    await store(database, instrument, *traded)

    settled = await settle(database, gap)

    assert (settled.state, settled.reason) == (REPAIRED, reason)


async def test_minutes_that_the_venue_counts_more_in_are_gaps_until_ours_hold_as_much(
    database: Database, instrument: Instrument
) -> None:
    one = Decimal(1)
    theirs = [
        MinuteCandle(START + n * timedelta(minutes=1), one, one, one, one, one * 8, one, 1, one, one) for n in range(2)
    ]
    await Candles(database, FrozenClock()).put_published(instrument, theirs, received_at=NOW)
    await store(database, instrument, *range(8))
    minutes = [
        vague(instrument, START + timedelta(minutes=n), START + timedelta(minutes=n + 1), RECONCILIATION)
        for n in range(2)
    ]

    await record(database, *minutes)
    [gap] = await rows(database, instrument)
    assert gap.window == Window(START, START + timedelta(minutes=2))
    assert (await settle(database, gap)).state is OPEN
    await store(database, instrument, *range(8, 17))

    assert (await settle(database, gap)).state is REPAIRED


async def test_minutes_in_which_trades_are_known_to_be_missing_are_no_difference_of_their_own(
    database: Database, instrument: Instrument
) -> None:
    await record(database, hole(instrument, 2, 3))

    assert await record(database, vague(instrument, START, START + timedelta(minutes=1), RECONCILIATION)) == []


async def test_what_lies_below_the_retention_floor_is_no_gap(database: Database, instrument: Instrument) -> None:
    async with database.driver() as driver:
        await driver.execute("UPDATE instrument SET retention_floor = $2 WHERE id = $1", instrument.id, LATER)

    assert await record(database, hole(instrument, 2, 3)) == []


async def test_a_repairer_keeps_others_from_its_gaps_until_it_is_gone(
    database: Database, instrument: Instrument
) -> None:
    gaps, feed, job = StoredGaps(database), await held(database), await held(database)
    [gap] = await record(database, hole(instrument, 2, 3), lease=feed)

    assert gap.state is REPAIRING
    assert await gaps.begin([gap.id], job) == []
    assert instrument.id not in await gaps.due(SOON, [SOURCE], 10_000)
    assert await gaps.due_of(instrument.id, SOON, 10) == []
    await StoredLeases(database).renew(feed, RUN_OUT)
    assert instrument.id in await gaps.due(SOON, [SOURCE], 10_000)
    assert await told(database, instrument) == [(OPEN, 2, 3)]
    assert [taken.state for taken in await gaps.begin([gap.id], job)] == [REPAIRING]


async def test_a_repairer_may_begin_again(database: Database, instrument: Instrument) -> None:
    feed = await held(database)
    [gap] = await record(database, hole(instrument, 2, 3), lease=feed)

    assert [taken.id for taken in await StoredGaps(database).begin([gap.id], feed)] == [gap.id]


async def test_a_gap_is_due_when_its_time_has_come(database: Database, instrument: Instrument) -> None:
    gaps = StoredGaps(database)
    [gap] = await record(database, hole(instrument, 2, 3))

    assert instrument.id not in await gaps.due(SOON - MICROSECOND, [SOURCE], 10_000)
    assert instrument.id in await gaps.due(SOON, [SOURCE], 10_000)
    assert await gaps.due_of(instrument.id, SOON, 10) == [gap]


async def test_only_what_may_still_be_repaired_is_unfilled(database: Database, instrument: Instrument) -> None:
    [first, second, third] = await record(
        database, hole(instrument, 2, 3), hole(instrument, 10, 11), hole(instrument, 20, 21)
    )
    await store(database, instrument, 2, 3)
    await settle(database, first)
    await settle(database, second, None)

    assert await StoredGaps(database).unfilled([instrument.id]) == {instrument.id: [third]}


async def test_nothing_is_written_with_a_stale_lease(database: Database, instrument: Instrument) -> None:
    gaps, lease = StoredGaps(database), await held(database, RUN_OUT)
    assert await StoredLeases(database).acquire(lease.name, "another", HOUR) is not None
    [gap] = await record(database, hole(instrument, 2, 3))

    with pytest.raises(LeaseLost):
        await record(database, hole(instrument, 10, 11), lease=lease)
    with pytest.raises(LeaseLost):
        await gaps.begin([gap.id], lease)
    with pytest.raises(LeaseLost):
        await gaps.settle(gap.id, now=NOW, lease=lease, retry_at=None, reason="")
    with pytest.raises(LeaseLost):
        await gaps.dismiss(gap.id, now=NOW, lease=lease, reason="")
    with pytest.raises(LeaseLost):
        await gaps.cover(instrument.id, window(2, 3), now=NOW, lease=lease)
    assert await told(database, instrument) == [(OPEN, 2, 3)]


async def test_gaps_are_read_by_window_newest_first_to_go(database: Database, instrument: Instrument) -> None:
    made = await record(database, hole(instrument, 2, 3), hole(instrument, 10, 11), hole(instrument, 20, 21))
    gaps = StoredGaps(database)

    assert (await gaps.read([instrument.id], None, 2))[instrument.id] == made[1:]
    assert (await gaps.read([instrument.id], Window(at(9), at(12)), 9))[instrument.id] == [made[1]]
    assert (await gaps.read([instrument.id], Window(at(14), at(15)), 9))[instrument.id] == []


async def covered(database: Database, instrument: Instrument) -> list[Window]:
    async with database.driver() as driver:
        found = await driver.fetch(
            "SELECT start_time, end_time FROM covered WHERE instrument_id = $1 ORDER BY start_time", instrument.id
        )
    return [Window(*row) for row in found]


async def test_covered_windows_that_touch_become_one(database: Database, instrument: Instrument) -> None:
    gaps = StoredGaps(database)
    for first, last in [(0, 2), (8, 9), (4, 6), (2, 4), (1, 5), (20, 30)]:
        await gaps.cover(instrument.id, Window(at(first), at(last)), now=NOW)

    assert await covered(database, instrument) == [
        Window(at(0), at(6)), Window(at(8), at(9)), Window(at(20), at(30))
    ]  # fmt: skip


async def test_gaps_in_a_covered_window_are_repaired_as_far_as_they_are_filled(
    database: Database, instrument: Instrument
) -> None:
    [filled, empty, silent] = await record(
        database, hole(instrument, 2, 3), hole(instrument, 10, 11), vague(instrument, at(14), at(16))
    )
    await settle(database, filled, None)
    await store(database, instrument, 2, 3)

    await StoredGaps(database).cover(instrument.id, Window(at(0), at(30)), now=NOW)

    states = {gap.id: gap.state for gap in await rows(database, instrument)}
    assert states == {filled.id: REPAIRED, empty.id: OPEN, silent.id: REPAIRED}


async def test_the_rhythm_is_that_of_the_minutes_of_a_day(database: Database, instrument: Instrument) -> None:
    quiet = await new_instrument(database)
    await store(database, instrument, *range(60), *range(120, 121), 10**6)

    found = await StoredGaps(database).rhythms([instrument.id, quiet.id], START + timedelta(minutes=20, seconds=30))

    assert found == {instrument.id: Rhythm(61, timedelta(minutes=15), 1, timedelta(minutes=7))}


async def test_what_is_here_from_beyond_a_position_is_known(database: Database, instrument: Instrument) -> None:
    positions, nobody = StoredPositions(database), await new_instrument(database)
    await positions.advance(instrument.id, FeedPosition(5, at(5)), await held(database))
    await store(database, instrument, *range(1, 6), 8, 9, 10, 20)

    ahead = await positions.ahead([instrument.id, nobody.id])

    assert ahead == {instrument.id: [Run(8, 10, at(8), at(10)), Run(20, 20, at(20), at(20))], nobody.id: []}


async def test_a_position_is_kept_with_when_its_feed_began(database: Database, instrument: Instrument) -> None:
    lease = await held(database)
    for sequence in (5, 9):
        position = FeedPosition(sequence, at(sequence), at(sequence - 4))
        await Trades(database).insert(replace(delivery(instrument, []), lease=lease, position=position))

    async with database.driver() as driver:
        since = await driver.fetchval("SELECT since FROM live_position WHERE instrument_id = $1", instrument.id)
    assert since == at(1)


async def test_a_silence_is_confirmed_for_the_position_that_was_asked_for(
    database: Database, instrument: Instrument
) -> None:
    positions, lease = StoredPositions(database), await held(database)
    await positions.advance(instrument.id, FeedPosition(5, at(5)), lease)

    await positions.confirm({instrument.id: FeedPosition(4, at(4))}, at(50), lease)
    await positions.confirm({instrument.id: FeedPosition(5, at(5))}, at(20), lease)
    await positions.confirm({instrument.id: FeedPosition(5, at(5))}, at(10), lease)

    async with database.driver() as driver:
        until = await driver.fetchval("SELECT quiet_until FROM live_position WHERE instrument_id = $1", instrument.id)
    assert until == at(20)


async def test_holes_between_the_trades_of_a_window_are_found_day_by_day(
    database: Database, instrument: Instrument
) -> None:
    await store(database, instrument, 1, 2, 5, 9, -3)
    days = Window(START - timedelta(days=1), START + timedelta(days=1))

    made = await StoredGaps(database).search(instrument.id, SOURCE, days, now=NOW)

    assert [(gap.first_sequence, gap.last_sequence, gap.window) for gap in made] == [
        (3, 4, window(3, 4)), (6, 8, window(6, 8))
    ]  # fmt: skip
    assert await StoredGaps(database).search(instrument.id, SOURCE, days, now=NOW) == []


async def test_a_gap_that_cannot_be_asked_for_now_is_put_off_without_counting_a_try(
    database: Database, instrument: Instrument
) -> None:
    lease = await held(database)
    [gap] = await record(database, hole(instrument, 2, 3), lease=lease)

    put_off = await StoredGaps(database).put_off(gap.id, lease=lease, retry_at=SOON, reason="it is away")

    assert (put_off.state, put_off.tries, put_off.retry_at, put_off.reason) == (OPEN, 0, SOON, "it is away")
    assert await StoredGaps(database).due_of(instrument.id, SOON, 10) == [put_off]


async def test_a_window_is_covered_when_one_span_has_all_of_it(database: Database, instrument: Instrument) -> None:
    gaps = StoredGaps(database)
    await gaps.cover(instrument.id, Window(at(0), at(9)), now=NOW)

    assert await gaps.covers(instrument.id, Window(at(2), at(9)))
    assert not await gaps.covers(instrument.id, Window(at(2), at(10)))


async def test_below_the_retention_floor_nothing_is_covered(database: Database, instrument: Instrument) -> None:
    async with database.driver() as driver:
        await driver.execute("UPDATE instrument SET retention_floor = $2 WHERE id = $1", instrument.id, at(5))
    for first, last in [(0, 4), (2, 9)]:
        await StoredGaps(database).cover(instrument.id, Window(at(first), at(last)), now=NOW)

    assert await covered(database, instrument) == [Window(at(5), at(9))]


async def test_gaps_of_sources_that_are_not_asked_here_are_not_due(database: Database, instrument: Instrument) -> None:
    await record(database, hole(instrument, 2, 3))

    assert instrument.id not in await StoredGaps(database).due(SOON, ["another"], 10_000)


async def test_what_becomes_of_gaps_is_a_commit_that_others_are_told_of(
    database: Database, instrument: Instrument
) -> None:
    gaps, commits = StoredGaps(database), StoredCommits(database)
    [first, second] = await record(database, hole(instrument, 2, 3), hole(instrument, 20, 21))
    await store(database, instrument, 2, 3)
    await settle(database, first)
    await gaps.cover(instrument.id, Window(at(0), at(90)), now=NOW)

    told = await commits.since(instrument.id, 0, 9)
    assert [(commit.notice.version, commit.notice.kind, commit.rows) for commit in told] == [
        (1, CommitKind.GAP, 2), (2, CommitKind.TRADES, 2), (3, CommitKind.GAP, 1)
    ]  # fmt: skip
    assert told[0].notice.window == Window(START, START + timedelta(minutes=3))
    assert [gap.id for gap in await gaps.changed(instrument.id, 0, 2, 9)] == [second.id]
    assert [(gap.id, gap.state) for gap in await gaps.changed(instrument.id, 2, 3, 9)] == [(first.id, REPAIRED)]
    assert [gap.id for gap in await gaps.changed(instrument.id, 0, 3, 1)] == [first.id]


async def test_a_gap_that_a_cover_fills_is_told_too(database: Database, instrument: Instrument) -> None:
    await record(database, vague(instrument, at(1), at(9)))
    await StoredGaps(database).cover(instrument.id, Window(at(0), at(90)), now=NOW)

    told = await StoredCommits(database).since(instrument.id, 0, 9)
    assert [commit.notice.kind for commit in told] == [CommitKind.GAP, CommitKind.GAP]


async def test_what_changes_nothing_is_no_commit(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 2, 3)
    await record(database, hole(instrument, 2, 3))
    await StoredGaps(database).cover(instrument.id, Window(at(0), at(90)), now=NOW)

    assert len(await StoredCommits(database).since(instrument.id, 0, 9)) == 1


@given(st.sets(st.integers(1, 59), max_size=25), st.tuples(st.integers(1, 30), st.integers(0, 29)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_long_gaps_are_counted_by_minutes_and_say_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch, absent: set[int], span: tuple[int, int]
) -> None:
    instrument, (first, more) = await new_instrument(database), span
    await store(database, instrument, *(n for n in range(60) if n not in absent))
    asked = Missing(window(first, first + more), first, first + more)
    async with database.driver() as driver:
        monkeypatch.setattr(gap_rows, "MANY", 10_000)
        trade_by_trade = await gap_rows.missing_of(driver, instrument.id, asked)
        monkeypatch.setattr(gap_rows, "MANY", 0)
        by_minutes = await gap_rows.missing_of(driver, instrument.id, asked)

    runs = [(run.first or 0, run.last or 0) for run in by_minutes]
    assert runs == [(run.first, run.last) for run in trade_by_trade]
    assert {n for a, b in runs for n in range(a, b + 1)} == absent & set(range(first, first + more + 1))
    for (a, b), run in zip(runs, by_minutes, strict=True):
        assert all(run.window.start <= at(n) < run.window.end for n in range(a, b + 1))

"""Our candles against the venue's own, on every edition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from candlewick.domain.errors import InvalidRange, UnknownInstrument, UnknownVenue
from candlewick.domain.gap import Gap, GapEvidence, GapState
from candlewick.domain.interval import Interval
from candlewick.domain.job import JobStatus, StepProgress
from candlewick.domain.market import InstrumentKey
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window
from candlewick.pipeline.verifying import SETTLED, Verification, Verified
from candlewick.ports import Outcome
from candlewick.providers.binance.reader import BinanceReader
from candlewick.providers.provider import Source
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from markets import LATER, FrozenClock, read_all
from replaying import MINUTE, ORIGIN, SYMBOL, History, Venue, a_trade
from working import begun

HOUR = Window(ORIGIN, ORIGIN + timedelta(hours=1))
M1 = Interval.M1.duration


@pytest.fixture
async def venue(database: Database, tmp_path: Path) -> Venue:
    """With trades in the first four minutes of the hour."""
    made = await Venue.new(database, tmp_path)
    await made.backfill(map(a_trade, range(200)), HOUR)
    return made


async def klines(venue: Venue, **changed: Mapping[int, Any]) -> list[list[Any]]:
    """The venue's candles as they should be, but for what is said about a minute."""
    found = []
    for candle in await read_all(venue.database, venue.instrument, M1):
        minute = (candle.open_time - ORIGIN) // MINUTE
        opened = (candle.open_time - ORIGIN) // timedelta(milliseconds=1) + 1_723_075_200_000
        said = {name: by_minute.get(minute) for name, by_minute in changed.items()}
        found.append([
            opened, candle.open, candle.high, candle.low, said.get("close") or candle.close,
            said.get("volume") or candle.volume, opened + 59_999, candle.quote_volume,
            said.get("count") or candle.trade_count, candle.taker_buy_volume, "0", "0",
        ])  # fmt: skip
    return found


class Published(History):
    """Only what lies in the window that is asked for."""

    async def page(self, instrument: Any, cursor: Any) -> Payload:
        start = (cursor.start - ORIGIN) // timedelta(milliseconds=1) + 1_723_075_200_000
        rows = [row for row in self.rows if row[0] >= start]
        payload = await super().page(instrument, cursor)
        return replace(payload, endpoint=f"/api/v3/klines?symbol={SYMBOL}", body=json.dumps(rows).encode())


def verification(venue: Venue, rows: list[list[Any]] | None, now: Any = LATER, at_once: int = 1_000) -> Verification:
    history = Published(BinanceReader(venue.exchange), venue.code, rows) if rows is not None else None
    source = Source(venue.code, ORIGIN, candles=history)
    return Verification({venue.code: source}, venue.stores, Jobs(venue.database), FrozenClock(now), at_once)


async def verified(venue: Venue, rows: list[list[Any]], interval: Interval = Interval.M1, **asked: Any) -> Verified:
    return await verification(venue, rows).run(venue.instrument.key, HOUR, interval, **asked)


async def gaps_of(venue: Venue) -> list[Gap]:
    found = await venue.stores.gaps.read([venue.instrument.id], None, 100)
    return [gap for gap in found[venue.instrument.id] if gap.evidence is GapEvidence.RECONCILIATION]


async def test_equal_candles_are_equal_at_every_width(venue: Venue) -> None:
    rows = await klines(venue)

    for interval in (Interval.M1, Interval.M5, Interval.H1):
        found = await verified(venue, rows, interval)
        assert found.equal, found.differences
        assert found.unverified == 0
    assert await gaps_of(venue) == []


async def test_each_difference_is_listed_with_both_sides(venue: Venue) -> None:
    found = await verified(venue, await klines(venue, close={1: "102.5"}, count={2: 77}))

    assert not found.equal
    assert [(each.window.start - ORIGIN, each.field, each.ours, each.theirs) for each in found.differences] == [
        (MINUTE, "close", "100", "102.5"),
        (2 * MINUTE, "trade_count", "60", "77"),
    ]
    assert (found.differing, found.gaps) == (2, 0)


async def test_where_the_venue_holds_more_a_gap_is_known_from_then_on(venue: Venue) -> None:
    rows = await klines(venue, volume={1: "900", 2: "900", 3: "1"})

    found = await verified(venue, rows)
    again = await verified(venue, rows)

    [gap] = await gaps_of(venue)
    assert (gap.state, gap.window) == (GapState.OPEN, Window(ORIGIN + MINUTE, ORIGIN + 3 * MINUTE))
    assert (found.gaps, again.gaps) == (1, 0)
    assert found.lacking == [gap.window]


async def test_minutes_that_were_lost_are_told_from_minutes_without_trades(venue: Venue) -> None:
    rows = await klines(venue)
    await venue.lose(Window(ORIGIN + MINUTE, ORIGIN + 2 * MINUTE))

    found = await verified(venue, rows)

    assert [(each.window.start, each.field, each.ours) for each in found.differences] == [
        (ORIGIN + MINUTE, "volume", None)
    ]
    assert [gap.window for gap in await gaps_of(venue)] == [Window(ORIGIN + MINUTE, ORIGIN + 2 * MINUTE)]


async def test_beyond_the_venue_s_history_candles_are_not_verified(venue: Venue) -> None:
    found = await verified(venue, (await klines(venue))[2:])

    assert (found.compared, found.unverified, found.differing) == (2, 2, 0)


async def test_what_is_stored_can_be_compared_without_asking(venue: Venue) -> None:
    await verified(venue, await klines(venue, close={1: "102.5"}))

    again = await verification(venue, None).run(venue.instrument.key, HOUR, fetch=False)

    assert [each.field for each in again.differences] == ["close"]


async def test_with_nothing_to_compare_with_nothing_is_equal(venue: Venue) -> None:
    found = await verification(venue, None).run(venue.instrument.key, HOUR, fetch=False)

    assert (found.compared, found.unverified, found.equal) == (0, 4, False)


async def test_candles_that_are_not_over_are_left_for_later(venue: Venue) -> None:
    rows = await klines(venue)
    now = ORIGIN + 2 * MINUTE + SETTLED

    found = await verification(venue, rows, now).run(venue.instrument.key, HOUR)

    assert found.window == Window(ORIGIN, ORIGIN + 2 * MINUTE)
    with pytest.raises(InvalidRange, match="has no H1 candle that was over"):
        await verification(venue, rows, now).run(venue.instrument.key, HOUR, Interval.H1)


async def test_more_than_a_part_is_compared_part_by_part(venue: Venue) -> None:
    rows = await klines(venue, close={1: "102.5", 3: "102.5"}, volume={1: "900", 2: "900"})

    found = await verification(venue, rows, at_once=1).run(venue.instrument.key, HOUR)

    assert (found.compared, found.differing) == (4, 4)
    assert [gap.window for gap in await gaps_of(venue)] == [Window(ORIGIN + MINUTE, ORIGIN + 3 * MINUTE)]


async def test_whom_nobody_knows_or_can_ask_is_refused(venue: Venue) -> None:
    with pytest.raises(UnknownInstrument):
        await verification(venue, []).run(InstrumentKey(venue.code, "NOPE", "USDT"), HOUR)
    with pytest.raises(UnknownVenue):
        await verification(venue, None).run(venue.instrument.key, HOUR)


async def test_a_job_compares_each_instrument_whose_venue_has_candles(venue: Venue) -> None:
    check = verification(venue, await klines(venue, volume={1: "900"}))
    keys = [venue.instrument.key, InstrumentKey("elsewhere", "BTC", "USDT")]

    job = await check.submit(keys, HOUR, requested_by="schedule")
    same = await check.submit(keys, HOUR, requested_by="schedule")
    step = await begun(venue.database, job)
    reached: list[float] = []
    outcome = await check.step(step, lambda _, part: reached.append(part))
    await Jobs(venue.database).complete(step.lease, StepProgress(1.0, outcome.stored))

    assert (same.id, job.arguments["instruments"]) == (job.id, [str(venue.instrument.key)])
    assert outcome == Outcome(stored=4)
    assert reached
    assert len(await gaps_of(venue)) == 1
    finished = await Jobs(venue.database).job(job.id)
    assert finished is not None
    assert finished.status is JobStatus.SUCCEEDED

"""What a feed leaves out is kept as gaps: noticed before it is fetched, closed when it is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.gap import GapEvidence, GapState, NewGap
from candlewick.domain.market import InstrumentId
from candlewick.domain.rhythm import Rhythm
from candlewick.domain.time import Window
from candlewick.pipeline import mending
from candlewick.pipeline.history import HISTORY_LAG
from candlewick.pipeline.retrying import FIRST_RETRY
from markets import LATER
from unit.pipeline.feeds import Scene
from unit.pipeline.sources import FakeHistory, trade

ONE = InstrumentId(1)
AWAY = SourceUnavailable("binance", "it is away")


@dataclass(frozen=True, slots=True)
class Hasty(Rhythm):
    """The rhythm of an instrument that is never silent for longer than this."""

    silence: timedelta = timedelta(milliseconds=30)

    @property
    def longest_silence(self) -> timedelta | None:
        return self.silence


BUSY = Hasty(1_000, timedelta(days=1), 1, timedelta())


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    set_patience(monkeypatch, timedelta(milliseconds=10))


def set_patience(monkeypatch: pytest.MonkeyPatch, patience: timedelta) -> None:
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (patience,))


async def test_a_hole_is_a_gap_before_it_is_fetched_and_closed_when_it_is_here() -> None:
    history = FakeHistory(last=100, failures=[AWAY])
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5)
        scene.stream.send(40)
        await scene.until(lambda: scene.gaps.told == [("MISSING_SEQUENCES", "REPAIRED", 6, 39)])

    assert [state for _, state in scene.gaps.states] == [GapState.REPAIRING, GapState.REPAIRED]
    assert scene.stored == list(range(5, 41))


async def test_the_gap_spans_the_time_from_the_trade_before_to_the_one_after() -> None:
    scene = Scene(FakeHistory(last=100))
    async with scene.running():
        scene.stream.send(5)
        scene.stream.send(40)
        await scene.until(lambda: bool(scene.gaps.rows))

    [gap] = scene.gaps.rows.values()
    assert (gap.window.start, gap.window.end - timedelta(microseconds=1)) == (trade(5).ts, trade(40).ts)


async def test_what_comes_late_but_soon_is_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    set_patience(monkeypatch, timedelta(milliseconds=300))
    history = FakeHistory(last=100)
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, 8)
        scene.stream.send(7)
        scene.stream.send(6)
        await scene.until(lambda: scene.reached == 8)

    assert (scene.gaps.told, history.asked) == ([], [])


async def test_what_nobody_listened_to_is_a_gap_from_the_position_to_the_first_trade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_patience(monkeypatch, timedelta(milliseconds=500))
    scene = Scene(FakeHistory(last=8))
    scene.has_reached(2)
    async with scene.running():
        scene.stream.send(9)
        await scene.until(lambda: scene.gaps.told == [("DISCONNECTED", "REPAIRED", 3, 8)])

    assert scene.reached == 9


async def test_what_nobody_listened_to_is_a_gap_even_if_nothing_more_comes() -> None:
    scene = Scene(FakeHistory(last=8))
    scene.has_reached(2)
    async with scene.running():
        await scene.until(lambda: scene.gaps.told == [("DISCONNECTED", "REPAIRED", 3, 8)])

    assert scene.reached == 8


async def test_a_connection_that_missed_nothing_makes_no_gap() -> None:
    history = FakeHistory(last=8)
    scene = Scene(history)
    scene.has_reached(8)
    async with scene.running():
        await scene.until(lambda: history.asked == [9])
        scene.stream.send(9)
        await scene.until(lambda: scene.reached == 9)

    assert scene.gaps.told == []


async def test_a_market_that_was_silent_when_its_source_was_asked_is_covered() -> None:
    scene = Scene(FakeHistory(last=8, now=LATER))
    scene.has_reached(8)
    async with scene.running():
        await scene.until(lambda: bool(scene.fakes.positions.quiet_until))

    assert scene.fakes.positions.quiet_until == {ONE: LATER - HISTORY_LAG}


async def test_while_others_are_traded_a_quiet_instrument_is_covered() -> None:
    scene = Scene(FakeHistory(last=5))
    async with scene.running():
        scene.stream.send(5)
        await scene.until(lambda: scene.reached == 5)
        assert scene.fakes.positions.quiet_until == {}
        scene.stream.beat(5, at=60)  # any frame says that the stream delivers
        await scene.until(lambda: scene.fakes.positions.quiet_until == {ONE: trade(60).ts - mending.STREAM_LAG})


async def test_an_instrument_that_lacks_something_is_not_covered_by_what_others_deliver() -> None:
    scene = Scene(FakeHistory(last=5, failures=[AWAY] * 1_000))
    async with scene.running():
        scene.stream.send(5, 9)
        scene.stream.beat(9, at=60)
        await scene.until(lambda: bool(scene.gaps.rows))

    assert scene.fakes.positions.quiet_until == {}


async def test_each_cut_that_lost_trades_is_a_gap_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    set_patience(monkeypatch, timedelta(milliseconds=500))
    scene = Scene(FakeHistory(last=100))
    async with scene.running():
        for sequence in (5, 10, 15):
            scene.stream.send(sequence)
            await scene.until(lambda expected=sequence: scene.reached == expected)  # type: ignore[misc]
            scene.stream.break_off()

    assert [row[0] for row in scene.gaps.told] == ["DISCONNECTED", "DISCONNECTED"]


async def test_what_is_here_from_beyond_the_position_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    set_patience(monkeypatch, timedelta(milliseconds=500))
    history = FakeHistory(last=100)
    scene = Scene(history)
    scene.has_reached(5)
    scene.has_stored(*range(8, 31))
    async with scene.running():
        scene.stream.send(31)
        await scene.until(lambda: scene.reached == 31)

    assert history.asked == [6]
    await scene.until(lambda: scene.gaps.told == [("MISSING_SEQUENCES", "REPAIRED", 6, 7)])


async def test_a_missed_heartbeat_is_evidence() -> None:
    scene = Scene(FakeHistory(last=100))
    async with scene.running():
        scene.stream.send(5)
        scene.stream.beat(8)
        await scene.until(lambda: scene.gaps.told == [("MISSED_HEARTBEAT", "REPAIRED", 6, 8)])


async def test_what_the_source_has_none_of_stays_a_gap_and_is_passed_over() -> None:
    scene = Scene(FakeHistory(last=100, gone=frozenset({6, 7, 8, 9})))
    async with scene.running():
        scene.stream.send(5, 10)
        await scene.until(lambda: scene.gaps.told == [("MISSING_SEQUENCES", "OPEN", 6, 9)])

    [gap] = scene.gaps.rows.values()
    assert (scene.reached, gap.tries, gap.retry_at) == (10, 1, LATER + FIRST_RETRY)
    assert (
        gap.reason
        == "binance has none of these trades, though it has later ones, asked once since 2026-01-01 00:00:00 UTC"
    )


async def test_what_the_source_has_in_part_is_repaired_and_the_rest_stays_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_patience(monkeypatch, timedelta(milliseconds=500))  # the frame comes before anyone asks for it
    scene = Scene(FakeHistory(last=100, gone=frozenset({7, 8})))
    scene.has_reached(4)
    async with scene.running():
        scene.stream.send(20)
        await scene.until(lambda: scene.reached == 20)
        await scene.until(lambda: len(scene.gaps.rows) == 2)

    assert sorted(scene.gaps.told) == [("DISCONNECTED", "REPAIRED", 5, 19), ("MISSING_SEQUENCES", "OPEN", 7, 8)]


async def test_without_a_history_gaps_are_left_to_jobs() -> None:
    scene = Scene()
    async with scene.running():
        scene.stream.send(5, 10)
        await scene.until(lambda: scene.reached == 10)

    [gap] = scene.gaps.rows.values()
    assert (gap.state, gap.first_sequence, gap.last_sequence) == (GapState.OPEN, 6, 9)


async def test_a_gap_that_a_former_holder_left_is_taken_over() -> None:
    scene = Scene(FakeHistory(last=100))
    scene.has_reached(5)
    window = trade(5).ts, trade(10).ts
    left = NewGap(ONE, "binance", GapEvidence.MISSING_SEQUENCES, Window(*window), 6, 9)
    [gap] = await scene.gaps.record([left], now=LATER)
    async with scene.running():
        scene.stream.send(10)
        await scene.until(lambda: (scene.reached or 0) >= 10)
        await scene.until(lambda: scene.gaps.told[0] == ("MISSING_SEQUENCES", "REPAIRED", 6, 9))

    states = [state for gap_id, state in scene.gaps.states if gap_id == gap.id]
    assert states == [GapState.OPEN, GapState.REPAIRING, GapState.REPAIRED]


async def test_a_gap_that_was_filled_when_its_connection_broke_is_closed_by_the_next_one() -> None:
    scene = Scene(FakeHistory(last=100))
    noticed = NewGap(ONE, "binance", GapEvidence.DISCONNECTED, Window(trade(5).ts, trade(10).ts), 6, 9)
    await scene.gaps.record([noticed], now=LATER, repairing=True)
    scene.has_stored(*range(5, 11))
    scene.has_reached(10)
    async with scene.running():
        scene.stream.send(11)
        await scene.until(lambda: scene.gaps.told == [("DISCONNECTED", "REPAIRED", 6, 9)])


async def test_silence_unlike_the_market_is_looked_into_and_the_stream_connected_to_anew() -> None:
    scene = Scene(FakeHistory(last=8))
    scene.gaps.paces = {ONE: BUSY}
    async with scene.running():
        scene.stream.send(5)
        await scene.until(lambda: scene.stored == [5, 6, 7, 8])
        await scene.until(lambda: scene.stream.connections == 2)

    assert scene.gaps.told == [("SILENCE", "REPAIRED", 6, 8)]


async def test_silence_of_the_market_is_no_gap_and_asked_about_less_and_less() -> None:
    history = FakeHistory(last=5)
    scene = Scene(history)
    scene.gaps.paces = {ONE: BUSY}
    async with scene.running():
        scene.stream.send(5)
        await scene.until(lambda: len(history.asked) == 3)
        assert scene.stream.connections == 1

    assert (scene.gaps.told, set(history.asked)) == ([], {6})


async def test_silence_that_nobody_explains_is_a_gap_until_the_next_trade_does() -> None:
    scene = Scene(FakeHistory(last=100, failures=[AWAY] * 1_000))
    scene.gaps.paces = {ONE: BUSY}
    scene.clock.moment = trade(9).ts
    async with scene.running():
        scene.stream.send(5)
        await scene.until(lambda: scene.gaps.told == [("SILENCE", "REPAIRING", None, None)])
        scene.stream.send(6, 7, 8, 9)
        await scene.until(lambda: scene.gaps.told == [("SILENCE", "REPAIRED", None, None)])


async def test_silence_that_was_a_hole_is_one_gap_with_it() -> None:
    history = FakeHistory(last=100, failures=[AWAY] * 1_000)
    scene = Scene(history)
    scene.gaps.paces = {ONE: BUSY}
    scene.clock.moment = trade(9).ts
    async with scene.running():
        scene.stream.send(5)
        await scene.until(lambda: bool(scene.gaps.rows))
        scene.stream.send(10)
        await scene.until(lambda: scene.gaps.told == [("SILENCE", "REPAIRING", 6, 9)])
        history.failures.clear()
        await scene.until(lambda: scene.gaps.told == [("SILENCE", "REPAIRED", 6, 9)])


async def test_of_too_many_holes_the_older_ones_are_left_to_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "MOST_HOLES", 3)
    scene = Scene(FakeHistory(last=100, failures=[AWAY] * 1_000))
    async with scene.running():
        scene.stream.send(*range(2, 20, 2))
        await scene.until(lambda: [row[1] for row in scene.gaps.told] == ["OPEN"] * 5 + ["REPAIRING"] * 3)

    assert scene.reached == 12

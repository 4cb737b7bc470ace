"""A stream into the store: every trade once, whatever the connection does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import DatabaseUnavailable, InstrumentBusy, LeaseLost
from candlewick.domain.market import InstrumentId
from candlewick.pipeline import mending
from candlewick.ports import Delivery, Outcome
from unit.pipeline.feeds import LEASE, Scene
from unit.pipeline.sources import FakeHistory, trade
from working import HANGS


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holes are mended at once."""
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (timedelta(milliseconds=10),))


async def test_trades_are_stored_with_the_lease_and_the_frames_kept() -> None:
    scene = Scene()
    async with scene.running():
        scene.stream.send(5, 6)
        scene.stream.send(7)
        await scene.until(lambda: scene.stored == [5, 6, 7])

    assert scene.fakes.trades.leases == {LEASE}
    assert b"[5, 6]" in b"".join(payload.body for payload in scene.fakes.raw.payloads)
    assert scene.reached == 7


async def test_quotes_are_stored_with_the_lease_beside_trades() -> None:
    scene = Scene()
    async with scene.running():
        scene.stream.send(5)
        scene.stream.quote("61")
        await scene.until(lambda: bool(scene.fakes.quotes.kept))
        scene.stream.quote("none", symbol="WHO")
        await scene.until(lambda: bool(scene.fakes.letters.kept))

    [delivery] = scene.fakes.quotes.deliveries
    assert (delivery.source, delivery.lease, delivery.raw_id is None) == ("binance", LEASE, False)
    assert scene.stored == [5]
    assert [letter.subject for letter in scene.fakes.letters.kept] == ["stream WHO"]


async def test_an_instrument_that_is_busy_costs_a_quote_and_no_connection() -> None:
    scene = Scene()
    scene.fakes.quotes.failures[InstrumentId(1)] = InstrumentBusy(1, 1)
    with capture_logs() as logs:
        async with scene.running():
            scene.stream.quote("61")
            await scene.until(lambda: bool(logs))
            scene.stream.send(5)
            await scene.until(lambda: scene.stored == [5])

    assert [entry["event"] for entry in logs] == ["quotes_left_out"]
    assert scene.stream.connections == 1


async def test_a_hole_is_mended_from_the_history() -> None:
    scene = Scene(FakeHistory(last=100))
    async with scene.running():
        scene.stream.send(5)
        scene.stream.send(40)
        await scene.until(lambda: scene.stored == list(range(5, 41)))

    assert scene.reached == 40


async def test_a_page_mends_all_holes_that_lie_in_it() -> None:
    history = FakeHistory(last=100)
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, 7, 9, 12)
        await scene.until(lambda: scene.reached == 12)

    assert scene.stored == list(range(5, 13))
    assert history.asked == [6]


async def test_what_lies_between_distant_holes_is_not_asked_for() -> None:
    history = FakeHistory(last=100)
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, *range(7, 80), 90)
        await scene.until(lambda: scene.reached == 90)

    assert scene.stored == list(range(5, 91))
    assert history.asked == [6, 80]


async def test_a_hole_that_is_longer_than_a_page_is_read_on_from_page_to_page() -> None:
    history = FakeHistory(last=100)
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, 30, 32)
        await scene.until(lambda: scene.reached == 32)

    assert scene.stored == list(range(5, 33))
    assert history.asked == [6, 16, 26]
    assert len(history.since) == 1


async def test_holes_that_a_history_has_none_of_are_passed_over_with_one_page() -> None:
    history = FakeHistory(last=100, gone=frozenset({6, 8}))
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, 7, 9)
        await scene.until(lambda: scene.reached == 9)

    assert scene.stored == [5, 7, 9]
    assert history.asked == [6]


async def test_the_history_is_told_when_the_trade_before_a_hole_happened() -> None:
    history = FakeHistory(last=100)
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, 6)
        scene.stream.send(40)
        await scene.until(lambda: scene.reached == 40)

    assert history.since == [trade(6).ts]


async def test_what_the_venue_says_there_is_and_does_not_come_is_fetched() -> None:
    scene = Scene(FakeHistory(last=100))
    async with scene.running():
        scene.stream.send(5)
        scene.stream.beat(8)
        await scene.until(lambda: scene.stored == [5, 6, 7, 8])

    assert scene.reached == 8


async def test_what_the_venue_says_there_is_keeps_growing_and_is_fetched_all_the_same() -> None:
    scene, tip = Scene(FakeHistory(last=100_000)), 8

    def has_passed_8() -> bool:
        nonlocal tip
        tip += 1
        scene.stream.beat(tip)
        return (scene.reached or 0) > 8

    async with scene.running():
        scene.stream.send(5)
        await scene.until(has_passed_8)

    assert scene.stored[:4] == [5, 6, 7, 8]


async def test_what_was_missed_while_nobody_listened_is_fetched() -> None:
    scene = Scene(FakeHistory(last=8))
    scene.has_reached(2)
    async with scene.running():
        scene.stream.send(9)
        await scene.until(lambda: scene.stored == list(range(3, 10)))


async def test_what_was_missed_is_fetched_even_if_nothing_more_happens() -> None:
    scene = Scene(FakeHistory(last=8))
    scene.has_reached(2)
    async with scene.running():
        await scene.until(lambda: scene.stored == list(range(3, 9)))


async def test_what_came_before_a_connection_broke_is_stored() -> None:
    scene = Scene()
    async with scene.running():
        for number in range(50):
            scene.stream.send(number)
        scene.stream.break_off()
        await scene.until(lambda: scene.stream.connections == 2)

    assert scene.stored == list(range(50))


async def test_an_instrument_that_is_busy_leaves_the_others_alone_and_is_mended_later() -> None:
    scene = Scene(FakeHistory(last=100))
    insert, refused = scene.fakes.trades.insert, [InstrumentBusy(1, 60)]

    async def busy_once(delivery: Delivery) -> Outcome:
        if refused and 7 in delivery.batch.sequence:
            raise refused.pop()
        return await insert(delivery)

    scene.fakes.trades.insert = busy_once  # type: ignore[method-assign]
    async with scene.running():
        scene.stream.send(6)
        await scene.until(lambda: scene.stored == [6])
        scene.stream.send(7)
        await scene.until(lambda: not refused)
        await scene.until(lambda: scene.stored == [6, 7])  # its history tells, though nothing came after it
        scene.stream.send(8)
        await scene.until(lambda: scene.stored == [6, 7, 8])

    assert scene.stream.connections == 1


async def test_what_the_source_has_none_of_is_passed_over() -> None:
    scene = Scene(FakeHistory(last=100, gone=frozenset({7, 8})))
    async with scene.running():
        scene.stream.send(5, 10)
        await scene.until(lambda: scene.reached == 10)

    assert scene.stored == [5, 6, 9, 10]


async def test_a_history_that_is_behind_its_stream_is_asked_again() -> None:
    history = FakeHistory(last=6)
    scene = Scene(history)
    async with scene.running():
        scene.stream.send(5, 10)
        await scene.until(lambda: history.asked.count(7) > 1)
        assert scene.reached == 6
        history.last = 100
        await scene.until(lambda: scene.stored == [5, 6, 7, 8, 9, 10])


async def test_a_broken_connection_is_made_anew_after_a_pause() -> None:
    scene = Scene()
    async with scene.running():
        scene.stream.send(1)
        scene.stream.break_off()
        scene.stream.send(2)
        await scene.until(lambda: scene.stored == [1, 2])

    assert (scene.stream.connections, len(scene.waited)) == (2, 1)


async def test_a_goodbye_is_no_failure() -> None:
    scene = Scene()
    async with scene.running():
        scene.stream.send(1)
        scene.stream.say_goodbye()
        scene.stream.send(2)
        await scene.until(lambda: scene.stored == [1, 2])

    assert scene.waited == []


async def test_pauses_grow_while_the_store_is_away() -> None:
    scene = Scene()
    scene.fakes.trades.failure = DatabaseUnavailable("db", "gone")

    def has_paused_often() -> bool:
        scene.stream.send(1)  # a frame that came as the session ended went with it
        return len(scene.waited) >= 6

    async with scene.running():
        await scene.until(has_paused_often)

    assert scene.waited[5] > scene.waited[0] * 4


async def test_a_store_that_breaks_while_the_feed_is_told_to_end_does_not_keep_it_going() -> None:
    scene, begun = Scene(), asyncio.Event()

    async def breaks_when_cancelled(delivery: Delivery) -> Outcome:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise DatabaseUnavailable("db", "gone") from None
        return Outcome()

    scene.fakes.trades.insert = breaks_when_cancelled  # type: ignore[method-assign]
    async with scene.running() as task:
        scene.stream.send(1)
        await begun.wait()
        task.cancel()
        await asyncio.wait({task}, timeout=HANGS)

        assert task.cancelled()


async def test_a_lost_lease_ends_the_feed() -> None:
    scene = Scene()
    scene.fakes.trades.failure = LeaseLost(LEASE.name)
    async with scene.running() as task:
        scene.stream.send(1)
        with pytest.raises(LeaseLost):
            await task


async def test_trades_that_nobody_asked_for_are_left_out() -> None:
    scene = Scene()
    async with scene.running():
        scene.stream.send(1, symbol="DOGEUSDT")
        scene.stream.send(2)
        await scene.until(lambda: scene.stored == [2])

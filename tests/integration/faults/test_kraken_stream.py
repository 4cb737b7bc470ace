"""Kraken's stream breaks while it is followed: what it left out is found by time, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from candlewick.clock import SystemClock
from candlewick.pipeline import mending
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from integration.faults.following import Following
from integration.faults.kraken_venue import kraken_market, open_kraken
from integration.faults.venue import letters_about

RATE = 300
STREAM = "^/v2"
HISTORY = "/0/public/Trades"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holes are mended at once."""
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (timedelta(milliseconds=50),))


@pytest.fixture
async def following(database: Database, tmp_path: Path, silence: timedelta) -> AsyncIterator[Following]:
    async with open_kraken(kraken_market(RATE), SystemClock(), silence) as venue:
        yield await Following.of(venue, database, tmp_path)


async def test_what_is_followed_is_stored_as_the_market_has_it(following: Following) -> None:
    async with following.running():
        await following.beyond(following.venue.newest() + RATE)

    assert following.connections == 1
    assert following.venue.budget.spent == []
    assert await following.is_whole()


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.TIMEOUT, Fault.RATE_LIMITED, Fault.BANNED])
async def test_a_connection_that_is_not_let_in_is_tried_again(following: Following, fault: Fault) -> None:
    await following.venue.order(fault, STREAM)
    async with following.running():
        await following.begun()

    assert following.connections == 2
    assert await following.is_whole()


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        (Fault.CUT, {}),
        (Fault.DISCONNECT, {"count": None}),
        (Fault.SERVER_SHUTDOWN, {"count": None, "seconds": 0.2}),
        (Fault.SILENT, {}),
    ],
    ids=lambda value: str(value) if isinstance(value, Fault) else "",
)
async def test_what_a_lost_connection_left_out_is_fetched_by_its_time(
    following: Following, fault: Fault, details: dict[str, Any]
) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(fault, STREAM, **details)
        await following.past_faults()
        await following.beyond(following.venue.newest() + RATE // 2)  # an end that was announced has come by then

    assert following.connections == 2
    assert await following.is_whole()


@pytest.mark.parametrize("fault", [Fault.DUPLICATE, Fault.SHUFFLED, Fault.LATE, Fault.MISSING])
async def test_disorder_ends_with_every_trade_stored_once(following: Following, fault: Fault) -> None:
    async with following.running():
        await following.begun()
        struck = await following.venue.order_trades(fault, count=RATE // 3, probability=0.5, seconds=0.3)
        await following.beyond(struck.stop + RATE // 2)  # when those that were late have come as well

    assert await following.venue.struck() > 0
    assert following.connections == 1
    assert await following.is_whole()


async def test_a_long_absence_is_made_up_for_page_by_page(following: Following) -> None:
    async with following.running():
        await following.begun()
    absent_until = await following.position() + 1_500
    while following.venue.newest() < absent_until:  # noqa: ASYNC110  (a market has no event to wait for)
        await asyncio.sleep(0.05)
    async with following.running():
        await following.beyond(following.venue.newest())

    assert len(following.venue.budget.spent) >= 2
    assert await following.is_whole()


async def test_trades_that_are_nowhere_are_passed_over_and_said(following: Following) -> None:
    with capture_logs() as logs:
        async with following.running():
            await following.begun()
            gone = await following.venue.order_trades(Fault.GONE, first=following.venue.newest() + 2 * RATE, count=7)
            await following.settled(1)
            await following.beyond(gone.stop)

    assert sum(entry["missing"] for entry in logs if entry["event"] == "trades_missing") == len(gone)
    assert await following.is_whole(without=gone)


async def test_holes_wait_while_the_history_is_away_and_the_stream_goes_on(following: Following) -> None:
    with capture_logs() as logs:
        async with following.running():
            await following.begun()
            await following.venue.order(Fault.SERVER_ERROR, HISTORY, count=4)
            struck = await following.venue.order_trades(Fault.MISSING, count=20)
            await following.beyond(struck.stop)

    assert len([entry for entry in logs if entry["event"] == "mending_waits"]) == 1
    assert following.connections == 1
    assert await following.is_whole()


async def test_a_limit_told_with_status_200_makes_the_history_wait_and_costs_no_trade(following: Following) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.RATE_LIMITED, HISTORY, count=2)
        struck = await following.venue.order_trades(Fault.MISSING, count=20)
        await following.beyond(struck.stop)

    assert following.venue.budget.pauses == [5.0, 5.0]
    assert await following.is_whole()


@pytest.mark.parametrize("seconds", [1.3, 3_600, -3_600])
async def test_a_skewed_clock_moves_no_trade(following: Following, seconds: float) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.SKEWED_CLOCK, seconds=seconds)
        await following.beyond(following.venue.newest() + RATE // 3)

    assert await following.is_whole()


async def test_a_broken_frame_is_a_dead_letter_and_the_rest_goes_in(following: Following) -> None:
    before = await letters_about(following.database, "stream")
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.MALFORMED, STREAM)
        await following.past_faults()

    letters = [each for each in await letters_about(following.database, "stream") if each not in before]
    assert ["it is no JSON" in reason for _, reason, _ in letters] == [True]
    assert following.connections == 1
    assert await following.is_whole()

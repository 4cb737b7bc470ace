"""The venue's stream breaks while it is followed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from candlewick.clock import SystemClock
from candlewick.domain.errors import DatabaseUnavailable
from candlewick.pipeline import mending
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from integration.faults.backfilling import FailingTrades
from integration.faults.following import Following
from integration.faults.venue import letters_about, pages_kept
from integration.faults.wires import WIRES, Wire, each

RATE = 300
"""Trades a second: they do not lie on whole milliseconds."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holes are mended at once."""
    set_patience(monkeypatch, timedelta(milliseconds=50))


def set_patience(monkeypatch: pytest.MonkeyPatch, patience: timedelta) -> None:
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (patience,))


@pytest.fixture(params=WIRES, ids=str)
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.param
    return found


@pytest.fixture
async def following(database: Database, tmp_path: Path, wire: Wire, silence: timedelta) -> AsyncIterator[Following]:
    async with wire.open(wire.market(RATE), SystemClock(), silence) as venue:
        yield await Following.of(venue, database, tmp_path)


def events(logs: list[Any], name: str) -> list[Any]:
    return [entry for entry in logs if entry["event"] == name]


@pytest.mark.parametrize(**each(Fault.SERVER_ERROR, Fault.TIMEOUT, Fault.RATE_LIMITED, Fault.BANNED))
async def test_a_connection_that_is_not_let_in_is_tried_again(following: Following, wire: Wire, fault: Fault) -> None:
    await following.venue.order(fault, wire.stream)
    async with following.running():
        await following.begun()

    assert following.connections == 2
    assert await following.is_whole()


@pytest.mark.parametrize(**each((Fault.RATE_LIMITED, 7), (Fault.BANNED, 600)))
async def test_a_refused_connection_keeps_every_worker_away_for_as_long_as_the_venue_says(
    following: Following, wire: Wire, fault: Fault, details: int
) -> None:
    await following.venue.order(fault, wire.stream, seconds=details)
    async with following.running():
        await following.begun()

    assert following.venue.connections.pauses == [details]


@pytest.mark.parametrize(
    **each(
        (Fault.CUT, {}),
        (Fault.DISCONNECT, {"count": None}),
        (Fault.SERVER_SHUTDOWN, {"count": None, "seconds": 0.2}),
        (Fault.SILENT, {}),
    )
)
async def test_what_a_lost_connection_left_out_is_fetched_by_its_ids(
    following: Following, wire: Wire, fault: Fault, details: dict[str, Any]
) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(fault, wire.stream, **details)
        await following.past_faults()

    assert following.connections == 2
    assert await following.is_whole()


@pytest.mark.parametrize(**each(Fault.SILENT))
async def test_a_silent_stream_is_given_up_after_a_while_with_its_reason(
    following: Following, wire: Wire, fault: Fault
) -> None:
    with capture_logs() as logs:
        async with following.running():
            await following.begun()
            await following.venue.order(fault, wire.stream)
            await following.past_faults()

    [broke] = events(logs, "stream_broke")
    assert any("silent for 2 s" in reason for reason in broke["reasons"])


@pytest.mark.parametrize(**each(Fault.DUPLICATE, Fault.SHUFFLED, Fault.LATE, Fault.MISSING))
async def test_disorder_ends_with_every_trade_stored_once(following: Following, fault: Fault) -> None:
    async with following.running():
        await following.begun()
        struck = await following.venue.order_trades(fault, count=RATE // 3, probability=0.5, seconds=0.3)
        await following.beyond(struck.stop + RATE // 2)  # when those that were late have come as well

    assert await following.venue.struck() > 0
    assert following.connections == 1
    assert await following.is_whole()


async def test_what_comes_in_another_order_is_waited_for_before_the_history_is_asked(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_patience(monkeypatch, timedelta(minutes=1))
    async with following.running():
        await following.begun()
        struck = await following.venue.order_trades(Fault.SHUFFLED, count=RATE // 3, seconds=0.3)
        await following.beyond(struck.stop)

    assert following.venue.budget.spent == []
    assert await following.is_whole()


async def test_holes_wait_while_the_history_is_away_and_the_stream_goes_on(following: Following, wire: Wire) -> None:
    with capture_logs() as logs:
        async with following.running():
            await following.begun()
            await following.venue.order(Fault.SERVER_ERROR, wire.history, count=4)
            struck = await following.venue.order_trades(Fault.MISSING, count=20)
            await following.beyond(struck.stop)

    assert len(events(logs, "mending_waits")) == 1
    assert following.connections == 1
    assert await following.is_whole()


@pytest.mark.parametrize("seconds", [3_600, -3_600])
async def test_a_skewed_clock_moves_no_trade(following: Following, seconds: int) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.SKEWED_CLOCK, seconds=seconds)
        await following.beyond(following.venue.newest() + RATE // 3)

    assert await following.is_whole()


async def test_a_broken_frame_is_a_dead_letter_and_the_rest_goes_in(following: Following, wire: Wire) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.MALFORMED, wire.stream)
        await following.past_faults()

    kept = await pages_kept(following.database, f"stream:{following.lease.name}")
    [(kind, reason)] = [
        (kind, reason) for kind, reason, body in await letters_about(following.database, "stream") if body in kept
    ]
    assert (kind, "it is no JSON" in reason) == ("MALFORMED", True)
    assert following.connections == 1
    assert await following.is_whole()


async def test_a_database_that_goes_away_between_batches_costs_no_trade(following: Following) -> None:
    trades = FailingTrades(following.database, 3, DatabaseUnavailable("db", "gone"))
    broken = replace(following, stores=replace(following.stores, trades=trades))
    async with broken.running():
        await trades.failed.wait()
        await broken.beyond(broken.venue.newest())

    assert broken.connections == 2
    assert await broken.is_whole()

"""Rounds go on, whatever happens, and stop when they are told to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.telemetry import current_trace_id
from working import HANGS

FAST = Pace(timedelta(milliseconds=1), timedelta(milliseconds=2))


class Rounds:
    """Ends as told, round by round; stops with the last one."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = list(ends)
        self.stop = asyncio.Event()
        self.traces: list[str | None] = []

    async def __call__(self) -> None:
        self.traces.append(current_trace_id())
        end = self.ends.pop(0)
        if not self.ends:
            self.stop.set()
        if end is not None:
            raise end

    async def run(self) -> list[Any]:
        """The events that were logged."""
        with capture_logs() as logs:
            async with asyncio.timeout(HANGS):
                await keep_at("test", self, FAST, self.stop)
        return [entry["event"] for entry in logs]


async def test_rounds_follow_each_other_until_the_stop() -> None:
    rounds = Rounds(None, None, None)

    assert await rounds.run() == []
    assert rounds.ends == []


@pytest.mark.parametrize("error", [DatabaseUnavailable("db", "gone"), RedisConnectionError("gone"), OSError("reset")])
async def test_what_may_pass_is_logged_in_a_line_and_tried_again(error: Exception) -> None:
    assert await Rounds(error, error, None).run() == ["task_waits"] * 2


async def test_what_nobody_expected_is_logged_with_its_trace_and_tried_again() -> None:
    assert await Rounds(ZeroDivisionError(), None).run() == ["task_failed"]


async def test_each_round_has_a_trace_of_its_own() -> None:
    rounds = Rounds(None, None)
    await rounds.run()

    assert None not in rounds.traces
    assert len(set(rounds.traces)) == 2


def test_the_pause_grows_with_failures_up_to_a_limit() -> None:
    pace = Pace(timedelta(seconds=1), timedelta(seconds=30))

    assert [pace.pause(n).total_seconds() for n in (0, 1, 2, 3, 10, 10_000)] == [1, 2, 4, 8, 30, 30]


def test_the_pause_is_never_shorter_than_the_usual_one() -> None:
    pace = Pace(timedelta(minutes=1), timedelta(seconds=30))

    assert pace.pause(5) == timedelta(minutes=1)

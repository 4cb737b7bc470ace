"""The refresher goes on, whatever happens, and stops when it is told to."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.jobs.refresher import Pace, keep_settling
from candlewick.telemetry import current_trace_id

FAST = Pace(every=timedelta(milliseconds=1), slowest=timedelta(milliseconds=2))


class Tree:
    """A candle tree that answers as told; it stops the refresher after the last answer."""

    def __init__(self, stop: asyncio.Event, *answers: int | Exception) -> None:
        self.stop = stop
        self.answers = list(answers)
        self.running = 0
        self.most_at_once = 0
        self.traces: list[str | None] = []

    async def settle(self, older_than: timedelta) -> int:  # noqa: ARG002
        self.traces.append(current_trace_id())
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        answer = self.answers.pop(0)
        if not self.answers:
            self.stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def settle_all(*answers: int | Exception) -> Tree:
    stop = asyncio.Event()
    tree = Tree(stop, *answers)
    async with asyncio.timeout(5):
        await keep_settling(tree, FAST, stop)
    return tree


async def test_it_settles_again_and_again_until_it_is_stopped() -> None:
    tree = await settle_all(3, 0, 0)

    assert tree.answers == []
    assert tree.most_at_once == 1


@pytest.mark.parametrize("error", [DatabaseUnavailable("db", "gone"), OSError("reset"), ZeroDivisionError()])
async def test_a_failure_is_logged_and_tried_again(error: Exception) -> None:
    with capture_logs() as logs:
        tree = await settle_all(error, error, 1)

    assert tree.answers == []
    assert [entry["event"] for entry in logs if entry["log_level"] != "debug"] == ["settling_failed"] * 2


async def test_each_turn_has_a_trace_of_its_own() -> None:
    tree = await settle_all(1, 1)

    assert None not in tree.traces
    assert len(set(tree.traces)) == 2


def test_the_pause_grows_with_failures_up_to_a_limit() -> None:
    pace = Pace(every=timedelta(seconds=1), slowest=timedelta(seconds=30))

    assert [pace.pause(n).total_seconds() for n in (0, 1, 2, 3, 10, 10_000)] == [1, 2, 4, 8, 30, 30]


def test_the_pause_is_never_shorter_than_the_usual_one() -> None:
    pace = Pace(every=timedelta(minutes=1), slowest=timedelta(seconds=30))

    assert pace.pause(5) == timedelta(minutes=1)

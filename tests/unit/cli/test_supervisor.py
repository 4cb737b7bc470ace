"""The children of `candlewick up`."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from candlewick.cli.supervisor import Child, ProcessEnded, supervise
from working import HANGS

FOREVER = "import sys; sys.stdin.read()"


def child(script: str, name: str = "server") -> Child:
    return Child(name, ("-c", script), (sys.executable,))


def stops_after(seconds: float) -> asyncio.Event:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return stop


async def test_children_run_until_the_stop() -> None:
    async with asyncio.timeout(HANGS):
        await supervise([child(FOREVER), child(FOREVER, "worker")], stops_after(0.5))


async def test_a_child_that_does_not_start_ends_all_of_it() -> None:
    async with asyncio.timeout(HANGS):
        with pytest.raises(ExceptionGroup) as caught:
            await supervise([child("raise SystemExit(3)"), child(FOREVER, "worker")], asyncio.Event())

    (error,) = caught.value.exceptions
    assert isinstance(error, ProcessEnded)
    assert str(error).startswith("the server did not start: it ended with exit code 3")


async def test_a_child_that_ends_later_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    script = f"open({str(starts)!r}, 'a').write('x'); raise SystemExit(1)"
    with capture_logs() as logs:
        async with asyncio.timeout(HANGS):
            await supervise([child(script)], stops_after(3), young=timedelta(0))

    assert len(starts.read_text()) >= 2
    assert {entry["event"] for entry in logs} == {"process_ended"}

"""Keeps child processes running: restarts the one that ends, stops all of them together."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from candlewick.cli.exit_codes import ExitCode
from candlewick.domain.errors import ServiceError
from candlewick.waiting import paused

log = structlog.get_logger(__name__)

YOUNG: Final = timedelta(seconds=10)
"""A child that ends before this age did not start; later it is restarted."""
SLOWEST_RESTART: Final = timedelta(seconds=30)
STOP_GRACE: Final = timedelta(seconds=40)
"""How long a child may take to stop before it is killed."""


class ProcessEnded(ServiceError):
    """A process of ours ended as soon as it was started."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"the {name} did not start: it ended with exit code {code}; its message is above")
        self.name, self.code = name, code


@dataclass(frozen=True, slots=True)
class Child:
    """A command of ours that runs as a process of its own."""

    name: str
    arguments: tuple[str, ...]
    program: tuple[str, ...] = (sys.executable, "-m", "candlewick")
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it finds there beside what we have."""
    grace: timedelta = STOP_GRACE
    """How long it may take to stop before it is killed: more than the settings give it for its work."""

    async def start(self) -> Process:
        """In a session of its own, so that Ctrl-C reaches only us; it stops by itself when its stdin closes."""
        return await asyncio.create_subprocess_exec(
            *self.program,
            *self.arguments,
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )


async def supervise(children: list[Child], stop: asyncio.Event, *, young: timedelta = YOUNG) -> None:
    """Run the children until `stop`, then stop them and wait for all.

    Raises:
        ProcessEnded: one did not start; the others are stopped.
    """
    async with asyncio.TaskGroup() as group:
        for child in children:
            group.create_task(_keep_running(child, stop, young), name=child.name)


async def _keep_running(child: Child, stop: asyncio.Event, young: timedelta) -> None:
    restarts = 0
    while not stop.is_set():
        began = monotonic()
        code = await _run(child, stop)
        if stop.is_set():
            return
        is_young = monotonic() - began < young.total_seconds()
        if is_young and (restarts == 0 or code == ExitCode.USAGE):
            raise ProcessEnded(child.name, code)
        restarts = restarts + 1 if is_young else 1
        pause = min(timedelta(seconds=2 ** min(restarts - 1, 10)), SLOWEST_RESTART)
        log.warning("process_ended", process=child.name, exit_code=code, restart_seconds=pause.total_seconds())
        await paused(stop, pause)


async def _run(child: Child, stop: asyncio.Event) -> int:
    """Start the child and wait until it ends, or until `stop`; its exit code."""
    process = await child.start()
    ended = asyncio.create_task(process.wait())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        await _stop(child, process, ended)
    return await ended


async def _stop(child: Child, process: Process, ended: asyncio.Task[int]) -> None:
    """Ask it to stop, then wait, then insist."""
    if process.returncode is None:
        process.terminate()
    done, _ = await asyncio.wait({ended}, timeout=child.grace.total_seconds())
    if not done:
        log.error("process_killed", process=child.name, after_seconds=child.grace.total_seconds())
        process.kill()
        await ended

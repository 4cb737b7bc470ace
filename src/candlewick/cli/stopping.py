"""How a long command is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@asynccontextmanager
async def stop_requested(*, with_parent: bool = False) -> AsyncIterator[asyncio.Event]:
    """An event that is set by the first Ctrl-C or SIGTERM; the second one ends the process as if nobody listened.

    With `with_parent` also when stdin closes: the parent is gone then, however it went.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        stop.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, first)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), _parent_gone, loop, stop)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def _parent_gone(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The parent never writes: what can be read is the end."""
    loop.remove_reader(sys.stdin.fileno())
    stop.set()

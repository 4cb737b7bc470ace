"""Says again and again how it stands with the sources that this process asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError
from candlewick.domain.source import ProcessReport, StreamStatus
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.ports import MarketSource, StatusBoard

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(seconds=5)


def no_streams() -> Sequence[StreamStatus]:
    """Of a process that follows none."""
    return ()


async def keep_reporting(
    board: StatusBoard,
    sources: Mapping[str, MarketSource],
    stop: asyncio.Event,
    streams: Callable[[], Sequence[StreamStatus]] = no_streams,
) -> None:
    """Publish it until `stop`; once more then, so that nobody takes its streams for held."""

    async def report() -> None:
        circuits = [circuit for source in sources.values() for circuit in source.circuits()]
        await board.publish(ProcessReport(circuits, streams()))

    await keep_at("report", report, Pace(EVERY), stop)
    try:
        await board.publish(ProcessReport())
    except CandlewickError as error:  # it is forgotten soon
        log.debug("report_not_withdrawn", reason=str(error))

"""The jobs by name. Each is thin: it takes what it needs from the context and calls a use case."""

from __future__ import annotations

from typing import Any

import structlog

from candlewick.wiring import Stores

log = structlog.get_logger(__name__)

type JobContext = dict[Any, Any]
"""What arq hands to each job: our `stores`, beside its own `job_id` and `job_try`."""


async def report_dirt(ctx: JobContext) -> int:
    """Log how much of the candle tree waits to be settled: reads fold that much from minutes."""
    stores: Stores = ctx["stores"]
    minutes = await stores.candles.dirty_minutes()
    log.info("candle_tree_dirt", minutes=minutes)
    return minutes


TASKS: list[Any] = [report_dirt]
"""What may be put into the queue."""

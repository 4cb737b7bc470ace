"""What runs by the clock (UTC). Workers share it: each tick runs once, however many they are."""

from __future__ import annotations

from functools import wraps
from typing import Any

from arq import Retry
from arq.cron import CronJob, cron

from candlewick.domain.errors import CandlewickError
from candlewick.jobs.tasks import (
    Task,
    TaskContext,
    keep_calendars,
    prune_indicators,
    prune_payloads,
    report_dirt,
    submit_discoveries,
    submit_repairs,
    submit_verification,
)


def schedule() -> list[CronJob]:
    """New each time: arq keeps the next run in the entries."""
    return [
        cron(report_dirt, second=0, timeout=30),
        cron(patient(prune_payloads), minute=37, second=0, timeout=600, max_tries=10),
        cron(patient(prune_indicators), minute=47, second=0, timeout=600, max_tries=10),
        cron(patient(submit_repairs), second=20, timeout=30, max_tries=10),
        cron(patient(keep_calendars), minute=23, second=40, timeout=300, run_at_startup=True, max_tries=20),
        cron(patient(submit_verification), hour=1, minute=23, second=0, timeout=30, max_tries=100),
        cron(patient(submit_discoveries), minute=7, second=0, timeout=30, run_at_startup=True, max_tries=100),
    ]


def patient(task: Task) -> Any:
    """The task, run again while what it needs is away: arq would wait for the next hour."""

    @wraps(task)
    async def tried(ctx: TaskContext) -> int:
        try:
            return await task(ctx)
        except CandlewickError as error:
            if not error.retryable:
                raise
            raise Retry(defer=5) from error

    return tried

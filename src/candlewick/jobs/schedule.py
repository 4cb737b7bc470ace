"""What runs by the clock (UTC). Workers share it: each tick runs once, however many they are."""

from __future__ import annotations

from arq.cron import CronJob, cron

from candlewick.jobs.tasks import report_dirt


def schedule() -> list[CronJob]:
    """New each time: arq keeps the next run in the entries."""
    return [cron(report_dirt, second=0, timeout=30)]

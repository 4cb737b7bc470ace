"""How arq is set up: what its defaults would get wrong."""

from __future__ import annotations

import inspect

import pytest
from arq import Retry

from candlewick.domain.errors import DatabaseUnavailable, UnknownJob
from candlewick.jobs.queue import redis_settings
from candlewick.jobs.schedule import patient, schedule
from candlewick.jobs.tasks import TASKS, TaskContext


def test_a_restart_of_redis_is_waited_out() -> None:
    settings = redis_settings("redis://:pw@redis.example:6380/2")

    assert (settings.host, settings.port, settings.database, settings.password) == ("redis.example", 6380, 2, "pw")
    assert settings.retry is not None
    assert settings.retry_on_error


def test_a_socket_is_reached() -> None:
    assert redis_settings("unix:///run/redis.sock?db=1").unix_socket_path == "/run/redis.sock"


def test_what_is_scheduled_is_a_task() -> None:
    assert {inspect.unwrap(entry.coroutine) for entry in schedule()} <= set(TASKS)


def test_every_scheduled_job_has_a_timeout_and_runs_once_for_all_workers() -> None:
    assert all(entry.unique and entry.timeout_s for entry in schedule())


@pytest.mark.parametrize(("error", "raised"), [(DatabaseUnavailable("db", "gone"), Retry), (UnknownJob(1), UnknownJob)])
async def test_a_scheduled_task_waits_for_what_is_away(error: Exception, raised: type[Exception]) -> None:
    async def task(ctx: TaskContext) -> int:
        raise error

    with pytest.raises(raised):
        await patient(task)({})

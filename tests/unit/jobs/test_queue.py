"""How arq is set up: what its defaults would get wrong."""

from __future__ import annotations

from candlewick.jobs.queue import redis_settings
from candlewick.jobs.schedule import schedule
from candlewick.jobs.tasks import TASKS


def test_a_restart_of_redis_is_waited_out() -> None:
    settings = redis_settings("redis://:pw@redis.example:6380/2")

    assert (settings.host, settings.port, settings.database, settings.password) == ("redis.example", 6380, 2, "pw")
    assert settings.retry is not None
    assert settings.retry_on_error


def test_a_socket_is_reached() -> None:
    assert redis_settings("unix:///run/redis.sock?db=1").unix_socket_path == "/run/redis.sock"


def test_what_is_scheduled_is_a_task() -> None:
    assert {entry.coroutine for entry in schedule()} <= set(TASKS)


def test_every_scheduled_job_has_a_timeout_and_runs_once_for_all_workers() -> None:
    assert all(entry.unique and entry.timeout_s for entry in schedule())

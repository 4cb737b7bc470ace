"""Services are shared by the commands of a data folder and end with the last of them, however that ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from candlewick.embedded import private_services
from candlewick.embedded.folder import ServiceFolder, Status
from candlewick.embedded.locks import is_held_alone
from embedded_services import (
    command,
    eventually,
    everything_stopped,
    postgres_folder,
    valkey_folder,
)


@pytest.fixture(autouse=True)
def nothing_left(used_data_dir: Path) -> Iterator[None]:
    yield
    assert eventually(lambda: everything_stopped(used_data_dir))


async def answers(url: str | None) -> bool:
    assert url is not None
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        await connection.close()


async def test_two_processes_share_one_server(used_data_dir: Path) -> None:
    with command(used_data_dir) as other:
        theirs = other.urls()
        server = postgres_folder(used_data_dir).read_server_pid()

        with private_services(used_data_dir, redis=False) as ours:
            assert ours.database == theirs.database
            assert postgres_folder(used_data_dir).read_server_pid() == server
            other.end()
            assert await answers(ours.database)


async def test_two_processes_that_start_at_once_share_one_server(used_data_dir: Path) -> None:
    with command(used_data_dir) as one, command(used_data_dir) as other:
        assert one.urls() == other.urls()


async def test_nothing_runs_once_the_last_command_has_left(used_data_dir: Path) -> None:
    with private_services(used_data_dir):
        assert is_held_alone(postgres_folder(used_data_dir).server_lock)
        assert is_held_alone(valkey_folder(used_data_dir).server_lock)

    assert everything_stopped(used_data_dir)


async def test_sigkill_of_the_last_command_stops_the_services_within_seconds(used_data_dir: Path) -> None:
    with command(used_data_dir, "both") as only:
        only.urls()
        only.kill()

    assert eventually(lambda: everything_stopped(used_data_dir), seconds=5)


async def test_command_that_comes_while_the_services_stop_gets_running_ones(used_data_dir: Path) -> None:
    for _ in range(3):
        with command(used_data_dir) as earlier:
            earlier.urls()
            earlier.kill()
        with private_services(used_data_dir, redis=False) as urls:
            assert await answers(urls.database)


async def test_ctrl_c_in_the_terminal_leaves_the_services_to_the_command(used_data_dir: Path) -> None:
    with command(used_data_dir) as interrupted:
        urls = interrupted.urls()
        os.killpg(interrupted.process.pid, signal.SIGINT)

        assert await answers(urls.database)


async def test_killed_keeper_takes_its_servers_along_and_the_next_command_starts_anew(used_data_dir: Path) -> None:
    with command(used_data_dir, "both") as first:
        first.urls()
        database, redis = postgres_folder(used_data_dir), valkey_folder(used_data_dir)
        for folder in (database, redis):
            os.kill(keeper_of(folder.read_server_pid()), signal.SIGKILL)
        assert eventually(lambda: everything_stopped(used_data_dir), seconds=5)

        with private_services(used_data_dir) as urls:
            assert await answers(urls.database)
            assert urls.redis is not None
            async with Redis.from_url(urls.redis) as client:
                assert await client.ping()


async def test_crashed_server_is_started_again(used_data_dir: Path) -> None:
    with private_services(used_data_dir, redis=False) as urls:
        crashed = postgres_folder(used_data_dir).read_server_pid()
        assert crashed is not None
        os.kill(crashed, signal.SIGKILL)

        assert eventually(lambda: postgres_folder(used_data_dir).read_server_pid() != crashed)
        assert eventually(lambda: is_ready(postgres_folder(used_data_dir)))
        assert await answers(urls.database)


async def test_pid_file_of_a_lost_server_does_not_keep_the_next_from_starting(used_data_dir: Path) -> None:
    with private_services(used_data_dir, redis=False):
        pass
    # As after a power failure, when the number has gone to another process: to us.
    stale = postgres_folder(used_data_dir).path / "cluster" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n/elsewhere\n1\n5432\n/tmp\n\n0 0\nready\n")

    with private_services(used_data_dir, redis=False) as urls:
        assert await answers(urls.database)


async def test_data_outlives_the_services(used_data_dir: Path) -> None:
    with private_services(used_data_dir) as urls:
        assert urls.database is not None
        assert urls.redis is not None
        connection = await asyncpg.connect(urls.database)
        await connection.execute("CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)")
        await connection.close()
        async with Redis.from_url(urls.redis) as redis:
            await redis.set("kept", "7")

    with private_services(used_data_dir) as urls:
        assert urls.database is not None
        assert urls.redis is not None
        connection = await asyncpg.connect(urls.database)
        assert await connection.fetchval("SELECT value FROM kept") == 7
        await connection.close()
        async with Redis.from_url(urls.redis) as redis:
            assert await redis.get("kept") == b"7"


async def test_other_data_folder_is_left_alone(used_data_dir: Path, data_dir: Path) -> None:
    with command(used_data_dir, "both") as existing:
        existing_urls = existing.urls()

        with private_services(data_dir) as urls:
            assert urls.database != existing_urls.database
            assert urls.redis != existing_urls.redis

        assert await answers(existing_urls.database)
        assert is_held_alone(valkey_folder(used_data_dir).server_lock)


def is_ready(folder: ServiceFolder) -> bool:
    note = folder.read_note()
    return note is not None and note.status is Status.READY


def keeper_of(server: int | None) -> int:
    """The parent of the server's process (4th field of proc(5)'s stat)."""
    return int(Path(f"/proc/{server}/stat").read_text().rsplit(")", 1)[1].split()[1])

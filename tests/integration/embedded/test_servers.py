"""What kind of servers these are: private, durable, set as Candlewick needs them, plain about failures."""

from __future__ import annotations

import os
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from candlewick.domain.errors import PrivateServiceFailed
from candlewick.embedded import PostgresInstallation, ServiceUrls, Source, postgres_installations, private_services
from candlewick.embedded.account import make_folder, server_account
from candlewick.embedded.errors import NotPostgres
from candlewick.embedded.postgres import Postgres
from embedded_services import postgres_folder, valkey_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another account")
WITH_TIMESCALEDB = [one for one in postgres_installations() if one.has_timescaledb]
WHEELS = [one for one in postgres_installations() if one.source is Source.WHEEL]


async def ask(urls: ServiceUrls, statement: str) -> object:
    assert urls.database is not None
    connection = await asyncpg.connect(urls.database)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_database_is_durable_and_speaks_utc(used_data_dir: Path) -> None:
    with private_services(used_data_dir, redis=False) as urls:
        for name, value in {
            "synchronous_commit": "on",
            "fsync": "on",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
            "max_locks_per_transaction": "256",
            "jit": "off",
        }.items():
            assert await ask(urls, f"SHOW {name}") == value, name


async def test_sqlalchemy_takes_the_url(used_data_dir: Path) -> None:
    with private_services(used_data_dir, redis=False) as urls:
        assert urls.database is not None
        engine = create_async_engine(urls.database.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT current_database()")) == "candlewick"
        await engine.dispose()


async def test_database_is_not_on_the_network_and_wants_its_password(used_data_dir: Path) -> None:
    with private_services(used_data_dir, redis=False) as urls:
        assert urls.database is not None
        assert await ask(urls, "SHOW listen_addresses") == ""
        password = urlsplit(urls.database).password
        assert password is not None
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(urls.database.replace(password, "wrong"))


async def test_redis_is_on_loopback_wants_its_password_and_appends(used_data_dir: Path) -> None:
    with private_services(used_data_dir, database=False) as urls:
        assert urls.database is None
        assert urls.redis is not None
        async with Redis.from_url(urls.redis) as redis:
            wanted = {"bind": "127.0.0.1", "appendonly": "yes", "appendfsync": "everysec"}
            assert await redis.config_get(*wanted) == wanted
        async with Redis(port=urlsplit(urls.redis).port or 0) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()


async def test_redis_finds_another_port_when_its_last_one_is_taken(used_data_dir: Path) -> None:
    with private_services(used_data_dir, database=False) as urls:
        last = urlsplit(urls.redis).port
    assert last is not None

    with socket.create_server(("127.0.0.1", last)), private_services(used_data_dir, database=False) as urls:
        assert urlsplit(urls.redis).port != last


async def test_secrets_are_ours_alone(used_data_dir: Path) -> None:
    with private_services(used_data_dir) as urls:
        assert "password" not in repr(urls)
        assert str(urls.database) not in repr(urls)
        for folder in (postgres_folder(used_data_dir).path, valkey_folder(used_data_dir).path):
            readable = [path.name for path in folder.iterdir() if path.is_file() and path.stat().st_mode & 0o077]
            assert readable == []


async def test_options_reach_the_server(data_dir: Path) -> None:
    with private_services(data_dir, redis=False, postgres_options={"work_mem": "7MB"}) as urls:
        assert await ask(urls, "SHOW work_mem") == "7MB"


async def test_option_that_postgresql_refuses_is_quoted_from_its_log(data_dir: Path) -> None:
    options = {"work_mem": "plenty"}

    with (
        pytest.raises(PrivateServiceFailed, match='invalid value for parameter "work_mem": "plenty"') as caught,
        private_services(data_dir, redis=False, postgres_options=options),
    ):
        pass

    assert str(postgres_folder(data_dir).server_log) in str(caught.value)


async def test_long_data_folder_is_no_obstacle(data_dir: Path) -> None:
    deep = data_dir / ("deep" * 30)

    with private_services(deep, redis=False) as urls:
        assert await ask(urls, "SELECT 1") == 1


async def test_named_folder_without_postgresql_is_refused_by_name(data_dir: Path) -> None:
    with pytest.raises(NotPostgres, match=str(data_dir)), private_services(data_dir, postgres_bin=data_dir):
        pass


async def test_cluster_of_another_major_version_is_refused(data_dir: Path) -> None:
    cluster = postgres_folder(data_dir).path / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")

    with pytest.raises(PrivateServiceFailed, match="was written by PostgreSQL 12"), private_services(data_dir):
        pass


@pytest.mark.skipif(not WHEELS, reason="needs the extra `embedded`")
async def test_cluster_that_was_used_with_timescaledb_wants_it_again(data_dir: Path) -> None:
    cluster = postgres_folder(data_dir).path / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text(f"{WHEELS[0].major}\n")
    (cluster / "postmaster.opts").write_text('/bin/postgres "--shared_preload_libraries=timescaledb"\n')

    with (
        pytest.raises(PrivateServiceFailed, match="was used with TimescaleDB"),
        private_services(data_dir, redis=False, postgres_bin=WHEELS[0].bin_dir),
    ):
        pass


@pytest.mark.parametrize("installation", WITH_TIMESCALEDB, ids=lambda one: f"{one.source}-{one.version}")
async def test_timescaledb_is_loaded_where_it_is_offered(data_dir: Path, installation: PostgresInstallation) -> None:
    options = {"timescaledb.license": "apache"}

    with private_services(data_dir, redis=False, postgres_bin=installation.bin_dir, postgres_options=options) as urls:
        await ask(urls, "CREATE EXTENSION timescaledb")
        assert await ask(urls, "SHOW timescaledb.license") == "apache"
        assert await ask(urls, "SHOW timescaledb.telemetry_level") == "off"
        assert urls.postgres is not None
        assert urls.postgres.has_timescaledb


@pytest.mark.skipif(not WHEELS, reason="needs the extra `embedded`")
async def test_wheel_serves_and_says_that_it_is_not_timescaledb(data_dir: Path) -> None:
    with private_services(data_dir, redis=False, postgres_bin=WHEELS[0].bin_dir) as urls:
        assert await ask(urls, "SELECT 1") == 1
        assert urls.postgres is not None
        assert not urls.postgres.has_timescaledb


@as_root
def test_root_runs_postgresql_as_another_account(used_data_dir: Path) -> None:
    with private_services(used_data_dir, redis=False):
        assert Path(f"/proc/{postgres_folder(used_data_dir).read_server_pid()}").stat().st_uid != 0


@as_root
async def test_data_folder_that_the_account_cannot_enter_is_named(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)

    with (
        pytest.raises(PrivateServiceFailed, match=f"cannot enter {closed}.*CANDLEWICK_DATA_DIR"),
        private_services(closed, redis=False),
    ):
        pass


@as_root
@pytest.mark.skipif(not WHEELS, reason="needs the extra `embedded`")
async def test_wheel_in_a_closed_folder_is_copied(data_dir: Path) -> None:
    """As a virtual environment below /root is."""
    closed, package = data_dir / "closed", WHEELS[0].bin_dir.parent.parent
    closed.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
    hidden = replace(WHEELS[0], bin_dir=closed / WHEELS[0].bin_dir.relative_to(package.parent))
    folder = postgres_folder(data_dir)
    make_folder(folder.path, server_account())

    server = Postgres(folder, hidden, {})
    server.prepare()
    try:
        server.start(time.monotonic() + 30)
        assert await ask(ServiceUrls(server.url, None), "SELECT 1") == 1
    finally:
        server.stop()

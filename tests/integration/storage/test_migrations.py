"""Migrations: up, down, twice, from two processes at once; and databases that cannot be used."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url

from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import DatabaseUnavailable, SchemaOutOfDate, UnknownRevision, UnsupportedDatabase
from candlewick.domain.market import Instrument
from candlewick.domain.raw import DeadLetter, LetterKind
from candlewick.storage import versions
from candlewick.storage.capabilities import Capability, Facts, capabilities_of
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from candlewick.storage.schema import current_revision, head_revision, migrate, require_head
from databases import Offer, create_database, drop_database
from markets import LATER, new_instrument
from working import begun, new_job

_MIGRATE = "import asyncio, sys; from candlewick.storage.schema import migrate; asyncio.run(migrate(sys.argv[1]))"
_OBJECTS = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p') ORDER BY 1
"""


@pytest.fixture
async def empty(offer: Offer) -> AsyncIterator[str]:
    url = await create_database(offer)
    yield url
    await drop_database(offer, url)


async def test_from_empty_to_head_and_back(empty: str, offer: Offer) -> None:
    head = head_revision()
    assert await migrate(empty, timescaledb=offer.timescaledb) == (None, head)
    assert await migrate(empty, timescaledb=offer.timescaledb) == (head, head)
    database = await Database.open(empty)
    await require_head(database)
    assert database.capabilities.edition is offer.edition
    await database.close()
    assert await migrate(empty, "base") == (head, None)
    database = await Database.open(empty)
    async with database.driver() as driver:
        assert [row["relname"] for row in await driver.fetch(_OBJECTS)] == ["alembic_version"]
    await database.close()
    assert await migrate(empty, timescaledb=offer.timescaledb) == (None, head)


async def test_two_processes_at_once(empty: str) -> None:
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", _MIGRATE, empty) for _ in range(2)]
    assert [await process.wait() for process in both] == [0, 0]
    database = await Database.open(empty)
    assert await current_revision(database) == head_revision()
    await database.close()


async def test_the_owner_of_the_database_need_not_be_a_superuser(empty: str, offer: Offer) -> None:
    name, role = make_url(empty).database, f"owner_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(offer.url)
    try:
        await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        await connection.execute(f"ALTER DATABASE {name} OWNER TO {role}")
        url = make_url(empty).set(username=role, password="secret").render_as_string(hide_password=False)
        assert await migrate(url, timescaledb=offer.timescaledb) == (None, head_revision())
        database = await Database.open(url)
        assert database.capabilities.edition is offer.edition
        await database.close()
    finally:
        await drop_database(offer, empty)
        await connection.execute(f"DROP ROLE {role}")
        await connection.close()


async def test_tables_of_another_version_are_named(empty: str) -> None:
    database = await Database.open(empty)
    with pytest.raises(SchemaOutOfDate, match=r"at migration none, this version needs .* run `candlewick migrate`"):
        await require_head(database)
    await database.close()


async def test_a_database_that_is_down_says_where_and_why() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(DatabaseUnavailable, match=rf"127.0.0.1:{port}/nowhere does not answer") as caught:
        await Database.open(f"postgresql://someone:secret@127.0.0.1:{port}/nowhere")
    assert "secret" not in str(caught.value)
    assert caught.value.retryable


async def test_a_connection_that_breaks_in_use_is_unavailable_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.driver() as driver:
            await driver.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    await database.ping()


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Facts(140_012, None, None), "PostgreSQL 14.12"),
        (Facts(150_018, "2.11.0", "timescale"), "TimescaleDB 2.11.0"),
    ],
)
def test_a_database_that_is_too_old_is_refused(facts: Facts, found: str) -> None:
    with pytest.raises(UnsupportedDatabase, match=found):
        capabilities_of(facts)


def test_capabilities_decide_not_names() -> None:
    assert capabilities_of(Facts(170_006, "2.19.3", "apache")).names == ("hypertables",)
    assert set(capabilities_of(Facts(150_018, "2.28.3", "timescale")).names) == {name.value for name in Capability}
    assert capabilities_of(Facts(150_018, None, None)).names == ()


async def test_a_revision_that_is_not_known_is_answered_with_those_that_are(empty: str) -> None:
    with pytest.raises(
        UnknownRevision, match="this version knows 0001, 0002, 0003, 0004, 0005, 0006, 0007, head and base"
    ):
        await migrate(empty, "9999")


async def test_what_was_committed_before_there_was_a_relay_is_not_relayed(empty: str, offer: Offer) -> None:
    await migrate(empty, "0002", timescaledb=offer.timescaledb)
    database = await Database.open(empty)
    instrument = await new_instrument(database)
    await commit_one(database, instrument)
    await migrate(empty)
    await commit_one(database, instrument)
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        assert [commit.notice.version for commit in await relay.fresh(10)] == [2]
    await database.close()


async def test_jobs_go_with_their_tables_and_all_else_stays(empty: str, offer: Offer) -> None:
    await migrate(empty, timescaledb=offer.timescaledb)
    database = await Database.open(empty)
    instrument = await new_instrument(database)
    await commit_one(database, instrument)
    job = await Jobs(database).submit(new_job())
    await Jobs(database).fail((await begun(database, job)).lease, "no")
    await DeadLetters(database).keep([DeadLetter("test", "a row", LetterKind.CLASH, "taken", "1,2,3")])
    assert await migrate(empty, "0002") == (head_revision(), "0002")
    async with database.driver() as driver:
        assert [row["kind"] for row in await driver.fetch("SELECT kind FROM dead_letter")] == ["CLASH"]
        with pytest.raises(asyncpg.CheckViolationError):
            await driver.execute("UPDATE dead_letter SET kind = 'JOB'")
    await migrate(empty)
    assert await Jobs(database).job(job.id) is None
    assert await StoredCommits(database).versions([instrument.id]) == {instrument.id: 1}
    async with StoredCommits(database).relay() as relay:
        assert relay is not None
        assert await relay.fresh(10) == []
    await database.close()


async def commit_one(database: Database, instrument: Instrument) -> None:
    """One commit in the log."""
    async with database.transaction() as driver:
        version = (await versions.lock(driver, instrument.id)).version
        await versions.commit(driver, instrument.id, version, CommitKind.TRADES, LATER, LATER, rows=1, raw_id=None)

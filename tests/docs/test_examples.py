"""The examples in GraphQL, SQL and Python do what the pages say."""

from __future__ import annotations

import json

import asyncpg
import httpx
import pytest

from candlewick.embedded import private_services
from documented_service import DocumentedService
from documents import Block, blocks

pytestmark = pytest.mark.shared_data


def place(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("block", blocks("graphql"), ids=place)
def test_queries_are_answered(service: DocumentedService, block: Block) -> None:
    is_followed = block.next is not None and block.next.language == "json"
    variables = json.loads(block.next.text) if block.next and is_followed else None

    answer = httpx.post(f"{service.url}/graphql", json={"query": block.text, "variables": variables}).json()

    assert "errors" not in answer, answer


@pytest.mark.parametrize("block", blocks("sql"), ids=place)
async def test_statements_run(service: DocumentedService, block: Block) -> None:
    with private_services(service.data_dir, redis=False) as urls:
        connection = await asyncpg.connect(urls.database)
        try:
            if "drop_chunks" in block.text and not await has_timescaledb(connection):
                pytest.skip("the statement is for TimescaleDB, and this machine offers none")
            change = connection.transaction()
            await change.start()
            await connection.execute(block.text)
            await change.rollback()
        finally:
            await connection.close()


async def has_timescaledb(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"))


@pytest.mark.parametrize("block", blocks("python"), ids=place)
def test_programs_print_what_the_pages_show(service: DocumentedService, block: Block) -> None:
    done = service.run_python(block.text)

    assert done.returncode == 0, done.stderr
    assert block.next is not None
    assert stripped(done.stdout) == stripped(block.next.text)


def stripped(output: str) -> list[str]:
    """The lines, without what nobody sees at their ends."""
    return [line.rstrip() for line in output.rstrip().splitlines()]

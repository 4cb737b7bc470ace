"""Every command on the pages exists; those that are safe to run are run, and print what the pages show.

Then the examples in GraphQL, SQL and Python do what the pages say, with what the commands have put into the database:
all in this file, which is one worker's where tests run side by side.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import httpx
import pytest
from typer.main import get_command

from candlewick.cli.application import program
from candlewick.embedded import private_services
from documented_service import DocumentedService
from documents import Block, Shown, blocks, mentioned_commands, shown_commands

NOT_RUN: Final = {
    "make setup": "makes the environment that the tests run in",
    "make unit": "runs the tests that this is one of",
    "make test": "runs the tests that this is one of",
    "make demo": "runs until Ctrl-C; tests/integration/cli runs `candlewick demo`",
    "docker compose": "needs Docker; tests/unit/test_compose.py reads the file",
    "cp .env.example": "is of Docker's part",
    "git pull": "needs a remote",
    "export ": "changes the reader's shell",
    "candlewick up": "runs until Ctrl-C; tests/integration/cli runs it",
    "candlewick serve": "runs until it is stopped; the server that the others are run against is one",
    "candlewick worker": "runs until it is stopped; tests/integration/cli runs it as part of `candlewick up`",
    "candlewick verify": "asks a venue; tests/integration/cli runs it against a simulated one",
    "candlewick backtest ": "takes more candles than the samples have; tests/integration/cli runs it",
    "candlewick backfill": "asks a venue; tests/integration/cli runs it against a simulated one",
    "candlewick watch": "asks a venue; tests/integration/cli runs it against a simulated one",
    "candlewick ingest": "asks a source; tests/integration/cli runs it against simulated ones",
    "candlewick unwatch": "changes what `candlewick watch` made",
    "candlewick sources": "shows sources in the middle of their work; tests/integration/cli runs it",
    "candlewick dead-letters show": "needs a letter; tests/contract has some",
    "candlewick dead-letters retry": "needs a letter; tests/contract has some",
    "candlewick jobs list": "shows jobs in the middle of their work; tests/integration/cli runs it",
    "candlewick simulate": "runs until it is stopped; tests/integration/cli runs it",
    "candlewick doctor": "tests/integration/cli runs it",
    "candlewick documents ": "tests/unit/cli/test_documents.py registers, lists and removes some",
    "candlewick keys ": "tests/integration/cli makes, lists and revokes a key",
    "candlewick migrate": "tests/integration/cli runs it",
    "curl --data-binary @": "needs a key and a file; tests/integration/uploads sends files",
    "PGPASSWORD=": "opens a prompt",
    "pg_dump ": "needs PostgreSQL's client programs",
    "pg_restore ": "needs PostgreSQL's client programs",
    "psql ": "needs PostgreSQL's client programs",
    ".venv/bin/python bench/": "takes minutes",
}

CLIENTS: Final = "docs/clients/"
"""Pages whose commands are run by tests/clients, each page's in a folder of its own."""


def to_run() -> Iterator[Shown]:
    """The commands that are run: again only where the page shows what that prints."""
    seen = set()
    for one in shown_commands():
        if one.place.startswith(CLIENTS):
            continue
        if not one.command.startswith(tuple(NOT_RUN)) and (one.output or one.json or one.command not in seen):
            seen.add(one.command)
            yield one


RUN: Final = list(to_run())


def test_every_reason_for_not_running_is_needed() -> None:
    commands = [shown.command for shown in shown_commands()]

    assert [prefix for prefix in NOT_RUN if not any(command.startswith(prefix) for command in commands)] == []


@pytest.mark.parametrize(
    ("place", "command"), sorted({(one.place, one.command) for one in shown_commands()} | set(mentioned_commands()))
)
def test_commands_and_their_options_exist(place: str, command: str) -> None:
    words = shlex.split(command, comments=True)
    assert unknown_word(arguments_of(words)) is None, f"{place}: {command}"


def arguments_of(words: list[str]) -> list[str]:
    """What the program is given: after its name, or after the container that has it as its entry point."""
    for name in ("candlewick", "server"):
        if name in words and not words[0].startswith(("PGPASSWORD", "pg_")):
            rest = words[words.index(name) + 1 :]
            return arguments_of(rest) if "candlewick" in rest else rest
    return []


def unknown_word(words: list[str]) -> str | None:
    """The first word that the program does not know where it stands. Words like COMMAND stand for others."""
    command: Any = get_command(program)
    for word in words:
        if word.startswith("-"):
            known = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
            if word.partition("=")[0] not in known:
                return word
        elif commands := getattr(command, "commands", None):
            if word.isupper():
                continue
            if word not in commands:
                return word
            command = commands[word]
    return None


@pytest.mark.shared_data
@pytest.mark.parametrize("shown", RUN, ids=[f"{one.place}-{one.command.split(maxsplit=3)[:3]}" for one in RUN])
def test_commands_print_what_the_pages_show(service: DocumentedService, shown: Shown) -> None:
    done = service.run(shown.command)

    assert done.returncode == 0, done.stderr
    if shown.output is not None:
        assert words_of(done.stdout) == words_of(shown.output)
    if shown.json is not None:
        assert json.loads(done.stdout) == json.loads(shown.json)


def words_of(output: str) -> list[list[str]]:
    """Line by line, without the width of columns and the seconds that something took."""
    return [re.sub(r"\b\d+\.\d\b", "…", line).split() for line in output.splitlines()]


def place(block: Block) -> str:
    return block.place


@pytest.mark.shared_data
@pytest.mark.parametrize("block", blocks("graphql"), ids=place)
def test_queries_are_answered(service: DocumentedService, block: Block) -> None:
    is_followed = block.next is not None and block.next.language == "json"
    variables = json.loads(block.next.text) if block.next and is_followed else None

    answer = httpx.post(f"{service.url}/graphql", json={"query": block.text, "variables": variables}).json()

    assert "errors" not in answer, answer


@pytest.mark.shared_data
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


@pytest.mark.shared_data
@pytest.mark.parametrize("block", blocks("python"), ids=place)
def test_programs_print_what_the_pages_show(service: DocumentedService, block: Block) -> None:
    done = service.run_python(block.text)

    assert done.returncode == 0, done.stderr
    assert block.next is not None
    assert stripped(done.stdout) == stripped(block.next.text)


def stripped(output: str) -> list[str]:
    """The lines, without what nobody sees at their ends."""
    return [line.rstrip() for line in output.rstrip().splitlines()]

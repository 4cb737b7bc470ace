"""Whether everything is there: told part by part, asked about once however many want to know."""

from __future__ import annotations

import asyncio

import pytest

from candlewick import probe as probes
from candlewick.domain.errors import DatabaseFull
from candlewick.domain.service import DatabaseEdition
from candlewick.probe import FRESH, Check, Probe
from candlewick.storage.capabilities import Capabilities

POSTGRESQL = Capabilities(DatabaseEdition.POSTGRESQL, "PostgreSQL 17", frozenset())


class Counted:
    """A check that counts how often it is asked, and fails when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.wrong: DatabaseFull | None = None

    async def __call__(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.wrong is not None:
            raise self.wrong


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def probe(clock: Hands | None = None, **checks: Check) -> Probe:
    return Probe(POSTGRESQL, checks, clock or Hands())


async def well() -> None:
    """Nothing is wrong."""


async def test_each_component_says_what_is_wrong_with_it() -> None:
    full = Counted()
    full.wrong = DatabaseFull("No space left on device")

    answers = await probe(database=full, redis=well).ready()

    assert answers == {"database": str(full.wrong), "redis": None}


async def test_those_who_ask_at_once_share_one_look() -> None:
    database = Counted()
    one = probe(database=database)

    await asyncio.gather(*(one.ready() for _ in range(50)))

    assert database.asked == 1


async def test_an_answer_gets_old() -> None:
    clock, database = Hands(), Counted()
    one = probe(clock, database=database)
    assert await one.ready() == {"database": None}

    database.wrong = DatabaseFull("No space left on device")
    clock.now += FRESH

    assert await one.ready() == {"database": str(database.wrong)}


async def test_the_next_one_looks_when_the_one_who_looked_has_gone() -> None:
    database = Counted()
    one = probe(database=database)
    first = asyncio.create_task(one.ready())
    second = asyncio.create_task(one.ready())
    await asyncio.sleep(0)
    first.cancel()

    assert await second == {"database": None}


async def test_a_check_that_hangs_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", 0.01)

    async def hang() -> None:
        await asyncio.Event().wait()

    assert await probe(redis=hang).ready() == {"redis": "no answer within 0.01 s"}

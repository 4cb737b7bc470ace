"""Thousands of hostile requests against the program: each is refused or answered, and nothing of our inside is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import pytest

from attacks.corpus import Sent, corpus
from attacks.sending import Outcome, Sender, subscribe
from attacks.server import Target
from attacks.wire import broken_requests, foreign_hosts, hostile_frames, unfinished_requests
from candlewick.graphql.schema import core, schema

AT_ONCE: Final = 8
FEWER: Final = 13
"""Of what is made from the schema, one in so many is sent by each way; `bench/hostile.py` sends all of it."""
CORPUS: Final = corpus(core(schema))


async def all_of[Case](send: Callable[[Case], Awaitable[Outcome]], cases: Iterable[Case]) -> list[Outcome]:
    """What became of each, a few at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Outcome:
        async with turn:
            return await send(case)

    return list(await asyncio.gather(*map(one, cases)))


def some(start: int) -> list[Sent]:
    """All that is made by hand, and one in so many of what is made from the schema."""
    return [case for number, case in enumerate(CORPUS) if not case.generated or number % FEWER == start]


def wrong(outcomes: Sequence[Outcome]) -> list[str]:
    return [line for outcome in outcomes for line in outcome.wrong()]


async def posted(sender: Sender, cases: Sequence[Sent]) -> list[str]:
    outcomes = await all_of(sender.post, cases)
    return [line for case, outcome in zip(cases, outcomes, strict=True) for line in outcome.wrong(refused=case.refused)]


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) > 5_000
    assert len({case.name for case in CORPUS}) == len(CORPUS)


async def test_bodies_of_strangers_hurt_nobody(attacked: Target) -> None:
    assert await posted(attacked.anonymous, some(0)) == []


async def test_bodies_of_those_who_may_do_anything_hurt_nobody(attacked: Target) -> None:
    assert await posted(attacked.admin, some(1)) == []


async def test_messages_on_websockets_hurt_nobody(attacked: Target) -> None:
    sendable = [case for case in some(2) if case.payload is not None and len(case.body) < 60_000]

    async def send(case: Sent) -> Outcome:
        return await attacked.anonymous.frames(case.name, subscribe(str(case.payload)))

    assert wrong(await all_of(send, sendable)) == []


async def test_frames_that_are_none_of_the_protocol_end_their_socket(attacked: Target) -> None:
    frames = list(hostile_frames())
    outcomes = [await attacked.anonymous.frames(name, sent, begin=begin) for name, sent, begin in frames]
    assert wrong(outcomes) == []


async def test_a_name_that_is_not_ours_is_refused(attacked: Target) -> None:
    outcomes = [await attacked.anonymous.raw(name, data) for name, data in foreign_hosts()]
    assert [line for outcome in outcomes for line in outcome.wrong(refused=True)] == []


async def test_requests_that_are_none_are_refused(attacked: Target) -> None:
    outcomes = [await attacked.anonymous.raw(name, data) for name, data in broken_requests()]
    assert wrong(outcomes) == []


HALVES: Final = dict(unfinished_requests())


@pytest.mark.parametrize("name", HALVES)
async def test_half_a_request_is_not_waited_for(attacked: Target, name: str) -> None:
    outcomes = await asyncio.gather(*(attacked.anonymous.raw(name, HALVES[name]) for _ in range(50)))  # each ends
    assert wrong(outcomes) == []
    assert name.endswith("another page") or {outcome.status for outcome in outcomes} <= {0, 100}

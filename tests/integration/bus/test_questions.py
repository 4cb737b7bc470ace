"""Questions through a real Redis: answered once, for all who ask, or not at all within bounded time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from candlewick.bus.questions import LOOK, RedisQuestions
from candlewick.domain.errors import WorkersBusy, WorkerSilent
from candlewick.ports import Question
from working import HANGS, unique

KEPT = timedelta(minutes=1)
LONG = timedelta(seconds=HANGS)


@pytest.fixture
def subject() -> str:
    """A queue of the test's own."""
    return unique("subject")


async def taken(asked: RedisQuestions) -> Question:
    question = await asked.take(LONG)
    assert question is not None
    return question


async def test_who_asks_gets_the_answer(redis: Redis, subject: str) -> None:
    server, worker = RedisQuestions(redis, subject), RedisQuestions(redis, subject)
    asking = asyncio.create_task(server.ask("one", b"how?"))

    question = await taken(worker)
    async with worker.in_hand(question):
        await worker.answer(question, b"so", KEPT)

    assert question.body == b"how?"
    assert timedelta() < question.left <= timedelta(seconds=10)
    assert await asking == b"so"


async def test_what_many_processes_ask_at_once_is_worked_out_once(redis: Redis, subject: str) -> None:
    servers = [RedisQuestions(redis, subject) for _ in range(5)]
    worker = RedisQuestions(redis, subject)
    asking = [asyncio.create_task(server.ask("one", b"how?")) for server in servers for _ in range(3)]

    question = await taken(worker)
    assert await worker.take(timedelta(milliseconds=200)) is None
    await worker.answer(question, b"so", KEPT)

    assert await asyncio.gather(*asking) == [b"so"] * 15


async def test_a_kept_answer_needs_no_worker_and_goes_by_itself(redis: Redis, subject: str) -> None:
    server, worker = RedisQuestions(redis, subject), RedisQuestions(redis, subject)
    asking = asyncio.create_task(server.ask("one", b"how?"))
    await worker.answer(await taken(worker), b"so", KEPT)
    await asking

    another = RedisQuestions(redis, subject)
    assert await another.ask("one", b"how?") == b"so"
    assert (server.outcomes, another.outcomes) == ({"answered": 1}, {"kept": 1})
    assert await worker.take(timedelta(milliseconds=50)) is None
    names = [name async for name in redis.scan_iter(f"candlewick:{subject}:*")]
    assert all([await redis.pttl(name) > 0 for name in names])
    assert 0 < await redis.pttl(f"candlewick:{subject}:answer:one") <= 60_000


async def test_the_next_question_is_taken_by_another_lane(redis: Redis, subject: str) -> None:
    server, worker = RedisQuestions(redis, subject), RedisQuestions(redis, subject)
    asking = [asyncio.create_task(server.ask(key, key.encode())) for key in ("one", "two")]

    questions_ = await asyncio.gather(taken(worker), taken(worker))
    for question in questions_:
        await worker.answer(question, question.body * 2, KEPT)

    assert await asyncio.gather(*asking) == [b"oneone", b"twotwo"]


async def test_what_is_too_much_is_refused(redis: Redis, subject: str) -> None:
    server = RedisQuestions(redis, subject, most=2)
    asking = [asyncio.create_task(server.ask(key, b"")) for key in ("one", "two")]
    async with asyncio.timeout(HANGS):
        while await redis.llen(f"candlewick:{subject}:queue") < 2:  # type: ignore[misc]  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    with pytest.raises(WorkersBusy, match="2 questions wait for workers already, 2 may"):
        await server.ask("three", b"")
    assert (server.outcomes, server.waiting) == ({"busy": 1}, 2)

    for each in asking:
        each.cancel()


async def test_what_nobody_waits_for_any_more_makes_room_and_is_not_worked_out(redis: Redis, subject: str) -> None:
    hasty = RedisQuestions(redis, subject, most=1, patience=timedelta(milliseconds=50))
    with pytest.raises(WorkerSilent, match="no worker with the duty `indicators` answered"):
        await hasty.ask("one", b"")
    patient = RedisQuestions(redis, subject, most=1)

    asking = asyncio.create_task(patient.ask("two", b""))
    question = await taken(patient)
    await patient.answer(question, b"so", KEPT)

    assert question.key == "two"
    assert await asking == b"so"


async def test_the_end_of_a_worker_ends_the_wait_and_its_question_does_not_go_round(redis: Redis, subject: str) -> None:
    server = RedisQuestions(redis, subject, patience=LONG)
    worker = RedisQuestions(redis, subject, lease=2 * LOOK)
    asking = asyncio.create_task(server.ask("one", b"poison"))

    await taken(worker)  # and never heard of again

    with pytest.raises(WorkerSilent, match="the worker that computed this has ended"):
        await asking
    assert await worker.take(timedelta(milliseconds=200)) is None


async def test_a_worker_that_takes_long_is_waited_for(redis: Redis, subject: str) -> None:
    server = RedisQuestions(redis, subject, patience=LONG)
    worker = RedisQuestions(redis, subject, lease=LOOK / 2)
    asking = asyncio.create_task(server.ask("one", b"how?"))

    question = await taken(worker)
    async with worker.in_hand(question):
        await asyncio.sleep(3 * LOOK.total_seconds())
        await worker.answer(question, b"so", KEPT)

    assert await asking == b"so"


async def test_who_leaves_does_not_end_it_for_the_others(redis: Redis, subject: str) -> None:
    server, worker = RedisQuestions(redis, subject), RedisQuestions(redis, subject)
    leaving, staying = (asyncio.create_task(server.ask("one", b"how?")) for _ in range(2))
    question = await taken(worker)

    leaving.cancel()
    await worker.answer(question, b"so", KEPT)

    assert await staying == b"so"


async def test_when_all_have_left_it_is_not_waited_for(redis: Redis, subject: str) -> None:
    server, worker = RedisQuestions(redis, subject), RedisQuestions(redis, subject)
    leaving = [asyncio.create_task(server.ask("one", b"how?")) for _ in range(2)]
    question = await taken(worker)

    for each in leaving:
        each.cancel()
    await asyncio.wait(leaving)
    assert server.waiting == 0

    await worker.answer(question, b"so", KEPT)
    assert await server.ask("one", b"how?") == b"so"


async def test_kept_answers_are_bounded_in_bytes(redis: Redis, subject: str) -> None:
    worker = RedisQuestions(redis, subject, kept_bytes=1_000)
    for number in range(20):
        await worker.answer(Question(str(number), b"", LONG), b"x" * 300, KEPT)

    kept = [name async for name in redis.scan_iter(f"candlewick:{subject}:answer:*")]
    assert len(kept) == 3
    assert await redis.exists(f"candlewick:{subject}:answer:19")
    assert await redis.get(f"candlewick:{subject}:bytes") == b"900"


async def test_an_answer_that_is_given_again_is_kept_once(redis: Redis, subject: str) -> None:
    worker = RedisQuestions(redis, subject, kept_bytes=1_000)
    for text in (b"a", b"b"):
        await worker.answer(Question("one", b"", LONG), text, KEPT)

    assert await worker.ask("one", b"") == b"b"

"""Jobs: asked for, looked at, cancelled, tried again, followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from candlewick.domain import errors
from candlewick.domain.job import BackfillRequest, JobFilter, JobKind, JobStatus
from candlewick.domain.market import DataKind, InstrumentKey
from candlewick.domain.time import Window
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.live.jobs import JobFeed
from candlewick.graphql.types.node import NodeId
from unit.graphql.conftest import client_of
from unit.graphql.fakes import READER, SECRET, START, FakeJobs, FakeServices, a_job
from unit.graphql.sockets import connected, serving, until

BACKFILL = """mutation B($input: BackfillInput!) {
  backfill(input: $input) {
    __typename
    ... on Problem { message }
    ... on Job { number status }
    ... on InvalidRange { from to }
    ... on UnknownInstrument { key }
    ... on SourceUnavailable { source retryable retryAfter }
    ... on JobConflict { idempotencyKey job }
    ... on TooManySteps { steps limit }
  }
}"""
CANCEL = (
    "mutation C($id: ID!) { cancelJob(id: $id) { __typename ... on Job { status } ... on JobFinished { status } } }"
)
RETRY = "mutation R($id: ID!) { retryJob(id: $id) { __typename ... on Job { status } ... on JobNotFailed { status } } }"
RANGE = {"from": "2024-08-01T00:00:00Z", "to": "2024-08-03T00:00:00Z"}
INPUT = {"instruments": ["binance:BTC-USDT"], "range": RANGE}
FIRST = datetime(2024, 8, 1, tzinfo=UTC)
JOB = str(NodeId("Job", 1))


@pytest.fixture
async def operator(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an operator's key."""
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = SECRET
        yield client


async def ask(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, Any]:
    response = await client.post("/graphql", json={"query": query, "variables": variables})
    answer: dict[str, Any] = response.json()
    return answer


async def outcome(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, Any]:
    """What the mutation's one field answered."""
    answer = await ask(client, query, **variables)
    assert "errors" not in answer, answer
    [found] = answer["data"].values()
    return dict(found)


async def test_a_backfill_becomes_a_job(operator: httpx.AsyncClient, services: FakeServices) -> None:
    made = await outcome(operator, BACKFILL, input=INPUT | {"kind": "CANDLES", "idempotencyKey": "k1"})
    assert made == {"__typename": "Job", "number": "7", "status": "QUEUED"}
    request = BackfillRequest(
        [InstrumentKey("binance", "BTC", "USDT")], Window(FIRST, FIRST + timedelta(days=2)), DataKind.CANDLES
    )
    assert services.backfills.calls == [("submit", (request, "k1", SECRET[:8]))]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (
            errors.InvalidRange(FIRST, FIRST + timedelta(days=2), "is in the future"),
            {"__typename": "InvalidRange", "from": "2024-08-01T00:00:00Z", "to": "2024-08-03T00:00:00Z"},
        ),
        (
            errors.UnknownInstrument("binance:BTC-USDT"),
            {"__typename": "UnknownInstrument", "key": "binance:BTC-USDT"},
        ),
        (errors.UnknownVenue("binance", ["demo"]), {"__typename": "UnknownInstrument", "key": "binance:BTC-USDT"}),
        (
            errors.SourceUnavailable("binance", "it says 503", 2.5),
            {"__typename": "SourceUnavailable", "source": "binance", "retryable": True, "retryAfter": 2.5},
        ),
        (
            errors.SourceRefused("binance", 451, "not from here"),
            {"__typename": "SourceUnavailable", "source": "binance", "retryable": False, "retryAfter": None},
        ),
        (errors.JobConflict("k1", 1), {"__typename": "JobConflict", "idempotencyKey": "k1", "job": JOB}),
        (errors.TooManySteps(30_000, 20_000), {"__typename": "TooManySteps", "steps": 30_000, "limit": 20_000}),
    ],
)
async def test_what_may_come_of_a_backfill_is_told_as_it_is(
    operator: httpx.AsyncClient, services: FakeServices, failure: errors.CandlewickError, told: dict[str, object]
) -> None:
    services.backfills.failure = failure
    assert await outcome(operator, BACKFILL, input=INPUT) == told | {"message": str(failure)}


async def test_an_empty_range_is_an_outcome_too(operator: httpx.AsyncClient) -> None:
    found = await outcome(operator, BACKFILL, input=INPUT | {"range": {"from": RANGE["to"], "to": RANGE["from"]}})
    assert found["__typename"] == "InvalidRange"


@pytest.mark.parametrize(
    "wrong",
    [
        {"instruments": []},
        {"instruments": [f"binance:A{n}-USDT" for n in range(101)]},
        {"instruments": ["BTCUSDT"]},
        {"idempotencyKey": ""},
        {"idempotencyKey": "k" * 101},
        {"idempotencyKey": "k\x00"},
    ],
)
async def test_a_faulty_request_is_an_error(operator: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    [error] = (await ask(operator, BACKFILL, input=INPUT | wrong))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(("query", "status"), [(CANCEL, "CANCELLED"), (RETRY, "QUEUED")])
async def test_a_job_is_cancelled_and_tried_again(
    operator: httpx.AsyncClient, services: FakeServices, query: str, status: str
) -> None:
    services.jobs = FakeJobs(a_job())
    assert await outcome(operator, query, id=JOB) == {"__typename": "Job", "status": status}


@pytest.mark.parametrize(
    ("query", "failure", "told"),
    [
        (CANCEL, errors.JobFinished(1, "SUCCEEDED"), {"__typename": "JobFinished", "status": "SUCCEEDED"}),
        (CANCEL, errors.UnknownJob(1), {"__typename": "UnknownJob"}),
        (RETRY, errors.JobNotFailed(1, "RUNNING"), {"__typename": "JobNotFailed", "status": "RUNNING"}),
        (RETRY, errors.JobSuperseded(1, "discover"), {"__typename": "JobSuperseded"}),
        (RETRY, errors.UnknownJob(1), {"__typename": "UnknownJob"}),
    ],
)
async def test_what_may_come_of_it_is_told_as_it_is(
    operator: httpx.AsyncClient,
    services: FakeServices,
    query: str,
    failure: errors.CandlewickError,
    told: dict[str, object],
) -> None:
    services.jobs.failure = failure
    assert await outcome(operator, query, id=JOB) == told


@pytest.mark.parametrize("query", [CANCEL, RETRY])
async def test_an_id_of_something_else_is_refused(operator: httpx.AsyncClient, query: str) -> None:
    [error] = (await ask(operator, query, id=str(NodeId("Asset", 1))))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(("query", "variables"), [(BACKFILL, {"input": INPUT}), (CANCEL, {"id": JOB})])
@pytest.mark.parametrize(("secret", "code"), [(None, "UNAUTHENTICATED"), (READER, "FORBIDDEN")])
async def test_who_may_only_read_changes_nothing(
    services: FakeServices, query: str, variables: dict[str, object], secret: str | None, code: str
) -> None:
    async with client_of(services, HttpOptions(anonymous=True)) as client:
        client.headers.update({"x-api-key": secret} if secret else {})
        answer = await ask(client, query, **variables)
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == code
    assert not services.backfills.calls + services.jobs.calls


@pytest.mark.parametrize(("payload", "code"), [({}, "UNAUTHENTICATED"), ({"apiKey": READER}, "FORBIDDEN")])
async def test_nor_over_a_websocket(services: FakeServices, payload: dict[str, str], code: str) -> None:
    async with serving(services) as app, connected(app) as socket:
        await socket.begin(**payload)
        socket.subscribe("1", CANCEL, id=JOB)
        assert (await socket.receive())["payload"]["errors"][0]["extensions"]["code"] == code


async def test_a_job_says_how_far_it_got(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.jobs = FakeJobs(a_job())
    found = await outcome(
        client,
        "query J($id: ID!) { job(id: $id) { id number kind status instruments range { from to } dataKind error "
        "requestedBy createdAt startedAt finishedAt rate timeLeft "
        "progress { steps done failed running part stored repeated dead } } }",
        id=JOB,
    )
    assert found == {
        "id": JOB,
        "number": "1",
        "kind": "BACKFILL",
        "status": "RUNNING",
        "instruments": ["binance:BTC-USDT"],
        "range": RANGE,
        "dataKind": "TRADES",
        "error": None,
        "requestedBy": "cwk_oper",
        "createdAt": "2024-08-07T23:58:19Z",
        "startedAt": "2024-08-07T23:58:20Z",
        "finishedAt": None,
        "rate": 10.0,
        "timeLeft": "PT1M40S",
        "progress": {
            "steps": 2,
            "done": 1,
            "failed": 0,
            "running": 1,
            "part": 0.5,
            "stored": "1000",
            "repeated": "3",
            "dead": "0",
        },
    }


async def test_a_job_about_nothing_in_particular_says_so(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.jobs = FakeJobs(a_job(arguments={"venue": "binance"}, kind=JobKind.DISCOVER))
    found = await outcome(
        client, "query J($id: ID!) { node(id: $id) { ...on Job { instruments range { from } dataKind } } }", id=JOB
    )
    assert found == {"instruments": [], "range": None, "dataKind": None}


async def test_an_unknown_job_is_null(client: httpx.AsyncClient) -> None:
    assert (await ask(client, "query J($id: ID!) { job(id: $id) { id } }", id=JOB))["data"] == {"job": None}


async def test_jobs_are_listed_page_by_page(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.jobs = FakeJobs(*(a_job(number) for number in range(1, 4)))
    query = """query J($after: String) {
      jobs(filter: {kind: BACKFILL, status: RUNNING}, first: 2, after: $after) {
        nodes { number } pageInfo { hasNextPage endCursor }
      }
    }"""
    first = await outcome(client, query)
    assert [node["number"] for node in first["nodes"]] == ["3", "2"]
    rest = await outcome(client, query, after=first["pageInfo"]["endCursor"])
    assert [node["number"] for node in rest["nodes"]] == ["1"]
    assert services.jobs.calls[0] == ("jobs", (JobFilter(JobKind.BACKFILL, JobStatus.RUNNING), 2, None))


FOLLOW = "subscription J($id: ID!) { job(id: $id) { status progress { done } } }"


async def test_a_job_is_followed_to_its_end(services: FakeServices) -> None:
    job = a_job()
    services.jobs = FakeJobs(job)
    async with serving(services) as app, connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", FOLLOW, id=JOB)
        assert (await socket.data())["job"] == {"status": "RUNNING", "progress": {"done": 1}}
        services.jobs.rows[job.id] = replace(job, status=JobStatus.SUCCEEDED, progress=replace(job.progress, done=2))
        assert (await socket.data())["job"] == {"status": "SUCCEEDED", "progress": {"done": 2}}
        assert (await socket.receive())["type"] == "complete"


async def test_a_job_that_is_not_there_cannot_be_followed(services: FakeServices) -> None:
    async with serving(services) as app, connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", FOLLOW, id=JOB)
        message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT", "jobId": 1}


async def test_a_job_is_read_once_for_all_who_follow_it() -> None:
    job = a_job()
    jobs, followers = FakeJobs(job), 20
    feed = JobFeed(jobs, timedelta(milliseconds=20))

    async def follow() -> None:
        async for _ in feed.follow(job):
            pass

    async with asyncio.TaskGroup() as tasks:
        for _ in range(followers):
            tasks.create_task(follow())
        await until(lambda: len(jobs.calls) > 2)
        jobs.rows[job.id] = replace(job, status=JobStatus.FAILED, finished_at=START)
    assert len(jobs.calls) < followers
    assert not feed._readings

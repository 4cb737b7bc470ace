"""Dead letters: listed for operators, tried again, each with what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from candlewick.domain.letter import LetterFilter
from candlewick.domain.raw import LetterKind, RawId
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.types.node import NodeId
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import READER, SECRET, FakeServices

LIST = """query L($first: Int!, $after: String, $filter: DeadLetterFilter) {
  deadLetters(first: $first, after: $after, filter: $filter) {
    nodes { number kind source subject reason payload attempts resolvedAt job rawPayload { number } }
    pageInfo { hasNextPage endCursor }
  }
}"""
RETRY = """mutation R($ids: [ID!]!) {
  retryDeadLetters(ids: $ids) {
    __typename
    ... on RetriedLetters { letters { result reason job letter { number resolvedAt } } }
    ... on UnknownDeadLetter { letter message }
  }
}"""


@pytest.fixture
async def operator(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = SECRET
        yield client


async def asked(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, Any]:
    response = await client.post("/graphql", json={"query": query, "variables": variables})
    answer: dict[str, Any] = response.json()
    return answer


async def told(client: httpx.AsyncClient, query: str, **variables: object) -> Any:
    answer = await asked(client, query, **variables)
    assert "errors" not in answer, answer
    [found] = answer["data"].values()
    return found


def letter_id(number: int) -> str:
    return str(NodeId("DeadLetter", number))


async def test_unresolved_letters_are_listed_newest_first(operator: httpx.AsyncClient, services: FakeServices) -> None:
    page = await told(operator, LIST, first=3)

    assert [node["number"] for node in page["nodes"]] == ["6", "4", "3"]
    assert page["nodes"][1] == {
        "number": "4", "kind": "MALFORMED", "source": "binance", "subject": "binance:BTC-USDT",
        "reason": "row 4: it is no object", "payload": "[1]", "attempts": 2, "resolvedAt": None, "job": None,
        "rawPayload": {"number": "7"},
    }  # fmt: skip
    assert (page["nodes"][0]["job"], page["nodes"][0]["rawPayload"]) == (str(NodeId("Job", 3)), None)
    assert services.raw_reads.calls == [("records", ((RawId(7),),))]
    assert page["pageInfo"]["hasNextPage"]
    rest = await told(operator, LIST, first=3, after=page["pageInfo"]["endCursor"])
    assert [node["number"] for node in rest["nodes"]] == ["2", "1"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, LetterFilter()),
        ({"resolved": None}, LetterFilter(resolved=None)),
        ({"kind": "CLASH", "source": "kraken", "resolved": True}, LetterFilter(LetterKind.CLASH, "kraken", True)),
    ],
)
async def test_what_is_asked_for_reaches_the_store(
    operator: httpx.AsyncClient, services: FakeServices, given: dict[str, Any], wanted: LetterFilter
) -> None:
    await told(operator, LIST, first=5, filter=given)

    assert services.dead_letters.calls == [("letters", (wanted, 5, None))]


async def test_each_letter_comes_back_with_what_became_of_it(
    operator: httpx.AsyncClient, services: FakeServices
) -> None:
    done = await told(operator, RETRY, ids=[letter_id(number) for number in (1, 2, 3, 4, 1)])

    assert [(each["result"], each["reason"], each["job"]) for each in done["letters"]] == [
        ("RESOLVED", None, None),
        ("STILL_DEAD", "it is still no object", None),
        ("NOT_POSSIBLE", "it is gone", None),
        ("QUEUED", None, str(NodeId("Job", 9))),
    ]
    assert done["letters"][0]["letter"] == {"number": "1", "resolvedAt": "2024-08-08T00:00:00Z"}
    assert services.letter_retry.calls == [("run", ((1, 2, 3, 4), SECRET[:8]))]


async def test_a_letter_that_is_not_there_is_an_outcome(operator: httpx.AsyncClient) -> None:
    done = await told(operator, RETRY, ids=[letter_id(99)])

    assert (done["__typename"], done["letter"]) == ("UnknownDeadLetter", letter_id(99))
    assert "there is no dead letter 99" in done["message"]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([], "`ids` has 0 elements"),
        ([letter_id(number) for number in range(101)], "`ids` has 101 elements"),
        ([str(NodeId("Job", 1))], "the id of one Job, not of a dead letter"),
        (["nonsense"], "is no id that this API gave out"),
    ],
)
async def test_what_is_no_list_of_letters_is_refused(operator: httpx.AsyncClient, ids: list[str], said: str) -> None:
    [error] = (await asked(operator, RETRY, ids=ids))["errors"]

    assert said in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_letter_is_fetched_again_by_its_id(operator: httpx.AsyncClient) -> None:
    query = "query N($id: ID!) { node(id: $id) { id ... on DeadLetter { number kind } } }"

    assert await told(operator, query, id=letter_id(6)) == {"id": letter_id(6), "number": "6", "kind": "JOB"}
    assert await told(operator, query, id=letter_id(66)) is None


@pytest.mark.parametrize(
    "query", ["{ deadLetters { nodes { number } } }", f'{{ node(id: "{letter_id(1)}") {{ id }} }}']
)
async def test_readers_see_no_letters(services: FakeServices, query: str) -> None:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = READER
        [error] = (await asked(client, query))["errors"]

    assert error["extensions"]["code"] == "FORBIDDEN"
    assert services.dead_letters.calls == []


async def test_nobody_without_a_key_sees_letters(ask: Ask) -> None:
    [error] = (await ask("{ deadLetters { nodes { number } } }"))["errors"]

    assert error["extensions"]["code"] == "UNAUTHENTICATED"

"""Backtests through the API: what is asked, refused, and answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.backtest.strategies import STRATEGIES
from candlewick.domain import errors
from candlewick.domain.backtest import (
    AccountRules,
    AtEnd,
    BacktestResult,
    Direction,
    FillAt,
    Sizing,
    SizingKind,
)
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.job import JobKind
from candlewick.graphql.app import HttpOptions
from unit.graphql.backtests import BTC, keep_one
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import SECRET, START, FakeServices, a_job

BACKTEST = """mutation B($input: BacktestInput!) {
  backtest(input: $input) {
    __typename
    ... on Problem { message }
    ... on Job { number kind }
    ... on UnknownStrategy { strategy known }
    ... on UnknownInstrument { key }
    ... on InvalidBacktest { argument }
  }
}"""
USUAL: dict[str, Any] = {
    "instruments": [BTC],
    "spec": {"interval": "H1"},
    "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-06-01T00:00:00Z"},
    "strategy": {"name": "sma_cross"},
}


@pytest.fixture
async def operator(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = SECRET
        yield client


async def submit(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    variables = {"input": USUAL | changes}
    answer: dict[str, Any] = (await client.post("/graphql", json={"query": BACKTEST, "variables": variables})).json()
    return answer


async def test_a_request_becomes_a_job(operator: httpx.AsyncClient, services: FakeServices) -> None:
    answer = await submit(
        operator,
        strategy={"name": "rsi_bands", "parameters": [{"name": "length", "value": 7}]},
        account={
            "capital": "500", "fee": "0", "slippage": "0.001", "sizing": {"cash": "100"}, "direction": "BOTH",
            "fill": "NEXT_CLOSE", "atEnd": "HOLD", "lot": 1,
        },
        origin="VENUE",
        adjust="ALL",
        idempotencyKey="once",
    )  # fmt: skip
    assert answer["data"]["backtest"] == {"__typename": "Job", "number": "9", "kind": "BACKTEST"}
    [(_, (asked, key, requested_by))] = services.backtesting.calls
    assert (key, requested_by) == ("once", "cwk_oper")
    assert [str(each) for each in asked.instruments] == [BTC]
    assert (asked.strategy.name, dict(asked.strategy.parameters)) == ("rsi_bands", {"length": 7})
    assert asked.rules == AccountRules(
        Decimal(500), Decimal(0), Decimal("0.001"), Sizing(SizingKind.CASH, Decimal(100)), Direction.BOTH,
        FillAt.NEXT_CLOSE, AtEnd.HOLD, Decimal(1),
    )  # fmt: skip
    assert (asked.origin, asked.adjustment, str(asked.bar)) == (CandleOrigin.VENUE, Adjustment.ALL, "PT1H")
    assert asked.window.end - asked.window.start == timedelta(days=152)


async def test_what_is_left_out_has_its_default(operator: httpx.AsyncClient, services: FakeServices) -> None:
    await submit(operator)
    [(_, (asked, _, _))] = services.backtesting.calls
    assert (asked.rules, asked.origin, asked.adjustment) == (AccountRules(), None, Adjustment.SPLITS)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"account": {"capital": "-1"}}, {"__typename": "InvalidBacktest", "argument": "capital"}),
        ({"account": {"capital": "0"}}, {"__typename": "InvalidBacktest", "argument": "capital"}),
        ({"account": {"fee": "-0.1"}}, {"__typename": "InvalidBacktest", "argument": "fee"}),
        ({"account": {"sizing": {"fraction": "2"}}}, {"__typename": "InvalidBacktest", "argument": "sizing.fraction"}),
        (
            {"range": {"from": "2024-02-01T00:00:00Z", "to": "2024-01-01T00:00:00Z"}},
            {"__typename": "InvalidRange"},
        ),
        (
            {"strategy": {"name": "sma_cross", "parameters": [{"name": "fast", "value": each} for each in (3, 4)]}},
            {"__typename": "InvalidBacktest", "argument": "strategy.parameters"},
        ),
        ({"spec": {"time": {"every": "PT7H", "timezone": "Europe/Berlin"}}}, {"__typename": "InvalidBacktest"}),
    ],
)  # fmt: skip
async def test_what_cannot_be_run_is_an_outcome(
    operator: httpx.AsyncClient, services: FakeServices, changes: dict[str, Any], problem: dict[str, Any]
) -> None:
    found = (await submit(operator, **changes))["data"]["backtest"]
    assert {name: found[name] for name in problem} == problem
    assert found["message"]
    assert services.backtesting.calls == []


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (errors.UnknownStrategy("moon", ["a", "b"]), {"strategy": "moon", "known": ["a", "b"]}),
        (errors.UnknownInstrument(BTC), {"key": BTC}),
        (errors.UnknownParameter("sma_cross", "x", ["fast"]), {"argument": "sma_cross.x"}),
        (errors.InvalidParameter("sma_cross", "fast", 1e7, 1, 10_000, whole=True), {"argument": "sma_cross.fast"}),
        (errors.UnknownCalendar("XXXX", ["XNYS"]), {"argument": "spec"}),
        (errors.JobConflict("once", 3), {"__typename": "JobConflict"}),
        (errors.InvalidRange(START, START, "is still to come"), {"__typename": "InvalidRange"}),
    ],
)
async def test_so_is_what_the_use_case_refuses(
    operator: httpx.AsyncClient, services: FakeServices, error: Exception, problem: dict[str, Any]
) -> None:
    services.backtesting.failure = error
    found = (await submit(operator))["data"]["backtest"]
    assert {name: found[name] for name in problem} == problem
    assert found["message"] == str(error)


@pytest.mark.parametrize("value", ["NaN", "1e400"])
async def test_a_parameter_that_is_no_number_never_comes_so_far(
    operator: httpx.AsyncClient, services: FakeServices, value: str
) -> None:
    strategy = {"name": "sma_cross", "parameters": [{"name": "fast", "value": 12345}]}
    body = json.dumps({"query": BACKTEST, "variables": {"input": USUAL | {"strategy": strategy}}})
    body = body.replace("12345", value)
    response = await operator.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert "errors" in response.json()
    assert services.backtesting.calls == []


async def test_only_operators_may(ask: Ask, services: FakeServices) -> None:
    answer = await ask(BACKTEST, input=USUAL)
    assert answer["errors"][0]["extensions"]["code"] in {"UNAUTHENTICATED", "FORBIDDEN"}
    assert services.backtesting.calls == []


@pytest.fixture
def result(services: FakeServices) -> BacktestResult:
    """What came of backtest 3, which job 5 ran."""
    return keep_one(services)


QUERY = """query ($id: ID!) { backtest(id: $id) {
  id number strategy every timezone session origin adjust revision engine digest candles warmUp idle pending ruinedAt
  range { from to } parameters { name value }
  account { capital fee fraction cash quantity direction }
  instrument { key } job
  statistics { finalEquity netProfit sharpe maxDrawdown trades heldReturn }
  equity(points: 5) { time equity drawdown held price side }
  trades(first: 1) { nodes { number quantity profit reason entry { price fee } exit { time } }
                     pageInfo { hasNextPage endCursor } }
} }"""


async def test_a_result_is_found_by_its_id_with_curve_and_trades(ask: Ask, result: BacktestResult) -> None:
    listed = (await ask("{ backtests { nodes { id number } } }"))["data"]["backtests"]["nodes"]
    assert listed[0]["number"] == "3"
    found = (await ask(QUERY, id=listed[0]["id"]))["data"]["backtest"]
    statistics = result.statistics
    assert found["statistics"]["finalEquity"] == format(statistics.final_equity, "f")
    assert found["statistics"]["sharpe"] == statistics.sharpe
    assert found["parameters"] == [{"name": "fast", "value": 3.0}, {"name": "slow", "value": 9.0}]
    assert (found["account"]["fraction"], found["account"]["cash"]) == ("1", None)
    assert (found["revision"], found["origin"], found["adjust"], found["every"]) == ("17", "AUTO", "SPLITS", "PT1M")
    assert len(found["equity"]) == 5
    assert found["equity"][-1]["equity"] == result.equity[-1].equity
    deepest = min(point.drawdown for point in result.equity)
    assert min(point["drawdown"] for point in found["equity"]) == deepest
    assert found["trades"]["nodes"][0]["number"] == 1
    assert found["trades"]["pageInfo"]["hasNextPage"]
    after = found["trades"]["pageInfo"]["endCursor"]
    following = await ask(
        "query ($id: ID!, $after: String) { node(id: $id) { ... on Backtest { trades(first: 1, after: $after) "
        "{ nodes { number } } } } }",
        id=found["id"], after=after,
    )  # fmt: skip
    assert following["data"]["node"]["trades"]["nodes"] == [{"number": 2}]


@pytest.mark.usefixtures("result")
async def test_a_job_has_its_results(ask: Ask, services: FakeServices) -> None:
    services.jobs.rows = {5: a_job(5, kind=JobKind.BACKTEST), 6: a_job(6)}
    answer = await ask("{ jobs { nodes { number backtests { number } } } }")
    assert answer["data"]["jobs"]["nodes"] == [
        {"number": "6", "backtests": []},
        {"number": "5", "backtests": [{"number": "3"}]},
    ]


@pytest.mark.usefixtures("result")
@pytest.mark.parametrize("points", [0, -1, 2001])
async def test_a_curve_is_bounded(ask: Ask, points: int) -> None:
    answer = await ask(f"{{ backtests {{ nodes {{ equity(points: {points}) {{ equity }} }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_ids_of_other_things_are_refused(ask: Ask) -> None:
    answer = await ask("query ($id: ID!) { backtest(id: $id) { id } }", id="Sm9iOjE")
    assert "of one Job, not of a backtest" in answer["errors"][0]["message"]
    assert (await ask("query ($id: ID!) { backtest(id: $id) { id } }", id="QmFja3Rlc3Q6OQ"))["data"] == {
        "backtest": None
    }


async def test_a_filter_is_handed_on(ask: Ask, services: FakeServices) -> None:
    where = '{instrument: "binance:BTC-USDT", strategy: "sma_cross", job: "Sm9iOjE"}'
    await ask(f"{{ backtests(filter: {where}, last: 3) {{ nodes {{ id }} }} }}")
    [(_, (where, first, *_))] = services.backtests.calls
    assert (str(where.instrument), where.strategy, where.job_id, first) == (BTC, "sma_cross", 1, 3)


async def test_the_catalogue_says_what_there_is(ask: Ask) -> None:
    answer = await ask(
        "{ strategyCatalogue { name title description lookback indicators "
        "parameters { name default least most whole description } } }"
    )
    found = answer["data"]["strategyCatalogue"]
    assert [each["name"] for each in found] == list(STRATEGIES)
    assert (found[0]["lookback"], found[0]["indicators"]) == (50, ["sma"])
    assert found[0]["parameters"][0] == {
        "name": "fast", "default": 20.0, "least": 1.0, "most": 10_000.0, "whole": True,
        "description": "Length of the fast mean.",
    }  # fmt: skip

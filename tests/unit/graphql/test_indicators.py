"""The catalogue of indicators, and indicators of an instrument's candles, over a desk that only remembers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import RefusedByWorker, WorkerFailed, WorkersBusy, WorkerSilent
from candlewick.domain.hours import Hours, TimeBar
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorQuery
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentId
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.limits import Limits
from candlewick.indicators.catalogue import CATALOGUE
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import FakeServices

QUERY = """query Q($of: [IndicatorInput!]!, $range: TimeRange, $last: Int, $spec: BarSpec! = {interval: H1}) {
  instrument(key: "binance:BTC-USDT") {
    indicators(spec: $spec, of: $of, range: $range, last: $last) {
      name parameters { name value } outputs points { openTime values stable }
    }
  }
}"""
DAY = {"from": "2024-08-08T00:00:00Z", "to": "2024-08-09T00:00:00Z"}


def rsi(**parameters: float) -> dict[str, Any]:
    return {"name": "rsi", "parameters": [{"name": name, "value": value} for name, value in parameters.items()]}


def asked(services: FakeServices) -> IndicatorQuery:
    [(_, (query,))] = services.indicators.calls
    found: IndicatorQuery = query
    return found


async def refusal(ask: Ask, of: list[dict[str, Any]], **variables: object) -> dict[str, Any]:
    [error] = (await ask(QUERY, of=of, **variables))["errors"]
    return {"message": error["message"], **error["extensions"]}


async def test_the_catalogue_says_all_of_every_indicator(ask: Ask) -> None:
    fields = "name title inputs outputs firstValue lookback memory seed source promise"
    answer = await ask(
        f"{{ indicatorCatalogue {{ {fields} parameters {{ name default least most whole description }} }} }}"
    )

    found = {each["name"]: each for each in answer["data"]["indicatorCatalogue"]}
    assert list(found) == list(CATALOGUE)
    assert found["bollinger"]["outputs"] == ["lower", "middle", "upper"]
    assert [each["name"] for each in found["bollinger"]["parameters"]] == ["length", "deviations"]
    assert found["bollinger"]["parameters"][0] | {"description": ""} == {
        "name": "length", "default": 20, "least": 2, "most": 10_000, "whole": True, "description": ""
    }  # fmt: skip
    assert (found["rsi"]["firstValue"], found["rsi"]["memory"]) == (15, "FADING")
    assert all(each[field] for each in found.values() for field in fields.split())


def test_the_server_imports_nothing_that_computes() -> None:
    heavy = ("numba", "pandas", "pandas_ta", "candlewick.indicators.compute")
    script = f"import sys, candlewick.cli.server; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.strip() == "[]"


async def test_series_have_all_parameters_and_a_point_for_each_candle(ask: Ask, services: FakeServices) -> None:
    answer = await ask(QUERY, of=[rsi(length=7), {"name": "macd"}], last=5)

    first, second = answer["data"]["instrument"]["indicators"]
    assert (first["name"], first["outputs"]) == ("rsi", ["rsi"])
    assert first["parameters"] == [{"name": "length", "value": 7.0}]
    assert [each["name"] for each in second["parameters"]] == ["fast", "slow", "signal"]
    assert first["points"][2:4] == [
        {"openTime": "2024-08-08T02:00:00Z", "values": [None], "stable": False},
        {"openTime": "2024-08-08T03:00:00Z", "values": [3.0], "stable": True},
    ]
    assert second["points"][4] == {"openTime": "2024-08-08T04:00:00Z", "values": [4.0, 4.0, 4.0], "stable": True}
    assert asked(services) == IndicatorQuery(
        InstrumentId(1),
        TimeBar(Interval.H1.duration),
        (
            IndicatorChoice("rsi", (("length", 7.0),)),
            IndicatorChoice("macd", (("fast", 12.0), ("slow", 26.0), ("signal", 9.0))),
        ),
        5,
    )


async def test_without_anything_they_are_the_newest_hundred(ask: Ask, services: FakeServices) -> None:
    await ask(QUERY, of=[rsi()])

    assert (asked(services).limit, asked(services).window) == (100, None)


@pytest.mark.parametrize(("last", "limit"), [(None, 24), (3, 3)])
async def test_of_a_range_they_are_all_or_the_newest(
    ask: Ask, services: FakeServices, last: int | None, limit: int
) -> None:
    await ask(QUERY, of=[rsi()], range=DAY, last=last)

    assert asked(services).limit == limit


async def test_candles_may_be_of_any_hours(ask: Ask, services: FakeServices) -> None:
    spec = {"time": {"every": "P1M", "timezone": "Europe/Berlin"}}
    year = {"from": "2024-01-15T00:00:00Z", "to": "2025-01-01T00:00:00Z"}
    await ask(QUERY, of=[rsi()], spec=spec, range=year)

    assert asked(services).bar == TimeBar(Duration(months=1), Hours("Europe/Berlin"))
    assert 12 <= asked(services).limit <= 13


@pytest.mark.parametrize(
    ("of", "message", "facts"),
    [
        ([{"name": "rso"}], "there is no indicator 'rso'; there are ad, adx", {"name": "rso"}),
        ([rsi(span=14)], "rsi has no parameter 'span'; it has length", {"name": "span"}),
        ([rsi(length=0)], "rsi.length is 0: give a whole number from 2 to 10000", {"value": "0.0"}),
        ([rsi(length=10_000_000)], "rsi.length is 1e+07: give a whole number from 2", {"most": 10000}),
        ([rsi(length=14.5)], "rsi.length is 14.5: give a whole number", {"indicator": "rsi"}),
        ([rsi(length=1e308)], "rsi.length is 1e+308: give a whole number", {}),
        ([{"name": "rsi", "parameters": [{"name": "length", "value": 3}] * 2}], "rsi.length is given twice", {}),
        ([], "`of` has 0 elements, it may have 1 to 20", {"limit": 20}),
        ([rsi()] * 21, "`of` has 21 elements, it may have 1 to 20", {"actual": 21}),
    ],
)
async def test_what_cannot_be_computed_is_refused_before_anything_is_asked(
    ask: Ask, services: FakeServices, of: list[dict[str, Any]], message: str, facts: dict[str, Any]
) -> None:
    found = await refusal(ask, of)

    assert found["message"].startswith(message)
    assert found["code"] == "BAD_USER_INPUT"
    assert facts.items() <= found.items()
    assert not services.indicators.calls


@pytest.mark.parametrize("value", ["NaN", "1e999"])
async def test_what_is_no_number_is_no_value(ask: Ask, services: FakeServices, value: str) -> None:
    of = f'[{{name: "rsi", parameters: [{{name: "length", value: {value}}}]}}]'
    answer = await ask(
        f'{{ instrument(key: "binance:BTC-USDT") {{ indicators(spec: {{interval: H1}}, of: {of}) {{ name }} }} }}'
    )

    assert answer["errors"][0]["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert not services.indicators.calls


@pytest.mark.parametrize(
    ("variables", "code", "message"),
    [
        ({"last": 0}, "BAD_USER_INPUT", "`last` is 0, a page has 1 to 5000 rows"),
        ({"last": 5001}, "BAD_USER_INPUT", "`last` is 5001, a page has 1 to 5000 rows"),
        (
            {"range": {"from": "2023-08-08T00:00:00Z", "to": "2024-08-08T00:00:00Z"}},
            "BAD_USER_INPUT",
            "`range` has room for 8784 candles, one answer has 5000 at most",
        ),
    ],
)
async def test_no_answer_has_more_points_than_a_page_has_rows(
    ask: Ask, services: FakeServices, variables: dict[str, Any], code: str, message: str
) -> None:
    found = await refusal(ask, [rsi()], **variables)

    assert found["code"] == code
    assert found["message"].startswith(message)
    assert not services.indicators.calls


async def test_points_of_all_series_count_as_rows() -> None:
    services = FakeServices()
    async with client_of(services, HttpOptions(anonymous=True, limits=Limits(rows=1_000))) as api:
        body = {"query": QUERY, "variables": {"of": [rsi(), rsi()], "last": 501}}
        [error] = (await api.post("/graphql", json=body)).json()["errors"]

    assert error["extensions"] == {"code": "COST_EXCEEDED", "actual": 1002, "limit": 1000}
    assert not services.indicators.calls


async def test_metrics_tell_what_came_of_questions(client: httpx.AsyncClient) -> None:
    page = (await client.get("/metrics")).text

    assert 'candlewick_indicator_questions_total{outcome="answered"} 4.0' in page
    assert "candlewick_indicator_questions_waiting 2.0" in page


@pytest.mark.parametrize(
    ("failure", "code", "facts"),
    [
        (WorkersBusy(256, 256), "WORKERS_BUSY", {"waiting": 256, "limit": 256}),
        (WorkerSilent(10, taken=False), "SERVICE_UNAVAILABLE", {"taken": False}),
        (WorkerFailed("it took too long"), "SERVICE_UNAVAILABLE", {"reason": "it took too long"}),
        (RefusedByWorker("too few", {"needed": 15, "given": 3}), "BAD_USER_INPUT", {"needed": 15, "given": 3}),
    ],
)
async def test_what_workers_do_not_answer_is_told(
    ask: Ask, services: FakeServices, failure: Exception, code: str, facts: dict[str, Any]
) -> None:
    services.indicators.failure = failure

    found = await refusal(ask, [rsi()])

    assert (found["code"], found["message"]) == (code, str(failure))
    assert facts.items() <= found.items()

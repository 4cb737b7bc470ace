"""Event bars through the API: built by a job, served as candles are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain import errors
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.bar_series import BuildBarsRequest
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import READER, SECRET, START, FakeServices

BTC = "binance:BTC-USDT"
BUILD = """mutation B($input: BuildBarsInput!) {
  buildBars(input: $input) {
    __typename
    ... on Problem { message }
    ... on Job { number kind }
    ... on UnknownInstrument { key }
    ... on BarsBeginElsewhere { key begin }
    ... on TooManySeries { key limit }
    ... on JobConflict { idempotencyKey }
    ... on InvalidRange { from to }
  }
}"""
CANDLES = """query C($key: String!, $spec: BarSpec!, $first: Int, $after: String, $last: Int, $before: String) {
  instrument(key: $key) {
    candles(spec: $spec, first: $first, after: $after, last: $last, before: $before) {
      nodes { openTime closeTime close vwap tradeCount status origin coverage }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
}"""
VOLUME = {"event": {"measure": "VOLUME", "threshold": "100"}}


@pytest.fixture
async def operator(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = SECRET
        yield client


async def build(client: httpx.AsyncClient, **input_: Any) -> dict[str, Any]:
    asked = {"instruments": [BTC], "spec": VOLUME["event"]} | input_
    sent = {"query": BUILD, "variables": {"input": asked}}
    answer: dict[str, Any] = (await client.post("/graphql", json=sent)).json()
    return answer


async def test_a_request_becomes_a_job(operator: httpx.AsyncClient, services: FakeServices) -> None:
    spec = {
        "measure": "VALUE",
        "rule": "IMBALANCE",
        "threshold": "1000.50",
        "split": True,
        "expectation": {"span": 5, "fewest": 2},
    }
    answer = await build(
        operator,
        instruments=[BTC, BTC],
        spec=spec,
        **{"from": "2024-08-08T00:00:00Z"},
        restart=True,
        idempotencyKey="k",
    )

    assert answer["data"]["buildBars"] == {"__typename": "Job", "number": "9", "kind": "BUILD_BARS"}
    [(_, (asked, key, requested_by))] = services.bar_building.calls
    wanted = EventBarSpec(
        BarMeasure.VALUE, Decimal("1000.50"), BarRule.IMBALANCE, split=True, expectation=Expectation(5, 2, 100_000)
    )
    assert asked == BuildBarsRequest(asked.instruments, wanted, START, None, restart=True)
    assert list(asked.instruments) == [InstrumentKey.parse(BTC)]
    assert (key, requested_by) == ("k", SECRET[:8])


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (errors.UnknownInstrument(BTC), {"__typename": "UnknownInstrument", "key": BTC}),
        (errors.InvalidRange(START, START, "begins after now"), {"__typename": "InvalidRange"}),
        (errors.BarsBeginElsewhere(BTC, None, START), {"__typename": "BarsBeginElsewhere", "key": BTC, "begin": None}),
        (errors.TooManySeries(BTC, 100), {"__typename": "TooManySeries", "key": BTC, "limit": 100}),
        (errors.JobConflict("k", 3), {"__typename": "JobConflict", "idempotencyKey": "k"}),
    ],
)
async def test_why_there_is_no_job_is_an_outcome(
    operator: httpx.AsyncClient, services: FakeServices, failure: errors.InvalidInput, outcome: dict[str, Any]
) -> None:
    services.bar_building.failure = failure
    answer = (await build(operator))["data"]["buildBars"]
    assert answer["message"] == str(failure)
    assert outcome.items() <= answer.items()


async def test_a_range_the_wrong_way_round_is_an_outcome(operator: httpx.AsyncClient) -> None:
    answer = await build(operator, **{"from": "2024-08-09T00:00:00Z", "to": "2024-08-08T00:00:00Z"})
    assert answer["data"]["buildBars"]["__typename"] == "InvalidRange"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"threshold": "0"}, "above zero"),
        ({"threshold": "-1"}, "above zero"),
        ({"threshold": "NaN"}, "NaN"),
        ({"threshold": "1" + "0" * 31}, "up to 30 digits"),
        ({"measure": "TICK", "threshold": "2.5"}, "ticks are counted"),
        ({"measure": "TICK", "threshold": "3", "split": True}, "a tick cannot be split"),
        ({"expectation": {}}, "imbalance and runs bars"),
        ({"rule": "RUNS", "expectation": {"span": 0}}, "1 to 10000 bars"),
        ({"rule": "RUNS", "expectation": {"fewest": 9, "most": 8}}, "the smaller one first"),
        ({"rule": "RUNS", "expectation": {"fewest": 0}}, "at least 1"),
        ({"rule": "RANGE"}, "RANGE"),
        ({"measure": "DOLLAR"}, "DOLLAR"),
    ],
)
async def test_what_is_no_event_bar_is_the_callers_mistake(
    operator: httpx.AsyncClient, spec: dict[str, Any], words: str
) -> None:
    answer = await build(operator, spec=VOLUME["event"] | spec)
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert words in error["message"]


async def test_a_reader_builds_nothing(services: FakeServices) -> None:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = READER
        [error] = (await build(client))["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert services.bar_building.calls == []


async def test_bars_are_served_as_candles(ask: Ask) -> None:
    answer = await ask(CANDLES, key=BTC, spec=VOLUME, last=2)

    page = answer["data"]["instrument"]["candles"]
    assert page["nodes"] == [
        {
            "openTime": "2024-08-08T00:00:04Z",
            "closeTime": "2024-08-08T00:00:05Z",
            "close": "1.5",
            "vwap": "1.25",
            "tradeCount": 7,
            "status": status,
            "origin": "TRADES",
            "coverage": "COMPLETE",
        }
        for status in ("FINAL", "PROVISIONAL")
    ]
    assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (True, False)


async def test_a_bar_knows_its_place_and_a_candle_has_none(ask: Ask) -> None:
    query = f"""query C($spec: BarSpec!) {{ instrument(key: "{BTC}") {{
      bars: candles(spec: $spec, last: 1) {{ edges {{ node {{ bar {{ number firstSequence lastSequence }} }} }} }}
      candles(spec: {{ interval: M1 }}, last: 1) {{ nodes {{ close bar {{ number }} }} }}
    }} }}"""
    found = (await ask(query, spec=VOLUME))["data"]["instrument"]
    [edge] = found["bars"]["edges"]
    assert edge["node"] == {"bar": {"number": "9", "firstSequence": "90", "lastSequence": "99"}}
    [candle] = found["candles"]["nodes"]
    assert candle["bar"] is None


async def test_cursors_tell_bars_apart_that_open_at_once(ask: Ask, services: FakeServices) -> None:
    first = (await ask(CANDLES, key=BTC, spec=VOLUME, first=3))["data"]["instrument"]["candles"]
    rest = await ask(CANDLES, key=BTC, spec=VOLUME, first=100, after=first["pageInfo"]["endCursor"])
    assert len(rest["data"]["instrument"]["candles"]["nodes"]) == 7
    [_, (_, (_, query))] = services.bars.calls
    assert query.after == (START + timedelta(seconds=1), 2)


async def test_a_cursor_of_other_bars_is_refused(ask: Ask) -> None:
    first = (await ask(CANDLES, key=BTC, spec=VOLUME, first=3))["data"]["instrument"]["candles"]
    other = {"event": {"measure": "VOLUME", "threshold": "200"}}
    answer = await ask(CANDLES, key=BTC, spec=other, first=3, after=first["pageInfo"]["endCursor"])
    assert "another list of bars" in answer["errors"][0]["message"]


async def test_equal_specs_are_one_series_however_they_are_written(ask: Ask) -> None:
    first = (await ask(CANDLES, key=BTC, spec=VOLUME, first=3))["data"]["instrument"]["candles"]
    same = {"event": {"measure": "VOLUME", "threshold": "100.00", "rule": "THRESHOLD", "split": False}}
    answer = await ask(CANDLES, key=BTC, spec=same, first=3, after=first["pageInfo"]["endCursor"])
    assert "errors" not in answer


async def test_bars_that_nobody_built_say_what_to_do(ask: Ask) -> None:
    [error] = (await ask(CANDLES, key="binance:SOL-USDT", spec=VOLUME))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "build them once with the mutation `buildBars`" in error["message"]


async def test_instruments_are_read_together(ask: Ask, services: FakeServices) -> None:
    query = """query C($spec: BarSpec!) {
      a: instrument(key: "binance:BTC-USDT") { candles(spec: $spec) { nodes { close } } }
      b: instrument(key: "binance:ETH-USDT") { candles(spec: $spec) { nodes { close } } }
    }"""
    answer = await ask(query, spec=VOLUME)
    assert len(answer["data"]["b"]["candles"]["nodes"]) == 10
    assert [(name, arguments[0]) for name, arguments in services.bars.calls] == [("read", (1, 2))]


async def test_a_range_bounds_them(ask: Ask, services: FakeServices) -> None:
    query = """query C($spec: BarSpec!) {
      instrument(key: "binance:BTC-USDT") {
        candles(spec: $spec, range: {from: "2024-08-08T00:00:00Z", to: "2024-08-09T00:00:00Z"}) { nodes { close } }
      }
    }"""
    assert "errors" not in await ask(query, spec=VOLUME)
    [(_, (_, asked))] = services.bars.calls
    assert asked.window == Window(START, START + timedelta(days=1))
    assert not asked.coverage


@pytest.mark.parametrize("argument", ["origin: VENUE", "adjust: ALL", "fill: EMPTY"])
async def test_what_only_candles_by_time_can_follow_is_refused(ask: Ask, argument: str) -> None:
    query = f"""query C($spec: BarSpec!) {{
      instrument(key: "{BTC}") {{ candles(spec: $spec, {argument}) {{ nodes {{ close }} }} }}
    }}"""
    [error] = (await ask(query, spec=VOLUME))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "event bars cannot have" in error["message"]


async def test_columns_have_no_event_bars(ask: Ask) -> None:
    query = f"""query C($spec: BarSpec!) {{
      instrument(key: "{BTC}") {{ candleColumns(spec: $spec) {{ openTime }} }}
    }}"""
    [error] = (await ask(query, spec=VOLUME))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "`Instrument.candles` alone" in error["message"]


async def test_an_instrument_tells_what_was_built_of_it(ask: Ask) -> None:
    query = f"""{{ instrument(key: "{BTC}") {{ eventBars {{
      measure rule threshold split expectation {{ span fewest most }} from to bars reached ready error
    }} }} }}"""
    [series] = (await ask(query))["data"]["instrument"]["eventBars"]
    assert series == {
        "measure": "VALUE",
        "rule": "RUNS",
        "threshold": "1000.50",
        "split": True,
        "expectation": {"span": 20, "fewest": 10, "most": 100},
        "from": "2024-08-08T00:00:00Z",
        "to": None,
        "bars": "10",
        "reached": "2024-08-08T00:00:00Z",
        "ready": False,
        "error": None,
    }


async def test_indicators_are_of_candles_by_time(ask: Ask) -> None:
    query = f"""query C($spec: BarSpec!) {{
      instrument(key: "{BTC}") {{ indicators(spec: $spec, of: [{{ name: "sma" }}]) {{ name }} }}
    }}"""
    [error] = (await ask(query, spec=VOLUME))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "`Instrument.candles` alone" in error["message"]

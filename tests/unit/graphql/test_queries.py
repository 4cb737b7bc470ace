"""What the root fields answer."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.domain.day import Adjustment
from candlewick.domain.page import Fill
from candlewick.graphql.types.node import NodeId
from unit.graphql.fakes import FakeServices

INSTRUMENT = """query I($key: String!) {
  instrument(key: $key) {
    id key symbol active tape status assetClass tickSize lotSize
    venue { code name } base { id code assetClass name } quote { code }
  }
}"""


async def test_an_instrument_is_found_by_its_key(ask: Any) -> None:
    found = (await ask(INSTRUMENT, key="binance:BTC-USDT"))["data"]["instrument"]
    del found["id"], found["base"]["id"]
    assert found == {
        "key": "binance:BTC-USDT",
        "symbol": "BTCUSDT",
        "active": True,
        "tape": "TRADES",
        "status": "TRADING",
        "assetClass": "CRYPTO",
        "tickSize": "0.01",
        "lotSize": None,
        "venue": {"code": "binance", "name": "Binance"},
        "base": {"code": "BTC", "assetClass": "CRYPTO", "name": None},
        "quote": {"code": "USDT"},
    }


async def test_an_unknown_instrument_is_null(ask: Any) -> None:
    assert (await ask(INSTRUMENT, key="binance:DOGE-USDT"))["data"] == {"instrument": None}


@pytest.mark.parametrize("key", ["", "BTCUSDT", "binance:BTC", "Binance:BTC-USDT", "binance:BTC-US\x00T"])
async def test_a_malformed_key_is_refused(ask: Any, key: str) -> None:
    answer = await ask(INSTRUMENT, key=key)
    assert answer["data"] == {"instrument": None}
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_candles_go_out_with_every_digit(ask: Any) -> None:
    answer = await ask(
        '{ instrument(key: "binance:BTC-USDT") { candles(spec: {interval: D1}, first: 1) { nodes {'
        " openTime closeTime open high low close volume quoteVolume vwap tradeCount takerBuyVolume status origin"
        " } } } }"
    )
    assert answer["data"]["instrument"]["candles"]["nodes"] == [
        {
            "openTime": "2024-08-08T00:00:00Z",
            "closeTime": "2024-08-09T00:00:00Z",
            "open": "61234.10000000",
            "high": "62000.00000001",
            "low": "61000.00000000",
            "close": "61296.50000000",
            "volume": "12.340000000000000000001",
            "quoteVolume": "755000.1",
            "vwap": "61183.152350081037277147",
            "tradeCount": 42,
            "takerBuyVolume": None,
            "status": "FINAL",
            "origin": "TRADES",
        }
    ]


async def test_trades_go_out_with_every_digit(ask: Any) -> None:
    answer = await ask(
        '{ instrument(key: "binance:BTC-USDT") { trades(first: 1) {'
        " nodes { sequence ts price size side receivedAt } } } }"
    )
    assert answer["data"]["instrument"]["trades"]["nodes"] == [
        {
            "sequence": "9007199254740993",
            "ts": "2024-08-08T00:00:00.123456Z",
            "price": "61234.10000000",
            "size": "0.00100000",
            "side": "BUY",
            "receivedAt": "2024-08-08T00:00:01.123456Z",
        }
    ]


@pytest.mark.parametrize("spec", ["{}", '{interval: H1, time: {every: "PT5M"}}', "{interval: null}", "{interval: H2}"])
async def test_a_bar_spec_names_exactly_one_width(ask: Any, spec: str) -> None:
    query = '{ instrument(key: "binance:BTC-USDT") { candles(spec: SPEC) { nodes { close } } } }'
    answer = await ask(query.replace("SPEC", spec))
    assert "data" not in answer


@pytest.mark.parametrize("spec", [{}, {"interval": "H1", "time": {"every": "PT5M"}}, {"interval": None}])
async def test_a_bar_spec_in_a_variable_names_exactly_one_width(ask: Any, spec: dict[str, Any]) -> None:
    query = (
        'query C($spec: BarSpec!) { instrument(key: "binance:BTC-USDT") { candles(spec: $spec) { nodes { close } } } }'
    )
    assert "data" not in await ask(query, spec=spec)


async def test_every_object_is_found_again_by_its_id(ask: Any) -> None:
    found = (await ask('{ instrument(key: "binance:BTC-USDT") { id venue { id } base { id } } }'))["data"]["instrument"]
    answer = await ask(
        "query N($a: ID!, $b: ID!, $c: ID!) { a: node(id: $a) { ...on Instrument { key } } "
        "b: node(id: $b) { ...on Venue { code } } c: node(id: $c) { __typename ...on Asset { code } } }",
        a=found["id"],
        b=found["venue"]["id"],
        c=found["base"]["id"],
    )
    assert answer["data"] == {
        "a": {"key": "binance:BTC-USDT"},
        "b": {"code": "binance"},
        "c": {"__typename": "Asset", "code": "BTC"},
    }


@pytest.mark.parametrize("node_id", ["SW5zdHJ1bWVudDo5OTk", "QXNzZXQ6OTk5", "VmVudWU6OTk5"])
async def test_an_object_that_is_gone_is_null(ask: Any, node_id: str) -> None:
    assert (await ask("query N($id: ID!) { node(id: $id) { id } }", id=node_id))["data"] == {"node": None}


@pytest.mark.parametrize("node_id", ["", "1", "é", "A" * 5000, "SW5zdHJ1bWVudDp4", "UXVlcnk6MQ", "\x00"])
async def test_an_id_from_elsewhere_is_refused(ask: Any, node_id: str) -> None:
    answer = await ask("query N($id: ID!) { node(id: $id) { id } }", id=node_id)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("number", [2**31, 10**17])
async def test_an_id_that_no_object_can_have_is_refused(ask: Any, number: int) -> None:
    answer = await ask("query N($id: ID!) { node(id: $id) { id } }", id=str(NodeId("Instrument", number)))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_service_says_what_it_runs_on(ask: Any, services: FakeServices) -> None:
    service = (await ask("{ service { edition capabilities } }"))["data"]["service"]
    assert service == {"edition": "TIMESCALEDB_COMMUNITY", "capabilities": list(services.service.capabilities)}


async def test_factors_go_out_as_they_came(ask: Any, services: FakeServices) -> None:
    answer = await ask(
        '{ instrument(key: "binance:BTC-USDT") { '
        "factors(last: 2) { day priceFactor splitFactor referencePrice } all: factors { day } } }"
    )
    found = answer["data"]["instrument"]
    assert found["factors"][0] == {
        "day": "2024-08-09", "priceFactor": "0.9", "splitFactor": "0.03571430", "referencePrice": "645.57"
    }  # fmt: skip
    assert [len(found["factors"]), len(found["all"])] == [2, 3]
    assert sorted(call[1][1] for call in services.days.calls) == [2, 500]


@pytest.mark.parametrize("last", [0, 5_001])
async def test_a_list_of_too_many_factors_is_refused(ask: Any, last: int) -> None:
    answer = await ask('query ($n: Int!) { instrument(key: "binance:BTC-USDT") { factors(last: $n) { day } } }', n=last)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_adjusted_candles_are_asked_of_the_store_and_have_cursors_of_their_own(
    ask: Any, services: FakeServices
) -> None:
    query = """query ($adjust: Adjustment!, $before: String) { instrument(key: "binance:BTC-USDT") {
        candles(spec: {interval: D1}, last: 1, adjust: $adjust, before: $before) { pageInfo { startCursor } } } }"""
    answer = await ask(query, adjust="SPLITS")
    cursor = answer["data"]["instrument"]["candles"]["pageInfo"]["startCursor"]
    assert services.candles.calls[-1][1][1].adjustment is Adjustment.SPLITS
    assert "errors" not in await ask(query, adjust="SPLITS", before=cursor)
    refused = await ask(query, adjust="ALL", before=cursor)
    assert "belongs to another list" in refused["errors"][0]["message"]


async def test_an_adjusted_width_that_cuts_days_is_refused(ask: Any) -> None:
    spec = '{time: {every: "PT36H"}}'
    answer = await ask(
        f'{{ instrument(key: "binance:BTC-USDT") {{ candles(spec: {spec}, adjust: ALL) {{ nodes {{ open }} }} }} }}'
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "whole days or divide a day" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("selection", "asked"),
    [
        ("{ nodes { close } }", False),
        ("{ nodes { coverage } }", True),
        ("{ edges { node { ...Known } } }", True),
        ("{ nodes { ... on Candle { close coverage } } }", True),
    ],
)
async def test_coverage_is_looked_up_only_where_it_is_selected(
    ask: Any, services: FakeServices, selection: str, asked: bool
) -> None:
    fragment = "fragment Known on Candle { coverage }" if "Known" in selection else ""
    answer = await ask(
        f'{{ instrument(key: "binance:BTC-USDT") {{ candles(spec: {{interval: M1}}) {selection} }} }} {fragment}'
    )
    assert "errors" not in answer
    assert services.candles.calls[-1][1][1].coverage is asked


@pytest.mark.parametrize("fill", list(Fill))
async def test_what_stands_in_empty_windows_is_asked_of_the_store(ask: Any, services: FakeServices, fill: Fill) -> None:
    query = """query ($fill: Fill!) { instrument(key: "binance:BTC-USDT") {
        candles(spec: {interval: M1}, fill: $fill) { nodes { open } } } }"""
    assert "errors" not in await ask(query, fill=fill.value)
    assert services.candles.calls[-1][1][1].fill is fill


async def test_gaps_of_many_instruments_are_read_at_once(ask: Any, services: FakeServices) -> None:
    answer = await ask("{ instruments { nodes { gaps(last: 2) { missing } all: gaps { firstSequence } } } }")
    nodes = answer["data"]["instruments"]["nodes"]
    assert [[gap["missing"] for gap in node["gaps"]] for node in nodes] == [["10", "10"]] * len(nodes)
    assert nodes[0]["all"][0] == {"firstSequence": "9007199254740993"}
    assert sorted(call[1][2] for call in services.gaps.calls) == [2, 100]


@pytest.mark.parametrize("last", [0, 501])
async def test_a_list_of_too_many_gaps_is_refused(ask: Any, last: int) -> None:
    answer = await ask('query ($n: Int!) { instrument(key: "binance:BTC-USDT") { gaps(last: $n) { source } } }', n=last)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

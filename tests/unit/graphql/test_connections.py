"""Pages of candles, trades, instruments and assets: which rows, which neighbours, which refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from candlewick.graphql.scalars import serialize_datetime
from unit.graphql.fakes import START, FakeServices

CANDLES = """query C(
  $first: Int, $after: String, $last: Int, $before: String, $range: TimeRange, $origin: CandleOrigin! = AUTO
) {
  instrument(key: "binance:BTC-USDT") {
    page: candles(spec: {interval: H1}, range: $range, origin: $origin,
                  first: $first, after: $after, last: $last, before: $before) {
      nodes { openTime } edges { cursor node { openTime } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""
TRADES = """query T($first: Int, $after: String, $last: Int, $before: String, $range: TimeRange) {
  instrument(key: "binance:BTC-USDT") {
    page: trades(range: $range, first: $first, after: $after, last: $last, before: $before) {
      nodes { sequence } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""


def hour(number: int) -> str:
    return serialize_datetime(START + timedelta(hours=number))


async def read(ask: Any, query: str, **variables: object) -> tuple[list[Any], dict[str, Any]]:
    """The rows' keys and the page info."""
    answer = await ask(query, **variables)
    assert "errors" not in answer, answer
    page = answer["data"]["instrument"]["page"]
    return [next(iter(node.values())) for node in page["nodes"]], page["pageInfo"]


def around(info: dict[str, Any]) -> tuple[bool, bool]:
    return info["hasPreviousPage"], info["hasNextPage"]


async def refusal(ask: Any, query: str, **variables: object) -> dict[str, Any]:
    answer = await ask(query, **variables)
    extensions: dict[str, Any] = answer["errors"][0]["extensions"]
    assert extensions["code"] == "BAD_USER_INPUT"
    return extensions | {"message": answer["errors"][0]["message"]}


async def test_without_arguments_the_newest_hundred_come_in_ascending_order(ask: Any) -> None:
    rows, info = await read(ask, CANDLES)
    assert rows == [hour(n) for n in range(150, 250)]
    assert around(info) == (True, False)


async def test_candles_page_forward_to_the_end_without_loss_or_repetition(ask: Any) -> None:
    seen: list[str] = []
    after, pages = None, []
    while True:
        rows, info = await read(ask, CANDLES, first=90, after=after)
        seen += rows
        pages.append(around(info))
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert seen == [hour(n) for n in range(250)]
    assert pages == [(False, True), (True, True), (True, False)]


async def test_candles_page_backward_to_the_start_without_loss_or_repetition(ask: Any) -> None:
    seen: list[str] = []
    before, pages = None, []
    while True:
        rows, info = await read(ask, CANDLES, last=90, before=before)
        seen = rows + seen
        pages.append(around(info))
        before = info["startCursor"]
        if not info["hasPreviousPage"]:
            break
    assert seen == [hour(n) for n in range(250)]
    assert pages == [(True, False), (True, True), (False, True)]


async def test_trades_page_both_ways_without_loss_or_repetition(ask: Any, services: FakeServices) -> None:
    expected = [str(row.sequence) for row in services.trades.rows]
    first, info = await read(ask, TRADES, first=30)
    rest, end = await read(ask, TRADES, first=30, after=info["endCursor"])
    assert first + rest == expected
    assert (around(info), around(end)) == ((False, True), (True, False))
    back, start = await read(ask, TRADES, last=50, before=end["startCursor"])
    assert back == first
    assert around(start) == (False, True)


async def test_after_alone_reads_on_from_the_cursor(ask: Any) -> None:
    _, info = await read(ask, CANDLES, first=10)
    rows, _ = await read(ask, CANDLES, after=info["endCursor"])
    assert rows == [hour(n) for n in range(10, 110)]


async def test_a_cursor_and_a_range_narrow_each_other(ask: Any) -> None:
    _, info = await read(ask, CANDLES, first=10)
    rows, narrowed = await read(ask, CANDLES, after=info["endCursor"], range={"from": hour(0), "to": hour(12)})
    assert rows == [hour(10), hour(11)]
    assert around(narrowed) == (True, False)


async def test_a_range_alone_has_no_neighbours(ask: Any) -> None:
    rows, info = await read(ask, CANDLES, range={"from": hour(3), "to": hour(5)})
    assert rows == [hour(3), hour(4)]
    assert around(info) == (False, False)


async def test_cursors_that_leave_nothing_between_them_make_an_empty_page(ask: Any, services: FakeServices) -> None:
    _, info = await read(ask, CANDLES, first=2)
    services.candles.calls.clear()
    rows, empty = await read(ask, CANDLES, after=info["startCursor"], before=info["endCursor"])
    assert rows == []
    assert empty == {"hasNextPage": True, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
    assert services.candles.calls == []


async def test_edges_carry_the_cursors_of_their_nodes(ask: Any) -> None:
    answer = await ask(CANDLES, first=3)
    edges = answer["data"]["instrument"]["page"]["edges"]
    rows, _ = await read(ask, CANDLES, first=1, after=edges[1]["cursor"])
    assert rows == [edges[2]["node"]["openTime"]]


@pytest.mark.parametrize("query", [CANDLES, TRADES])
@pytest.mark.parametrize(("argument", "size"), [("first", 1_000_000), ("last", 5001), ("first", -1), ("last", 0)])
async def test_a_page_out_of_bounds_is_refused_with_the_facts(ask: Any, query: str, argument: str, size: int) -> None:
    facts = await refusal(ask, query, **{argument: size})
    assert (facts["argument"], facts["limit"], facts["actual"]) == (argument, 5000, size)


async def test_first_and_last_together_are_refused(ask: Any) -> None:
    facts = await refusal(ask, CANDLES, first=1, last=1)
    assert "not both" in facts["message"]


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_cursor_of_another_width_is_refused(ask: Any, argument: str) -> None:
    _, info = await read(ask, CANDLES, first=1)
    daily = CANDLES.replace("H1", "D1")
    facts = await refusal(ask, daily, **{argument: info["startCursor"]})
    assert "another list" in facts["message"]


async def test_a_range_the_wrong_way_round_is_refused(ask: Any) -> None:
    facts = await refusal(ask, CANDLES, range={"from": hour(5), "to": hour(3)})
    assert "`to` must be after `from`" in facts["message"]


async def test_auto_leaves_the_origin_to_the_store(ask: Any, services: FakeServices) -> None:
    await read(ask, CANDLES)
    await read(ask, CANDLES, origin="VENUE")
    assert [call[1][1].origin for call in services.candles.calls] == [None, "VENUE"]


async def test_an_interval_and_its_duration_are_the_same_series(ask: Any) -> None:
    _, info = await read(ask, CANDLES, first=1)
    every = CANDLES.replace("interval: H1", 'time: {every: "PT60M"}')
    rows, _ = await read(ask, every, first=1, after=info["endCursor"])
    assert rows == [hour(1)]


LISTS = """query L($first: Int! = 50, $after: String, $filter: InstrumentFilter) {
  instruments(first: $first, after: $after, filter: $filter) {
    nodes { key } pageInfo { hasNextPage hasPreviousPage endCursor }
  }
  assets(first: 2) { nodes { code assetClass } pageInfo { endCursor hasNextPage } }
}"""


async def test_instruments_page_in_order_of_their_keys(ask: Any) -> None:
    first = (await ask(LISTS, first=2))["data"]["instruments"]
    rest = (await ask(LISTS, first=2, after=first["pageInfo"]["endCursor"]))["data"]["instruments"]
    keys = [node["key"] for node in first["nodes"] + rest["nodes"]]
    assert keys == ["binance:BTC-USDT", "binance:ETH-USDT", "binance:SOL-USDT"]
    assert (around(first["pageInfo"]), around(rest["pageInfo"])) == ((False, True), (True, False))


async def test_assets_page_in_order_of_their_codes(ask: Any) -> None:
    first = (await ask(LISTS))["data"]["assets"]
    rest = await ask(
        "query A($after: String) { assets(after: $after) { nodes { code } } }", after=first["pageInfo"]["endCursor"]
    )
    codes = [node["code"] for node in first["nodes"] + rest["data"]["assets"]["nodes"]]
    assert codes == ["BTC", "ETH", "SOL", "USDT"]


@pytest.mark.parametrize("first", [501, 0, -1])
async def test_a_list_out_of_bounds_is_refused(ask: Any, first: int) -> None:
    facts = await refusal(ask, LISTS, first=first)
    assert (facts["limit"], facts["actual"]) == (500, first)


@pytest.mark.parametrize("text", ["", "a\x00b", "x" * 101])
async def test_a_filter_that_is_no_text_is_refused(ask: Any, text: str) -> None:
    facts = await refusal(ask, LISTS, filter={"search": text})
    assert facts["argument"] == "search"


async def test_an_operation_may_not_ask_for_too_many_rows(ask: Any) -> None:
    lists = " ".join(f"c{n}: candles(spec: {{interval: M1}}, first: 5000) {{ nodes {{ close }} }}" for n in range(4))
    answer = await ask(f"{{ instruments(first: 3) {{ nodes {{ {lists} }} }} }}")
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes == {"COST_EXCEEDED"}
    assert answer["errors"][0]["extensions"]["limit"] == 25_000

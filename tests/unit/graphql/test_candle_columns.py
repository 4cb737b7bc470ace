"""Candles as columns: the same page as rows have, and no column that nobody wants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from candlewick.domain.columns import ColumnChoice
from unit.graphql.fakes import FakeServices

PAGE = """query P($first: Int, $after: String, $last: Int, $before: String, $range: TimeRange) {
  instrument(key: "binance:BTC-USDT") {
    rows: candles(spec: {interval: H1}, range: $range, first: $first, after: $after, last: $last, before: $before) {
      nodes { openTime closeTime open high low close volume quoteVolume vwap tradeCount takerBuyVolume
              status origin coverage }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
    columns: candleColumns(
      spec: {interval: H1}, range: $range, first: $first, after: $after, last: $last, before: $before
    ) {
      openTime closeTime open high low close volume quoteVolume vwap tradeCount takerBuyVolume status origin coverage
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""


async def both(ask: Any, **variables: object) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = await ask(PAGE, **variables)
    assert "errors" not in answer, answer
    return answer["data"]["instrument"]["rows"], answer["data"]["instrument"]["columns"]


def milliseconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


async def test_the_columns_are_the_rows_turned_on_their_side(ask: Any) -> None:
    rows, columns = await both(ask, last=7)
    info = columns.pop("pageInfo")
    assert info == rows["pageInfo"]
    for name, values in columns.items():
        expected = [node[name] for node in rows["nodes"]]
        if name in {"openTime", "closeTime"}:
            expected = [milliseconds(text) for text in expected]
        assert values == expected, name


async def test_times_are_whole_milliseconds_and_floats_are_numbers(ask: Any) -> None:
    answer = await ask("""{ instrument(key: "binance:BTC-USDT") {
      candleColumns(spec: {interval: H1}, first: 1) { openTime floats { high volume takerBuyVolume } }
    } }""")
    assert answer["data"]["instrument"]["candleColumns"] == {
        "openTime": [1723075200000], "floats": {"high": [62000.00000001], "volume": [12.34], "takerBuyVolume": [None]}
    }  # fmt: skip


async def test_a_cursor_of_columns_goes_on_in_rows_and_the_other_way(ask: Any) -> None:
    _, columns = await both(ask, first=3)
    rows, more = await both(ask, first=2, after=columns["pageInfo"]["endCursor"])
    assert rows["nodes"][0]["openTime"] == "2024-08-08T03:00:00Z"
    assert more["openTime"][0] == milliseconds("2024-08-08T03:00:00Z")
    assert more["pageInfo"]["hasPreviousPage"]


async def test_a_page_of_nothing_has_empty_columns(ask: Any) -> None:
    far = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"}
    rows, columns = await both(ask, range=far)
    assert rows["nodes"] == []
    assert columns.pop("pageInfo") == rows["pageInfo"]
    assert all(values == [] for values in columns.values())


async def test_only_the_columns_that_are_selected_are_read(ask: Any, services: FakeServices) -> None:
    await ask("""
      query { instrument(key: "binance:BTC-USDT") {
        candleColumns(spec: {interval: H1}) { openTime c: close ...F floats { ... on CandleFloats { vwap } } }
      } }
      fragment F on CandleColumns { tradeCount quoteVolume }
    """)
    choice = services.candles.calls[-1][1][-1]
    assert choice == ColumnChoice(
        frozenset({"close", "quote_volume"}), frozenset({"vwap"}), frozenset({"open_time", "trade_count"})
    )


async def test_columns_count_like_rows_against_what_one_operation_may_ask_for(ask: Any) -> None:
    fields = " ".join(
        f"c{n}: candleColumns(spec: {{interval: H1}}, last: 5000) {{ openTime }}" for n in range(6)
    )  # 30,000
    answer = await ask(f'{{ instrument(key: "binance:BTC-USDT") {{ {fields} }} }}')
    assert answer["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"

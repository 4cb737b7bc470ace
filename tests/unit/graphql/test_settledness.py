"""Which answers will be the same for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.graphql.schema import core, schema
from candlewick.graphql.settledness import Spans, spans_of

BTC, ETH = InstrumentKey.parse("binance:BTC-USDT"), InstrumentKey.parse("binance:ETH-USDT")
RANGE = 'range: {from: "2024-08-01T00:00:00Z", to: "2024-08-02T00:00:00Z"}'
HOURS = f"candles(spec: {{interval: H1}}, {RANGE}) {{ nodes {{ close }} pageInfo {{ hasNextPage }} }}"
DAY = Window(datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 8, 2, tzinfo=UTC))


def spans(text: str, **variables: Any) -> Spans | None:
    document = parse(text)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return spans_of(core(schema), document, operation, variables)


def of_btc(selected: str) -> str:
    return f'{{ instrument(key: "binance:BTC-USDT") {{ {selected} }} }}'


def test_candles_of_a_range_stand_for_it() -> None:
    assert spans(of_btc(f"__typename id key {HOURS}")) == {BTC: DAY}


def test_columns_are_candles() -> None:
    assert spans(of_btc(f"candleColumns(spec: {{interval: H1}}, {RANGE}) {{ openTime close }}")) == {BTC: DAY}


def test_the_last_candle_of_a_range_may_reach_beyond_it() -> None:
    until_noon = RANGE.replace("02T00", "01T12")
    assert spans(of_btc(f"candles(spec: {{interval: D1}}, {until_noon}) {{ nodes {{ close }} }}")) == {BTC: DAY}


def test_a_width_without_a_name_counts_as_it_may_reach_at_most() -> None:
    found = spans(of_btc(f'candles(spec: {{time: {{every: "PT90M"}}}}, {RANGE}) {{ nodes {{ close }} }}'))
    assert found == {BTC: Window(DAY.start, datetime(2024, 8, 2, 4, 30, tzinfo=UTC))}


def test_several_lists_are_one_span_and_each_instrument_has_its_own() -> None:
    more = HOURS.replace("2024-08-02", "2024-08-03")
    text = f"""
    query ($key: String!, $wide: Boolean = false) {{
      one: instrument(key: $key) {{ a: {HOURS} ...Wide @include(if: $wide) }}
      two: instrument(key: "binance:ETH-USDT") {{ ... on Instrument {{ {HOURS} }} }}
    }}
    fragment Wide on Instrument {{ b: {more} }}
    """
    assert spans(text, key="binance:BTC-USDT") == {BTC: Window(DAY.start, datetime(2024, 8, 3, tzinfo=UTC)), ETH: DAY}


def test_variables_are_taken_as_execution_will() -> None:
    text = """
    query ($width: Interval = H1, $range: TimeRange!) {
      instrument(key: "binance:BTC-USDT") { candles(spec: {interval: $width}, range: $range) { nodes { close } } }
    }
    """
    given = {"from": "2024-08-01T02:00:00+02:00", "to": "2024-08-02T00:00:00Z"}
    assert spans(text, range=given) == {BTC: DAY}
    assert spans(text, range=given, width="W1") != {BTC: DAY}
    assert spans(text) is None
    assert spans(text, range=given, width="H7") is None


@pytest.mark.parametrize(
    "text",
    [
        "{ __typename }",
        "{ service { version } }",
        of_btc("key"),
        of_btc(f"active {HOURS}"),
        of_btc(f"{HOURS} latest {{ price }}"),
        of_btc(f"{HOURS} ...More") + " fragment More on Instrument { freshness { __typename } }",
        of_btc("candles(spec: {interval: H1}, last: 5) { nodes { close } }"),
        of_btc(HOURS.replace(RANGE, f"{RANGE}, adjust: ALL")),
        of_btc(HOURS.replace("2024-08-02", "2024-07-01")),
        of_btc(HOURS).replace("binance:BTC-USDT", "nonsense"),
        of_btc(HOURS.replace("interval: H1", 'time: {every: "PT1H", session: "XNYS"}')),
        of_btc(HOURS)[:-1] + "service { version } }",
        f"{{ instruments {{ nodes {{ {HOURS} }} }} }}",
        'mutation { unwatch(instruments: ["binance:BTC-USDT"]) { __typename } }',
        'subscription { trades(instruments: ["binance:BTC-USDT"]) { __typename } }',
    ],
)
def test_anything_else_is_not_settled(text: str) -> None:
    assert spans(text) is None

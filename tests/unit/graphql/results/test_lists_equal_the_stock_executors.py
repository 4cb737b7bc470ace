"""Lists of plain fields: data, order, nulls and errors are the stock executor's, whatever is selected and found."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from candlewick.domain.indicator_query import IndicatorPage, IndicatorQuery
from candlewick.domain.market import Side
from candlewick.graphql.executor import Executor
from unit.graphql.fakes import FakeIndicators, FakeServices
from unit.graphql.results.differential import prepared, run
from unit.graphql.results.selections import queries
from unit.graphql.results.writing import WritingCandles

PLENTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ODD: tuple[Any, ...] = (
    None, 2**31, 2**63, -1, 1.5, float("nan"), "", "\N{SNOWMAN}", "text", Decimal("1E+5"), Decimal("NaN"), object(),
    ValueError("kept"), datetime(2024, 8, 8), Side.SELL, True, [], b"x",  # noqa: DTZ001
)  # fmt: skip


async def both(query: str, services: FakeServices, variables: dict[str, Any]) -> tuple[Any, Any]:
    made = prepared(query)
    ours = await run(Executor, made, services, variables)
    again = await run(Executor, made, services, variables)
    assert ours == again, "what is kept of a document changes nothing"
    return ours, await run(StockExecutor, made, services, variables)


@PLENTY
@given(query=queries(), decided=st.fixed_dictionaries({"yes": st.booleans(), "no": st.booleans()}))
async def test_any_selection_is_answered_alike(query: str, decided: dict[str, bool]) -> None:
    ours, stock = await both(query, FakeServices(), decided)
    assert ours == stock
    assert str(ours) == str(stock), "in the same order"


@PLENTY
@given(query=queries(), decided=st.fixed_dictionaries({"yes": st.booleans(), "no": st.booleans()}))
async def test_written_rows_are_the_rows(query: str, decided: dict[str, bool]) -> None:
    services = FakeServices()
    services.candles = WritingCandles()
    ours, stock = await both(query, services, decided)
    assert str(ours) == str(stock)


async def test_a_page_is_written_if_its_rows_are_wanted_once_and_plain() -> None:
    selections = {
        "nodes { open close }": True,
        "nodes { o: open ...F __typename } pageInfo { endCursor }": True,
        "edges { cursor node { open } }": True,
        "nodes { open } more: nodes { close }": False,
        "edges { node { open } } nodes { open }": False,
        "nodes @skip(if: true) { open } edges { node { open } }": True,
        "pageInfo { hasNextPage }": False,
    }
    for selection, expected in selections.items():
        services = FakeServices()
        services.candles = WritingCandles()
        fragment = "fragment F on Candle { ... { high } }" if "...F" in selection else ""
        text = 'query { instrument(key: "binance:BTC-USDT") { candles(spec: {interval: H1}) { %s } } } %s'
        await run(Executor, prepared(text % (selection, fragment)), services, {})
        assert (services.candles.written == 1) == expected, selection


class _Odd(FakeIndicators):
    """Says something that a value cannot be, or can, or no list at all."""

    def __init__(self, odd: Any) -> None:
        super().__init__()
        self.odd = odd

    async def page(self, query: IndicatorQuery) -> IndicatorPage:
        page = await super().page(query)
        return replace(page, lines=[replace(line, outputs=[[*line.outputs[0][:-1], self.odd]]) for line in page.lines])


@pytest.mark.parametrize("odd", [*ODD, 2.5, 7, float("inf")], ids=lambda odd: type(odd).__name__)
@pytest.mark.parametrize("selection", ["values", "v: values stable values @include(if: false)", "openTime values"])
async def test_lists_of_values_are_answered_alike(selection: str, odd: Any) -> None:
    services = FakeServices()
    services.indicators = _Odd(odd)
    of = '[{name: "rsi"}, {name: "ema"}]'
    query = f"""query {{ instrument(key: "binance:BTC-USDT") {{
        indicators(spec: {{interval: H1}}, of: {of}, last: 5) {{ outputs points {{ {selection} }} }} }} }}"""
    ours, stock = await both(query, services, {})
    assert str(ours) == str(stock)


@PLENTY
@given(query=queries(), data=st.data())
async def test_rows_that_no_field_expects_fail_alike(query: str, data: st.DataObject) -> None:
    services = FakeServices()
    for rows in (services.trades.rows, services.quotes.rows):
        number = data.draw(st.integers(len(rows) - 5, len(rows) - 1))
        odd = data.draw(st.sampled_from(ODD))
        name = data.draw(st.sampled_from(rows[number]._fields))
        whole = data.draw(st.integers(0, 5)) == 0
        rows[number] = odd if whole and odd is None else rows[number]._replace(**{name: odd})
    ours, stock = await both(query, services, {"yes": True, "no": False})
    assert ours == stock

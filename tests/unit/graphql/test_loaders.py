"""However many instruments an operation touches, it makes the same few calls."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import UnsupportedInterval
from unit.graphql.fakes import FakeInstruments, FakeServices

EVERYTHING = """{
  instruments(first: 200) {
    nodes {
      key venue { name } base { code } quote { code }
      candles(spec: {interval: H1}, last: 5) { nodes { close } }
      trades(last: 5) { nodes { price } }
    }
  }
}"""


@pytest.fixture
def services() -> FakeServices:
    many = FakeServices()
    many.instruments = FakeInstruments([f"A{n:03}" for n in range(200)])
    return many


async def test_two_hundred_instruments_take_one_call_of_each_port(ask: Any, services: FakeServices) -> None:
    answer = await ask(EVERYTHING)
    assert len(answer["data"]["instruments"]["nodes"]) == 200
    calls = Counter(name for name, _ in services.instruments.calls)
    assert calls == {"instruments": 1, "venues_by_ids": 1, "assets_by_ids": 1}
    assert len(services.candles.calls) == 1
    assert len(services.trades.calls) == 1
    assert len(services.candles.calls[0][1][0]) == 200


async def test_different_questions_are_read_apart(ask: Any, services: FakeServices) -> None:
    await ask("""{ instruments { nodes {
      a: candles(spec: {interval: H1}, last: 5) { nodes { close } }
      b: candles(spec: {interval: H1}, last: 6) { nodes { close } }
    } } }""")
    assert [call[1][1].limit for call in services.candles.calls] == [5, 6]


async def test_many_keys_are_looked_up_at_once(ask: Any, services: FakeServices) -> None:
    fields = " ".join(f'i{n}: instrument(key: "binance:A{n:03}-USDT") {{ symbol }}' for n in range(20))
    answer = await ask(f"{{ {fields} }}")
    assert answer["data"]["i19"] == {"symbol": "A019USDT"}
    assert [name for name, _ in services.instruments.calls] == ["by_keys"]


async def test_an_operation_never_sees_another_ones_rows(client: httpx.AsyncClient, services: FakeServices) -> None:
    query = {"query": '{ instrument(key: "binance:A000-USDT") { base { code } } }'}
    await client.post("/graphql", json=query)
    services.instruments.rows.clear()
    answer = (await client.post("/graphql", json=query)).json()
    assert answer["data"] == {"instrument": None}


async def test_a_read_that_fails_leaves_the_others_alone(ask: Any, services: FakeServices) -> None:
    services.trades.failure = UnsupportedInterval("S1", "nothing")
    answer = await ask(
        '{ instrument(key: "binance:A000-USDT") { candles(spec: {interval: H1}, last: 1) { nodes { close } } } '
        'other: instrument(key: "binance:A001-USDT") { trades(last: 1) { nodes { price } } } }'
    )
    assert answer["data"]["instrument"]["candles"]["nodes"]
    assert answer["data"]["other"] is None

"""The ledger: a set of numbers, whatever the order in which they come, and every row counted."""

from __future__ import annotations

from itertools import pairwise

import httpx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candlewick.providers.simulation.ledger import Channel, Ledger, Ranges
from markets import FrozenClock
from simulated import NOW, asking, small_market


@given(st.lists(st.lists(st.integers(1, 60), max_size=20), max_size=10))
def test_its_ranges_are_the_numbers_that_left(batches: list[list[int]]) -> None:
    ledger = Ledger()
    for batch in batches:
        ledger.record(Channel.STREAM, "X", np.array(batch, dtype=np.int64))

    numbers = [number for batch in batches for number in batch]
    shown = ledger.shown().get("X", {"ever": [], "rows": {"stream": 0}})
    found = [number for first, last in shown["ever"] for number in range(first, last + 1)]
    assert found == sorted(set(numbers))
    assert all(later > earlier + 1 for (_, earlier), (later, _) in pairwise(shown["ever"]))
    assert shown["rows"]["stream"] == len(numbers)


def test_ever_is_the_union_of_the_channels() -> None:
    ledger = Ledger()
    ledger.record_ranges(Channel.REST, "X", [(1, 5)])
    ledger.record_ranges(Channel.ARCHIVES, "X", [(6, 9), (20, 21)])

    assert ledger.shown()["X"] == {
        "rest": [(1, 5)],
        "archives": [(6, 9), (20, 21)],
        "ever": [(1, 9), (20, 21)],
        "rows": {"rest": 5, "archives": 6},
        "complete": True,
    }


def test_too_many_holes_are_said() -> None:
    ranges = Ranges(most=2)
    for number in (1, 3, 5, 4):
        ranges.add(number, number)

    assert ranges.pairs() == [(1, 1), (3, 4)]
    assert not ranges.complete


async def rest_ranges(client: httpx.AsyncClient) -> object:
    return (await client.get("/simulator/ledger")).json()["symbols"]["BTCUSDT"]["rest"]


async def test_pages_of_rest_are_in_it() -> None:
    async with asking(small_market(), FrozenClock(NOW)) as client:
        await client.get("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=100&limit=50")
        await client.get("/api/v3/aggTrades?symbol=BTCUSDT&fromId=150&limit=10")
        await client.get("/api/v3/aggTrades?symbol=BTCUSDT&fromId=1000&limit=2")

        assert await rest_ranges(client) == [[100, 159], [1000, 1001]]


async def test_a_zip_is_in_it_and_its_checksum_is_not() -> None:
    path = "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2025-03-04.zip"
    async with asking(small_market(), FrozenClock(NOW)) as client:
        await client.get(f"{path}.CHECKSUM")
        assert (await client.get("/simulator/ledger")).json() == {"symbols": {}}
        await client.get(path)
        (first, last), *others = (await client.get("/simulator/ledger")).json()["symbols"]["BTCUSDT"]["archives"]

    assert (last - first + 1, others) == (4_000, [])

"""Walks from page to page while data arrives: what was there all the time comes once, and nothing comes twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest

from candlewick.domain.market import Instrument, Side, Trade
from candlewick.storage import tree
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from graphql_client import ask, client
from markets import delivery, new_instrument

START: Final = datetime(2024, 3, 8, tzinfo=UTC)
SPAN: Final = timedelta(days=4)
"""Clocks go forward in New York on the third day."""
LISTS: Final = {
    "trades": ("trades(%s)", "sequence"),
    "minutes": ("candles(spec: {interval: M1}, %s)", "openTime"),
    "hours": ("candles(spec: {interval: H1}, %s)", "openTime"),
    "odd": ("candles(spec: {time: {every: \"PT50M\"}}, %s)", "openTime"),
    "seconds": ("candles(spec: {time: {every: \"PT45S\"}}, %s)", "openTime"),
    "local days": ("candles(spec: {time: {every: \"P1D\", timezone: \"America/New_York\"}}, %s)", "openTime"),
    "local hours": ("candles(spec: {time: {every: \"PT2H\", timezone: \"Asia/Kolkata\"}}, %s)", "openTime"),
}  # fmt: skip


def tape(chance: random.Random, first: int, count: int) -> Iterator[Trade]:
    """Trades at random moments, in bursts."""
    for number in range(first, first + count):
        moment = START + SPAN * chance.choice([chance.random(), chance.random() ** 4])
        yield Trade(number, Decimal(chance.randrange(1, 99)), Decimal(1), Side.BUY, moment)


async def page(
    api: httpx.AsyncClient, instrument: Instrument, name: str, **arguments: object
) -> tuple[list[str], dict[str, Any]]:
    field, key = LISTS[name]
    given = ", ".join(f'{argument}: "{value}"' if isinstance(value, str) else f"{argument}: {value}"
                      for argument, value in arguments.items())  # fmt: skip
    listed = f"{field % given} {{ edges {{ node {{ {key} }} }} pageInfo {{ {INFO} }} }}"
    data = await ask(api, f'{{ instrument(key: "{instrument.key}") {{ page: {listed} }} }}')
    return [edge["node"][key] for edge in data["instrument"]["page"]["edges"]], data["instrument"]["page"]["pageInfo"]


INFO: Final = "hasNextPage hasPreviousPage startCursor endCursor"


async def walk(
    api: httpx.AsyncClient, instrument: Instrument, name: str, *, last: bool, size: int, between: Any = None
) -> list[str]:
    """All rows' keys, in the list's order; `between` is awaited between two pages."""
    end, beyond = ("last", "before") if last else ("first", "after")
    rows, info = await page(api, instrument, name, **{end: size})
    while info["hasPreviousPage" if last else "hasNextPage"]:
        if between is not None:
            await between()
        cursor = info["startCursor" if last else "endCursor"]
        more, info = await page(api, instrument, name, **{end: size, beyond: cursor})
        rows = more + rows if last else rows + more
    return rows


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_the_same_both_ways_and_loses_nothing_while_data_arrives(database: Database, name: str) -> None:
    chance = random.Random(name)
    instrument, store = await new_instrument(database), Trades(database)
    await store.insert(delivery(instrument, tape(chance, 0, 40)))
    await tree.refresh(database, older_than=timedelta())
    number = 1000

    async def arrive() -> None:
        nonlocal number
        await store.insert(delivery(instrument, tape(chance, number, 3)))
        number += 3

    async with client(database) as api:
        for last in (False, True):
            before = await walk(api, instrument, name, last=not last, size=chance.randrange(3, 9))
            assert before == await walk(api, instrument, name, last=last, size=50)
            during = await walk(api, instrument, name, last=last, size=chance.randrange(4, 9), between=arrive)
            assert len(during) == len(set(during))
            assert set(before) <= set(during)
            after = await walk(api, instrument, name, last=last, size=60)
            assert [row for row in after if row in set(during)] == during

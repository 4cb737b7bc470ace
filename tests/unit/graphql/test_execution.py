"""Running subscriptions: nothing is shared between their events, nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from prometheus_client import CollectorRegistry

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradeRow
from candlewick.graphql.cursor import Series
from candlewick.graphql.documents import Documents
from candlewick.graphql.execution import Execution, Operation
from candlewick.graphql.following.group import Teller
from candlewick.graphql.limits import Limits
from candlewick.graphql.live import Live
from candlewick.graphql.metrics import Metrics
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.schema import core, schema
from candlewick.graphql.types.events import TradeBatch
from unit.graphql.fakes import FakeCommits, FakeServices, a_trade

ENDLESS = """subscription ($after: String) {
  trades(instruments: ["binance:BTC-USDT"], after: $after) {
    ... on TradeBatch { instrument cursor trades { sequence price ts side } }
  }
}"""
FROM_THE_START = Series("live trades").cursor("1.0")


class EndlessCommits(FakeCommits):
    """One commit, with ever more trades."""

    async def trades_since(self, *_: Any) -> Page[TradeRow]:
        return Page([a_trade(1)._replace(version=1)], more=True)


def endless(services: FakeServices, query: str = ENDLESS) -> tuple[Execution, Callable[[], AsyncGenerator[bytes]]]:
    """A subscription that always has a next event."""
    services.commit_log = EndlessCommits()
    services.commit_log.make(InstrumentId(1))
    documents = Documents(core(schema), Limits())
    runs = Execution(core(schema), services, Live.over(services), documents, Metrics(CollectorRegistry()))
    operation = Operation.of(documents.prepare(query), Parameters(query, None, {"after": FROM_THE_START}))
    teller = Teller(runs, operation, None, "trace")

    async def told() -> AsyncGenerator[bytes]:
        async with aclosing(teller.batches(await teller.open())) as batches:
            async for batch in batches:
                for payload in await teller.payloads(batch.events):
                    yield payload

    return runs, told


async def test_nothing_is_kept_of_an_event(services: FakeServices) -> None:
    _, told = endless(services)
    payloads, counts = told(), []
    for _ in range(2):
        for _ in range(2_000):
            assert b"errors" not in await anext(payloads)
            await asyncio.sleep(0)  # the loop clears away the time-outs that were not needed
        gc.collect()
        counts.append(len(gc.get_objects()))
    await payloads.aclose()
    assert counts[1] - counts[0] < 200


async def test_a_subscription_that_is_left_is_forgotten(services: FakeServices) -> None:
    runs, told = endless(services)
    payloads = told()
    await anext(payloads)
    await payloads.aclose()
    assert not runs.live.hub._watches


async def test_an_event_of_whose_kind_nothing_is_selected_is_silent(services: FakeServices) -> None:
    query = 'subscription { trades(instruments: ["binance:BTC-USDT"]) { ... on FeedGap { instrument } } }'
    runs, _ = endless(services, query)
    operation = Operation.of(runs.documents.prepare(query), Parameters(query, None, None))
    batch = TradeBatch(instrument="binance:BTC-USDT", trades=[], cursor="x")
    assert (await runs.tell(operation, batch, None, "trace")).silent

"""Streams that carry quotes: the best bid and ask are stored beside trades, as exactly and as they change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from candlewick.clock import SystemClock
from candlewick.domain.page import QuoteQuery
from candlewick.providers.steady_market import SteadyMarket
from candlewick.storage.engine import Database
from integration.faults.coinbase_venue import coinbase_market, open_coinbase
from integration.faults.following import Following
from integration.faults.kraken_venue import kraken_market, open_kraken
from integration.faults.venue import Venue, open_venue, steady_market

RATE = 300
SILENCE = timedelta(seconds=2)


@pytest.mark.parametrize(
    ("market", "opened"),
    [(steady_market, open_venue), (coinbase_market, open_coinbase), (kraken_market, open_kraken)],
    ids=["binance", "coinbase", "kraken"],
)
async def test_bid_and_ask_are_stored_beside_trades(
    market: Callable[[int], SteadyMarket],
    opened: Callable[..., AbstractAsyncContextManager[Venue]],
    database: Database,
    tmp_path: Path,
) -> None:
    async with opened(market(RATE), SystemClock(), SILENCE, quotes=True) as venue:
        following = await Following.of(venue, database, tmp_path)
        async with following.running():
            await following.begun()
            await following.beyond(venue.newest() + 3 * RATE)

        pages = await following.stores.quotes.read([following.instrument.id], QuoteQuery(1_000))
        assert await following.is_whole()

    rows = pages[following.instrument.id].rows
    assert len(rows) >= 3
    assert {row.source for row in rows} == {venue.source.source}
    assert all(Decimal(row.bid or 0) < Decimal(row.ask or 0) for row in rows)
    assert following.connections == 1

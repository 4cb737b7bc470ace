"""All that CoinPaprika can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from candlewick.ports import Clock
from candlewick.providers.coinpaprika.directory import CoinPaprikaDirectory
from candlewick.providers.coinpaprika.history import CoinPaprikaHistory
from candlewick.providers.coinpaprika.listing import SINCE, VENUE
from candlewick.providers.coinpaprika.quotes import CoinPaprikaQuotes
from candlewick.providers.coinpaprika.ranking import CoinPaprikaRanking
from candlewick.providers.coinpaprika.reader import CoinPaprikaReader
from candlewick.providers.coinpaprika.rest import entrance, objection
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Access, Budgets, Source


@asynccontextmanager
async def coinpaprika_source(
    access: Access, clock: Clock, budgets: Budgets, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Source]:
    """The source, for as long as the block lasts; then its connections are closed. `transport` is for tests.

    Raises:
        SettingsError: the key and the plan in the settings do not fit together.
    """
    way_in = entrance(access)
    http = ProviderHttp(
        VENUE,
        way_in.base_url,
        budgets(VENUE, access.weight_per_minute),
        clock,
        bounds=Bounds(total=timedelta(seconds=access.timeout_seconds)),
        headers=way_in.headers,
        objection=objection,
        transport=transport,
    )
    try:
        yield Source(
            source=VENUE,
            since=SINCE,
            directory=CoinPaprikaDirectory(http),
            quotes=CoinPaprikaQuotes(http),
            ranking=CoinPaprikaRanking(http),
            quote_history=CoinPaprikaHistory(http, clock, way_in),
            reader=CoinPaprikaReader(),
            statuses=http.circuits,
        )
    finally:
        await http.aclose()

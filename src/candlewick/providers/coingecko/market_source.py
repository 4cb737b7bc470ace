"""All that CoinGecko can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from candlewick.ports import Clock
from candlewick.providers.coingecko.directory import CoinGeckoDirectory
from candlewick.providers.coingecko.history import CoinGeckoHistory
from candlewick.providers.coingecko.listing import SINCE, VENUE
from candlewick.providers.coingecko.quotes import CoinGeckoQuotes
from candlewick.providers.coingecko.ranking import CoinGeckoRanking
from candlewick.providers.coingecko.reader import CoinGeckoReader
from candlewick.providers.coingecko.rest import entrance, objection
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Access, Budgets, Source


@asynccontextmanager
async def coingecko_source(
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
            directory=CoinGeckoDirectory(http, paid=way_in.paid),
            quotes=CoinGeckoQuotes(http),
            ranking=CoinGeckoRanking(http),
            quote_history=CoinGeckoHistory(http),
            reader=CoinGeckoReader(),
            statuses=http.circuits,
        )
    finally:
        await http.aclose()

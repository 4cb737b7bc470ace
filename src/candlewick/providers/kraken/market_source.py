"""All that Kraken can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from candlewick.ports import Clock
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.kraken.directory import KrakenDirectory
from candlewick.providers.kraken.history import KrakenCandles, KrakenTrades
from candlewick.providers.kraken.listing import SINCE, VENUE
from candlewick.providers.kraken.quotes import KrakenQuotes
from candlewick.providers.kraken.reader import KrakenReader
from candlewick.providers.kraken.rest import objection
from candlewick.providers.kraken.stream import CONNECTIONS_PER_MINUTE, KrakenStream
from candlewick.providers.provider import Access, Budgets, Source, evenly


@asynccontextmanager
async def kraken_source(access: Access, clock: Clock, budgets: Budgets) -> AsyncIterator[Source]:
    """The source, for as long as the block lasts; then its connections are closed."""
    http = ProviderHttp(
        VENUE,
        access.rest_url,
        evenly(budgets, VENUE, access.weight_per_minute),
        clock,
        bounds=Bounds(total=timedelta(seconds=access.timeout_seconds)),
        objection=objection,
    )
    connections = budgets(f"{VENUE}:streams", CONNECTIONS_PER_MINUTE)
    try:
        yield Source(
            source=VENUE,
            since=SINCE,
            trades=KrakenTrades(http),
            candles=KrakenCandles(http, clock),
            directory=KrakenDirectory(http),
            stream=KrakenStream(access.stream_url, connections, clock, quotes=access.stream_quotes),
            quotes=KrakenQuotes(http, clock),
            reader=KrakenReader(),
            statuses=http.circuits,
        )
    finally:
        await http.aclose()

"""All that Coinbase Exchange can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from candlewick.ports import Clock
from candlewick.providers.coinbase.directory import CoinbaseDirectory, CoinbaseQuotes
from candlewick.providers.coinbase.history import CoinbaseCandles, CoinbaseTrades
from candlewick.providers.coinbase.listing import SINCE, VENUE
from candlewick.providers.coinbase.reader import CoinbaseReader
from candlewick.providers.coinbase.stream import CONNECTIONS_PER_MINUTE, CoinbaseStream
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Access, Budgets, Source, evenly

LIMITED_FOR: Final = 2.0
"""Seconds to keep away after a 429, which does not say for how long: the bucket is full again by then."""


@asynccontextmanager
async def coinbase_source(access: Access, clock: Clock, budgets: Budgets) -> AsyncIterator[Source]:
    """The source, for as long as the block lasts; then its connections are closed."""
    rest = ProviderHttp(
        VENUE,
        access.rest_url,
        evenly(budgets, VENUE, access.weight_per_minute),
        clock,
        bounds=Bounds(total=timedelta(seconds=access.timeout_seconds), limited_for=LIMITED_FOR),
    )
    connections = budgets(f"{VENUE}:streams", CONNECTIONS_PER_MINUTE)
    try:
        yield Source(
            source=VENUE,
            since=SINCE,
            trades=CoinbaseTrades(rest),
            candles=CoinbaseCandles(rest),
            directory=CoinbaseDirectory(rest),
            stream=CoinbaseStream(VENUE, access.stream_url, connections, clock, quotes=access.stream_quotes),
            quotes=CoinbaseQuotes(rest),
            reader=CoinbaseReader(),
            statuses=rest.circuits,
        )
    finally:
        await rest.aclose()

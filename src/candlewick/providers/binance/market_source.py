"""All that a venue of Binance's kind can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from candlewick.ports import Clock
from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.directory import BinanceDirectory
from candlewick.providers.binance.history import BinanceCandles, BinanceTrades
from candlewick.providers.binance.listing import BINANCE, Exchange
from candlewick.providers.binance.quotes import BinanceQuotes
from candlewick.providers.binance.reader import BinanceReader
from candlewick.providers.binance.rest import HEADERS, used_weight
from candlewick.providers.binance.shelf import BinanceShelf
from candlewick.providers.binance.stream import CONNECTIONS_PER_MINUTE, BinanceStream
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Access, Budgets, Source

ARCHIVES_PER_MINUTE: Final = 600
"""Requests. The archives document no limit: a shared bound, so that many workers stay polite."""


@asynccontextmanager
async def binance_source(
    access: Access, clock: Clock, budgets: Budgets, exchange: Exchange = BINANCE
) -> AsyncIterator[Source]:
    """The source, for as long as the block lasts; then its connections are closed."""
    bounds = Bounds(total=timedelta(seconds=access.timeout_seconds))
    rest = ProviderHttp(
        exchange.code,
        access.rest_url,
        budgets(exchange.code, access.weight_per_minute),
        clock,
        bounds=bounds,
        headers=HEADERS,
        used_weight=used_weight,
    )
    archives = ProviderHttp(
        exchange.code,
        access.archive_url,
        budgets(f"{exchange.code}:archives", ARCHIVES_PER_MINUTE),
        clock,
        bounds=bounds,
    )
    connections = budgets(f"{exchange.code}:streams", CONNECTIONS_PER_MINUTE)
    try:
        yield Source(
            source=exchange.code,
            since=exchange.since,
            archive_files=BinanceArchives(clock, exchange=exchange),
            shelf=BinanceShelf(archives, exchange.code),
            trades=BinanceTrades(rest),
            candles=BinanceCandles(rest),
            directory=BinanceDirectory(rest, exchange),
            reader=BinanceReader(exchange),
            quotes=BinanceQuotes(rest, exchange.code, clock),
            stream=BinanceStream(exchange.code, access.stream_url, connections, clock, quotes=access.stream_quotes),
            statuses=lambda: [*rest.circuits(), *archives.circuits()],
        )
    finally:
        await rest.aclose()
        await archives.aclose()

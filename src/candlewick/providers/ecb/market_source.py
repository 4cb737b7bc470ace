"""All that the ECB can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import httpx

from candlewick.ports import Clock
from candlewick.providers.ecb.directory import EcbDirectory
from candlewick.providers.ecb.files import EcbFiles
from candlewick.providers.ecb.listing import SINCE, VENUE
from candlewick.providers.ecb.quotes import EcbQuoteHistory, EcbQuotes
from candlewick.providers.ecb.reader import EcbReader
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Access, Budgets, Source

_REACH: Final = timedelta(days=36_500)
"""One file has all days of all currencies."""


@asynccontextmanager
async def ecb_source(
    access: Access, clock: Clock, budgets: Budgets, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Source]:
    """The source, for as long as the block lasts; then its connections are closed. `transport` is for tests."""
    bounds = Bounds(total=timedelta(seconds=access.timeout_seconds))
    bank, frankfurter = (
        ProviderHttp(VENUE, url, budgets(name, access.weight_per_minute), clock, bounds=bounds, transport=transport)
        for name, url in ((f"{VENUE}:files", access.archive_url), (VENUE, access.rest_url))
    )
    files = EcbFiles(bank, clock)
    try:
        yield Source(
            source=VENUE,
            since=SINCE,
            directory=EcbDirectory(files),
            quotes=EcbQuotes(files),
            quote_history=EcbQuoteHistory(files, frankfurter),
            quote_reach=_REACH,
            reader=EcbReader(),
            statuses=lambda: [*bank.circuits(), *frankfurter.circuits()],
        )
    finally:
        await bank.aclose()
        await frankfurter.aclose()

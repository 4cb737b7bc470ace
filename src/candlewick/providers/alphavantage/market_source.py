"""All that Alpha Vantage can do over the network, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import httpx

from candlewick.ports import Clock
from candlewick.providers.alphavantage.desk import Desk
from candlewick.providers.alphavantage.history import AlphaVantageCommodities, AlphaVantageDays
from candlewick.providers.alphavantage.listing import SINCE, VENUE
from candlewick.providers.alphavantage.lookup import AlphaVantageLookup
from candlewick.providers.alphavantage.quotes import AlphaVantageQuotes
from candlewick.providers.alphavantage.reader import AlphaVantageReader
from candlewick.providers.alphavantage.rest import objection, plan_of
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Access, Budgets, Source, evenly, within_a_day

_REACH: Final = timedelta(days=36_500)
"""One answer has all prices of a commodity."""


@asynccontextmanager
async def alphavantage_source(
    access: Access, clock: Clock, budgets: Budgets, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Source]:
    """The source, for as long as the block lasts; then its connections are closed. `transport` is for tests.

    Raises:
        SettingsError: there is no such plan.
    """
    plan = plan_of(access)
    http = ProviderHttp(
        VENUE,
        access.rest_url,
        within_a_day(budgets, VENUE, plan.per_day, evenly(budgets, VENUE, access.weight_per_minute)),
        clock,
        bounds=Bounds(total=timedelta(seconds=access.timeout_seconds)),
        objection=objection,
        hidden={"apikey": access.api_key} if access.api_key else {},
        transport=transport,
    )
    desk = Desk(http, has_key=access.api_key is not None)
    try:
        yield Source(
            source=VENUE,
            since=SINCE,
            lookup=AlphaVantageLookup(desk, clock),
            quotes=AlphaVantageQuotes(desk),
            quote_history=AlphaVantageCommodities(desk),
            quote_reach=_REACH,
            days=AlphaVantageDays(desk, clock, full=plan.full),
            reader=AlphaVantageReader(),
            statuses=http.circuits,
        )
    finally:
        await http.aclose()

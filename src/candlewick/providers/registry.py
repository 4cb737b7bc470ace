"""All providers. A new one is its folder and a line here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from candlewick.domain.errors import UnknownVenue
from candlewick.domain.market import InstrumentKey
from candlewick.ports import ArchiveSource, Clock, MarketSource
from candlewick.providers import binance, demo
from candlewick.providers.provider import Access, Budgets, Provider

PROVIDERS: Final[dict[str, Provider]] = {
    provider.code: provider
    for provider in (
        binance.PROVIDER,
        demo.PROVIDER,
    )
}


def archives_of(key: InstrumentKey, clock: Clock) -> ArchiveSource:
    """The archives that hold trades of the instrument.

    Raises:
        UnknownVenue: no provider has archives of that venue.
    """
    provider = PROVIDERS.get(key.venue)
    if provider is None or provider.archives is None:
        raise UnknownVenue(key.venue, (code for code, known in PROVIDERS.items() if known.archives))
    return provider.archives(clock)


@asynccontextmanager
async def market_sources(
    access: Mapping[str, Access], clock: Clock, budgets: Budgets
) -> AsyncIterator[Mapping[str, MarketSource]]:
    """The sources of those codes, by code, for as long as the block lasts; then their connections are closed.

    Nothing is asked yet: a source that is away is noticed by whoever asks it.

    Raises:
        UnknownVenue: no provider of that code can be asked over the network.
    """
    async with AsyncExitStack() as stack:
        sources: dict[str, MarketSource] = {}
        for code, each in access.items():
            provider = PROVIDERS.get(code)
            if provider is None or provider.source is None:
                raise UnknownVenue(code, (known for known, offer in PROVIDERS.items() if offer.source))
            sources[code] = await stack.enter_async_context(provider.source(each, clock, budgets))
        yield sources

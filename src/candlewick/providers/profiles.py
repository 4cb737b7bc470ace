"""What each provider can do, as people are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from candlewick.domain.source import SourceCapability, SourceProfile
from candlewick.ports import MarketSource
from candlewick.providers.provider import Provider
from candlewick.providers.registry import providers


def profiles(sources: Mapping[str, MarketSource]) -> list[SourceProfile]:
    """Of those that can be asked over the network, which are `sources`, and those whose files can be read."""
    found = [
        SourceProfile(offer.code, offer.name, list(_capabilities(offer, sources.get(offer.code))))
        for offer in providers()
    ]
    return [profile for profile in found if profile.capabilities]


def _capabilities(offer: Provider, source: MarketSource | None) -> Iterator[SourceCapability]:
    parts = {} if source is None else {
        SourceCapability.STREAM: source.stream,
        SourceCapability.TRADES: source.trades,
        SourceCapability.CANDLES: source.candles,
        SourceCapability.QUOTES: source.quotes,
        SourceCapability.QUOTE_HISTORY: source.quote_history,
        SourceCapability.DAYS: source.days,
        SourceCapability.ARCHIVES: source.shelf,
        SourceCapability.DISCOVERY: source.directory or source.lookup,
    }  # fmt: skip
    yield from (capability for capability, part in parts.items() if part is not None)
    if offer.archives is not None:
        yield SourceCapability.FILES

"""All providers. A new one is its folder and a line here."""

from __future__ import annotations

from typing import Final

from candlewick.domain.errors import UnknownVenue
from candlewick.domain.market import InstrumentKey
from candlewick.ports import ArchiveSource, Clock
from candlewick.providers import binance, demo
from candlewick.providers.provider import Provider

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

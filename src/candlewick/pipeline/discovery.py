"""Discovery: what a venue lists, made known here and kept current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import batched
from typing import Final

import structlog

from candlewick.domain.job import JobKind, NewJob, NewStep
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.keeping import keep_news
from candlewick.ports import Listed, Listing, Lookup, MarketSource

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 5_000
"""Listings that are taken over in one transaction."""


def discovery_of(source: str, requested_by: str) -> NewJob:
    """The job that makes known what the source lists. While one is unfinished, there is no other."""
    step = NewStep(f"instruments of {source}", {"source": source})
    arguments = {"source": source}
    return NewJob(JobKind.DISCOVER, arguments, [step], exclusive=f"discover/{source}", requested_by=requested_by)


async def discover(source: MarketSource, stores: Stores, wanted: Sequence[InstrumentKey] = ()) -> Listed:
    """Take over the venue's list of instruments. Doing it again changes nothing.

    `wanted` is looked for one by one where the source has no list, as far as it is not known yet.

    Raises:
        SourceUnavailable, SourceRefused, MalformedPayload: what the payloads before said was taken over; each is kept.
    """
    listed = Listed()
    if source.directory is not None:
        async for payload in source.directory.pages():
            kept = await keep_news(stores, payload)
            listed += await _take_over(await kept.read(source.directory.read), stores)
    if source.lookup is not None:
        listed += await _look_up(source.lookup, stores, wanted)
    log.info("instruments_discovered", source=source.source, **asdict(listed))
    return listed


async def _look_up(lookup: Lookup, stores: Stores, wanted: Sequence[InstrumentKey]) -> Listed:
    """One after the other: the answer to one may have the next as well."""
    listed = Listed()
    for key in dict.fromkeys(wanted):
        if await stores.instruments.by_keys([key]):
            continue
        listing = lookup.known(key)
        if listing is None:
            kept = await keep_news(stores, await lookup.page(key))
            listed += await _take_over(await kept.read(lookup.read), stores)
        else:
            listed += await _take_over([listing], stores)
    return listed


async def _take_over(listings: Sequence[Listing], stores: Stores) -> Listed:
    listed = Listed()
    for some in batched(listings, _AT_ONCE):
        listed += await stores.instruments.refresh_listings(await _settled(some, stores))
    return listed


async def _settled(listings: Sequence[Listing], stores: Stores) -> Sequence[Listing]:
    """Each under the key that it has, once and for all, whoever else has come to the same code since."""
    keys = [key for each in listings if each.other_key is not None for key in (each.key, each.other_key)]
    known = await stores.instruments.by_keys(keys) if keys else {}
    return [
        replace(each, key=each.other_key) if each.other_key is not None and _goes_by_other(each, known) else each
        for each in listings
    ]


def _goes_by_other(listing: Listing, known: Mapping[InstrumentKey, Instrument]) -> bool:
    same = known.get(listing.key)
    other = known.get(listing.other_key) if listing.other_key is not None else None
    if other is not None and other.symbol == listing.symbol:
        return True
    return same is not None and same.symbol != listing.symbol

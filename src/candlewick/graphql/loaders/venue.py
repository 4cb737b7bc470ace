"""Venues by id."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import Venue, VenueId
from candlewick.graphql.services import InstrumentReads

type VenueLoader = DataLoader[VenueId, Venue | None]


def venue_loader(store: InstrumentReads) -> VenueLoader:
    """None where there is no such venue."""

    async def load(keys: Sequence[VenueId]) -> list[Venue | None]:
        found = await store.venues_by_ids(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)

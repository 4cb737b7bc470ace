"""Freshness by instrument."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.freshness import Freshness
from candlewick.domain.market import InstrumentId
from candlewick.ports import FreshnessStore

type FreshnessLoader = DataLoader[InstrumentId, Freshness]


def freshness_loader(store: FreshnessStore) -> FreshnessLoader:
    """All of an operation in one read."""

    async def load(keys: Sequence[InstrumentId]) -> list[Freshness]:
        found = await store.read(keys)
        return [found.get(key, Freshness()) for key in keys]

    return DataLoader(load_fn=load)

"""Instruments by key."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.graphql.services import InstrumentReads

type InstrumentByKeyLoader = DataLoader[InstrumentKey, Instrument | None]


def instrument_by_key_loader(store: InstrumentReads) -> InstrumentByKeyLoader:
    """None where there is no such instrument."""

    async def load(keys: Sequence[InstrumentKey]) -> list[Instrument | None]:
        found = await store.by_keys(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)

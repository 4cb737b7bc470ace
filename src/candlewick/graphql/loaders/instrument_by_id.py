"""Instruments by id."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import Instrument, InstrumentId
from candlewick.graphql.services import InstrumentReads

type InstrumentByIdLoader = DataLoader[InstrumentId, Instrument | None]


def instrument_by_id_loader(store: InstrumentReads) -> InstrumentByIdLoader:
    """None where there is no such instrument."""

    async def load(keys: Sequence[InstrumentId]) -> list[Instrument | None]:
        found = await store.by_ids(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)

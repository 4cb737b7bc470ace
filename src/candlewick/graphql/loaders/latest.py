"""Newest prices by instrument."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import InstrumentId
from candlewick.domain.quote import QuoteRow
from candlewick.ports import LatestQuotes

type LatestLoader = DataLoader[InstrumentId, QuoteRow | None]


def latest_loader(store: LatestQuotes) -> LatestLoader:
    """None where there is no price."""

    async def load(keys: Sequence[InstrumentId]) -> list[QuoteRow | None]:
        found = await store.latest(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)

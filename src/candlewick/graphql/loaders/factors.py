"""Factors of splits and dividends, by instrument and how many are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.day import Factor
from candlewick.domain.market import InstrumentId
from candlewick.graphql.services import DayReads

type FactorKey = tuple[InstrumentId, int]
type FactorLoader = DataLoader[FactorKey, Sequence[Factor]]


def factor_loader(store: DayReads) -> FactorLoader:
    """The newest of each, oldest first: one read for each number that is asked for."""

    async def load(keys: Sequence[FactorKey]) -> list[Sequence[Factor]]:
        found = {
            limit: await store.factors([key for key, wanted in keys if wanted == limit], limit)
            for limit in {limit for _, limit in keys}
        }
        return [found[limit].get(key, ()) for key, limit in keys]

    return DataLoader(load_fn=load)

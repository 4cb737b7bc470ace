"""Assets by id."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import Asset, AssetId
from candlewick.graphql.services import InstrumentReads

type AssetLoader = DataLoader[AssetId, Asset | None]


def asset_loader(store: InstrumentReads) -> AssetLoader:
    """None where there is no such asset."""

    async def load(keys: Sequence[AssetId]) -> list[Asset | None]:
        found = await store.assets_by_ids(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)

"""Raw payloads: by the commit that stored rows of them, by number, and how they begin."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.raw import RawId, RawRecord
from candlewick.graphql.services import PayloadReads
from candlewick.ports import CommitKey

type OriginLoader = DataLoader[CommitKey, RawRecord | None]
type PayloadLoader = DataLoader[RawId, RawRecord | None]
type BodyLoader = DataLoader[tuple[RawId, int], bytes | None]


def origin_loader(store: PayloadReads) -> OriginLoader:
    """None where it is not known, or no longer kept."""

    async def load(keys: Sequence[CommitKey]) -> list[RawRecord | None]:
        found = await store.of_commits(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)


def payload_loader(store: PayloadReads) -> PayloadLoader:
    """None where it is no longer kept."""

    async def load(keys: Sequence[RawId]) -> list[RawRecord | None]:
        found = await store.records(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)


def body_loader(store: PayloadReads) -> BodyLoader:
    """The first so many bytes of each; equal lengths become one read."""

    async def load(keys: Sequence[tuple[RawId, int]]) -> list[bytes | None]:
        found = {
            most: await store.beginnings([raw_id for raw_id, length in keys if length == most], most)
            for most in {length for _, length in keys}
        }
        return [found[most].get(raw_id) for raw_id, most in keys]

    return DataLoader(load_fn=load)

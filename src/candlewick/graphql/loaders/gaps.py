"""Gaps by instrument, the window that they overlap, and how many are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.gap import Gap
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.graphql.services import GapReads

type GapKey = tuple[InstrumentId, Window | None, int]
type GapLoader = DataLoader[GapKey, Sequence[Gap]]


def gap_loader(store: GapReads) -> GapLoader:
    """The newest of each, oldest first: one read for all that ask for the same window and number."""

    async def load(keys: Sequence[GapKey]) -> list[Sequence[Gap]]:
        questions = dict.fromkeys((window, limit) for _, window, limit in keys)
        found = {
            (window, limit): await store.read([key for key, *asked in keys if asked == [window, limit]], window, limit)
            for window, limit in questions
        }
        return [found[window, limit].get(key, ()) for key, window, limit in keys]

    return DataLoader(load_fn=load)

"""Pages of candles by instrument and query."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.candle import Candle
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Page
from candlewick.graphql.loaders.grouped import EMPTY, read_grouped
from candlewick.graphql.services import CandleReads

type CandleKey = tuple[InstrumentId, CandleQuery]
type CandleLoader = DataLoader[CandleKey, Page[Candle]]


def candle_loader(store: CandleReads) -> CandleLoader:
    """Equal queries of many instruments become one read."""

    async def load(keys: Sequence[CandleKey]) -> list[Page[Candle] | BaseException]:
        return await read_grouped(store.read, keys, EMPTY)

    return DataLoader(load_fn=load)

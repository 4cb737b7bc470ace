"""Pages of candles as text, by instrument, query and template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from strawberry.dataloader import DataLoader

from candlewick.domain.candle import Candle
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Page
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.graphql.loaders.grouped import read_grouped
from candlewick.graphql.services import CandleReads

type Question = tuple[CandleQuery, RowTemplate]
type WrittenCandleKey = tuple[InstrumentId, Question]
type WrittenCandleLoader = DataLoader[WrittenCandleKey, WrittenPage | Page[Candle]]

_NOTHING: Final[WrittenPage | Page[Candle]] = WrittenPage(())


def written_candle_loader(store: CandleReads) -> WrittenCandleLoader:
    """Equal queries of many instruments become one read. Rows, where the store cannot write them."""

    async def read(
        ids: Sequence[InstrumentId], question: Question
    ) -> Mapping[InstrumentId, WrittenPage | Page[Candle]]:
        return await store.read_written(ids, *question)

    async def load(keys: Sequence[WrittenCandleKey]) -> list[WrittenPage | Page[Candle] | BaseException]:
        return await read_grouped(read, keys, _NOTHING)

    return DataLoader(load_fn=load)

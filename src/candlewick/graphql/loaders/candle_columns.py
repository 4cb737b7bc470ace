"""Columns of candles by instrument, query and choice of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.graphql.loaders.grouped import read_grouped
from candlewick.graphql.services import CandleReads

type Question = tuple[CandleQuery, ColumnChoice]
type ColumnKey = tuple[InstrumentId, Question]
type ColumnLoader = DataLoader[ColumnKey, CandleColumns]


def column_loader(store: CandleReads) -> ColumnLoader:
    """Equal queries of many instruments become one read."""

    async def read(ids: Sequence[InstrumentId], question: Question) -> Mapping[InstrumentId, CandleColumns]:
        return await store.read_columns(ids, *question)

    async def load(keys: Sequence[ColumnKey]) -> list[CandleColumns | BaseException]:
        return await read_grouped(read, keys, CandleColumns())

    return DataLoader(load_fn=load)

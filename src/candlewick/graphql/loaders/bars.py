"""Pages of event bars by instrument and query, and the series of instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.bar_series import Bar, BarQuery, BarSeries
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page
from candlewick.graphql.loaders.grouped import read_grouped
from candlewick.ports import BarReads

type BarKey = tuple[InstrumentId, BarQuery]
type BarLoader = DataLoader[BarKey, Page[Bar] | None]
type BarSeriesLoader = DataLoader[InstrumentId, Sequence[BarSeries]]


def bar_loader(store: BarReads) -> BarLoader:
    """Equal queries of many instruments become one read. None: there is no such series."""

    async def read(ids: Sequence[InstrumentId], query: BarQuery) -> Mapping[InstrumentId, Page[Bar] | None]:
        return dict(await store.read(ids, query))

    async def load(keys: Sequence[BarKey]) -> list[Page[Bar] | BaseException | None]:
        return await read_grouped(read, keys, None)

    return DataLoader(load_fn=load)


def bar_series_loader(store: BarReads) -> BarSeriesLoader:
    """All instruments' series become one read."""

    async def load(keys: list[InstrumentId]) -> list[Sequence[BarSeries]]:
        found = await store.series(keys)
        return [found.get(key, ()) for key in keys]

    return DataLoader(load_fn=load)

"""Pages of trades by instrument and query."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradeQuery, TradeRow
from candlewick.graphql.loaders.grouped import EMPTY, read_grouped
from candlewick.graphql.services import TradeReads

type TradeKey = tuple[InstrumentId, TradeQuery]
type TradeLoader = DataLoader[TradeKey, Page[TradeRow]]


def trade_loader(store: TradeReads) -> TradeLoader:
    """Equal queries of many instruments become one read."""

    async def load(keys: Sequence[TradeKey]) -> list[Page[TradeRow] | BaseException]:
        return await read_grouped(store.read, keys, EMPTY)

    return DataLoader(load_fn=load)

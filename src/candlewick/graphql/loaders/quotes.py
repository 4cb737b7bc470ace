"""Pages of quotes by instrument and query."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, QuoteQuery
from candlewick.domain.quote import QuoteRow
from candlewick.graphql.loaders.grouped import EMPTY, read_grouped
from candlewick.graphql.services import QuoteReads

type QuoteKey = tuple[InstrumentId, QuoteQuery]
type QuoteLoader = DataLoader[QuoteKey, Page[QuoteRow]]


def quote_loader(store: QuoteReads) -> QuoteLoader:
    """Equal queries of many instruments become one read."""

    async def load(keys: Sequence[QuoteKey]) -> list[Page[QuoteRow] | BaseException]:
        return await read_grouped(store.read, keys, EMPTY)

    return DataLoader(load_fn=load)

"""Equal questions about many instruments, asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page

type Read[Query, Row] = Callable[[Sequence[InstrumentId], Query], Awaitable[Mapping[InstrumentId, Page[Row]]]]


async def read_grouped[Query: Hashable, Row](
    read: Read[Query, Row], keys: Sequence[tuple[InstrumentId, Query]]
) -> list[Page[Row] | BaseException]:
    """One read a distinct query, side by side. A read that fails is the answer of its own keys only."""
    instruments: dict[Query, list[InstrumentId]] = {}
    for instrument_id, query in keys:
        instruments.setdefault(query, []).append(instrument_id)
    results = await asyncio.gather(*(read(ids, query) for query, ids in instruments.items()), return_exceptions=True)
    answers = dict(zip(instruments, results, strict=True))
    return [_page(answers[query], instrument_id) for instrument_id, query in keys]


def _page[Row](
    answer: Mapping[InstrumentId, Page[Row]] | BaseException, instrument_id: InstrumentId
) -> Page[Row] | BaseException:
    if isinstance(answer, BaseException):
        return answer
    return answer.get(instrument_id, Page((), more=False))

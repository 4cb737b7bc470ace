"""Equal questions about many instruments, asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Final

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page

type Read[Query, Found] = Callable[[Sequence[InstrumentId], Query], Awaitable[Mapping[InstrumentId, Found]]]

EMPTY: Final[Page[Any]] = Page((), more=False)


async def read_grouped[Query: Hashable, Found](
    read: Read[Query, Found], keys: Sequence[tuple[InstrumentId, Query]], nothing: Found
) -> list[Found | BaseException]:
    """One read a distinct query, side by side. A read that fails is the answer of its own keys only."""
    instruments: dict[Query, list[InstrumentId]] = {}
    for instrument_id, query in keys:
        instruments.setdefault(query, []).append(instrument_id)
    if len(instruments) == 1:  # as nearly always: no task is needed for it
        [(query, ids)] = instruments.items()
        found = await read(ids, query)
        return [found.get(instrument_id, nothing) for instrument_id in ids]
    results = await asyncio.gather(*(read(ids, query) for query, ids in instruments.items()), return_exceptions=True)
    answers = dict(zip(instruments, results, strict=True))
    return [_found(answers[query], instrument_id, nothing) for instrument_id, query in keys]


def _found[Found](
    answer: Mapping[InstrumentId, Found] | BaseException, instrument_id: InstrumentId, nothing: Found
) -> Found | BaseException:
    if isinstance(answer, BaseException):
        return answer
    return answer.get(instrument_id, nothing)

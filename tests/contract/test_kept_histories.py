"""Whatever happens in whatever order, and wherever a worker ends: what is stored is what all candles at once give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.domain.job import Lease
from candlewick.domain.kept import Kept, KeptWrite
from candlewick.domain.service import DatabaseEdition
from candlewick.pipeline import kept, kept_series
from candlewick.storage.engine import Database
from candlewick.storage.kept import KeptIndicators
from databases import Databases, Offer, foremost
from keeping import Desk, desk_of

MINUTES: Final = 14
TRADE, LOOK, RESTART, END_BEFORE, END_AFTER = range(5)
"""A trade in some minute, a look at what closed, a new worker; one that ends before or after its n-th transaction."""

type Event = tuple[int, int]

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just(TRADE), st.integers(0, MINUTES - 1)),
        st.tuples(st.just(LOOK), st.integers(0, MINUTES - 1)),
        st.tuples(st.just(RESTART), st.just(0)),
        st.tuples(st.sampled_from([END_BEFORE, END_AFTER]), st.integers(1, 4)),
    ),
    min_size=3,
    max_size=25,
)


class Ending(KeptIndicators):
    """A store whose worker ends at one of its transactions: before it is committed, or just after that."""

    def __init__(self, database: Database, at: int, *, after: bool) -> None:
        super().__init__(database)
        self._left = at
        self._after = after

    async def store(self, writes: Sequence[KeptWrite], lease: Lease) -> Sequence[Kept]:
        """See `KeptStore.store`."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise DatabaseUnavailable("db", "the worker ended")
        stored = await super().store(writes, lease)
        if self._left == 0:
            raise DatabaseUnavailable("db", "the worker ended")
        return stored


@pytest.fixture(scope="module")
async def database(offers: Mapping[DatabaseEdition, Offer], databases: Databases) -> Database:
    """Of one edition: the other tests show that all do the same."""
    return await databases.opened(foremost(offers))


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(events=EVENTS)
async def test_any_history_ends_in_what_the_batch_gives(
    database: Database, monkeypatch: pytest.MonkeyPatch, events: list[Event]
) -> None:
    for module, name, value in ((kept, "BATCH", 1), (kept, "LEAST", 3), (kept_series, "A_CHECKPOINT", 2)):
        monkeypatch.setattr(module, name, value)
    desk = await desk_of(database)
    closed = 0
    for number, (kind, at) in enumerate(events):
        closed = max(closed, at) if kind == LOOK else closed
        await happen(desk, kind, at, closed, number)
    desk.restart()
    await desk.look(MINUTES)
    if desk.sequence:
        await desk.check()


async def happen(desk: Desk, kind: int, at: int, closed: int, number: int) -> None:
    if kind == TRADE:
        await desk.trade(at, str(50 + number * 7 % 40), str(1 + number % 5))
    elif kind == LOOK:
        await desk.look(closed)
    elif kind == RESTART:
        desk.restart()
    else:
        desk.restart(Ending(desk.database, at, after=kind == END_AFTER))
        with suppress(DatabaseUnavailable):
            await desk.look(closed)
        desk.restart()

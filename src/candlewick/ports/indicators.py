"""Indicators that are asked for: who answers, what it takes to, and how the two talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.indicator_query import IndicatorPage, IndicatorQuery
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery


class IndicatorDesk(Protocol):
    """Answers what indicators say. It does not compute: it has a worker do so, or remembers."""

    async def page(self, query: IndicatorQuery) -> IndicatorPage:
        """The values.

        Raises:
            RefusedByWorker: the candles that there are do not do.
            WorkersBusy, WorkerSilent, WorkerFailed, RedisUnavailable: nobody could answer; worth another try.
        """


class ColumnReads(Protocol):
    """Candles as columns."""

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> Mapping[InstrumentId, CandleColumns]: ...


class Versions(Protocol):
    """How often instruments' data changed: what was computed of one version is true until there is another."""

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody waits to have answered."""

    key: str
    body: bytes
    left: timedelta
    """How long somebody will wait for it still."""


class Questions(Protocol):
    """Questions as a worker gets them, each given to one of all workers, once."""

    async def take(self, wait: timedelta) -> Question | None:
        """The next one that somebody waits for still; None if there was none for so long."""

    def in_hand(self, question: Question) -> AbstractAsyncContextManager[None]:
        """While the block lasts, who asked knows that somebody is at it."""

    async def answer(self, question: Question, answer: bytes, kept_for: timedelta) -> None:
        """Give the answer to all who wait for it, and for so long to whoever asks the same."""

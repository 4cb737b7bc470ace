"""Indicators that somebody waits for: taken as they come, computed in threads, answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, perf_counter
from typing import Final

import structlog

from candlewick.bus.indicators import dump_failure, dump_page, dump_refusal, load_query
from candlewick.domain.errors import InvalidInput, ServiceError
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.pipeline.indicating import Indicating
from candlewick.ports import ColumnReads, Question, Questions

log = structlog.get_logger(__name__)

WAIT: Final = timedelta(seconds=1)
"""How long a lane waits for a question before it looks whether it is to stop."""
BRIEFLY: Final = timedelta(seconds=1)
"""How long it is remembered that something failed: long enough for all who wait."""

type Prepare = Callable[[Executor], Indicating]


@dataclass(frozen=True, slots=True)
class Answering:
    """What it takes to answer."""

    questions: Questions
    prepare: Prepare
    """Makes what computes; it may take seconds."""
    lanes: int
    """Questions that are answered at the same time."""
    kept_for: timedelta


def prepared(candles: ColumnReads, most_history: int) -> Prepare:
    """Import and compile what computes, so that no question waits for that."""

    def prepare(executor: Executor) -> Indicating:
        from candlewick.indicators.compute import compute, warm_up  # noqa: PLC0415  (numba and pandas take seconds)

        warm_up()
        return Indicating(candles, compute, executor, most_history)

    return prepare


async def keep_answering(answering: Answering, stop: asyncio.Event) -> None:
    """Answer until `stop`; then finish what is in hand."""
    executor = ThreadPoolExecutor(answering.lanes, "indicators")

    async def serve() -> None:
        began = perf_counter()
        indicating = await asyncio.get_running_loop().run_in_executor(executor, answering.prepare, executor)
        log.info("indicators_ready", seconds=round(perf_counter() - began, 3))
        async with asyncio.TaskGroup() as group:
            for _ in range(answering.lanes):
                group.create_task(keep_at("indicators", _Lane(answering, indicating, stop).serve, Pace(), stop))

    try:
        await keep_at("indicators", serve, Pace(), stop)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)  # a wait would hold up the loop


class _Lane:
    """Answers one question after the other."""

    def __init__(self, answering: Answering, indicating: Indicating, stop: asyncio.Event) -> None:
        self._questions = answering.questions
        self._kept_for = answering.kept_for
        self._indicating = indicating
        self._stop = stop

    async def serve(self) -> None:
        while not self._stop.is_set():
            question = await self._questions.take(WAIT)
            if question is not None:
                async with self._questions.in_hand(question):
                    answer, kept_for = await self._answer(question)
                    await self._questions.answer(question, answer, kept_for)

    async def _answer(self, question: Question) -> tuple[bytes, timedelta]:
        """The answer, and for how long it may be given again."""
        began = perf_counter()
        try:
            query = load_query(question.body)
            async with asyncio.timeout(question.left.total_seconds()):
                page = await self._indicating.page(query, monotonic() + question.left.total_seconds())
        except InvalidInput as error:
            return dump_refusal(error), self._kept_for
        except TimeoutError:
            log.warning("indicators_too_late", question=question.key, seconds=question.left.total_seconds())
            return dump_failure("it took too long"), BRIEFLY
        except ServiceError as error:
            log.warning("indicators_not_computed", question=question.key, reason=str(error))
            return dump_failure("the data cannot be reached for now"), BRIEFLY
        except Exception:
            log.exception("indicators_failed", question=question.key)  # one bad question must not end the lane
            return dump_failure("its log says why"), BRIEFLY
        milliseconds = round((perf_counter() - began) * 1e3, 3)
        log.debug("indicators_computed", instrument=query.instrument_id, bar=str(query.bar), of=len(query.choices),
                  points=len(page.open_times), milliseconds=milliseconds)  # fmt: skip
        return dump_page(page), self._kept_for

"""Blocks of lines gathered into batches that end where a minute ends, so that no minute is written twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from candlewick.domain.batch import TradeBatch
from candlewick.domain.raw import TradeLines
from candlewick.ports import Delivery

BATCH_ROWS: Final = 75_000
_LONGEST_HOLD: Final = 4
"""Batches' worth of rows in one minute, after which the minute is cut all the same: memory is bounded."""


def gather(blocks: Iterable[TradeLines], rows: int = BATCH_ROWS, *, start: int = 0) -> Iterator[TradeLines]:
    """Batches of about `rows` rows of a file, after its first `start` lines. The last line's minute waits for the next.

    `last_line` of a batch is the last line up to which everything has been given out: where an import that is
    killed after this batch goes on. A line after it may have been given out as well; it will be repeated.
    The last batch always comes, be it empty, and reaches the end of the file.
    """
    waiting: list[TradeLines] = []
    for block in blocks:
        waiting.append(block)
        if _size(waiting) < rows:
            continue
        ready, rest = _cut(TradeLines.concat(waiting), hold=_size(waiting) < rows * _LONGEST_HOLD)
        waiting = [rest]
        if len(ready.trades) or ready.rejected:
            yield ready
    yield TradeLines.concat(waiting) if waiting else _nothing(start)


def whole_minutes(deliveries: Sequence[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """What of an instrument's deliveries can go now, and what waits because its minute, the newest one, is not over.

    Rows that are no trades wait with the trades of their payload, if any of those waits.
    """
    filled = [delivery for delivery in deliveries if len(delivery.batch)]
    newest = max((int(delivery.batch.minute.max()) for delivery in filled), default=0)
    ready, waiting = [], []
    for delivery in deliveries:
        late = delivery.batch.minute == newest
        if late.any():
            waiting.append(replace(delivery, batch=delivery.batch[late]))
            if not late.all():
                ready.append(replace(delivery, batch=delivery.batch[~late], rejected=()))
        elif len(delivery.batch) or delivery.rejected:
            ready.append(delivery)
    return ready, waiting


def _size(blocks: list[TradeLines]) -> int:
    """Rows and dead letters: both take memory."""
    return sum(len(block.trades) + len(block.rejected) for block in blocks)


def _cut(lines: TradeLines, *, hold: bool) -> tuple[TradeLines, TradeLines]:
    """What can go now, and what waits because its minute is not over."""
    minute = lines.trades.minute
    late = minute == minute[-1] if hold and len(minute) else np.zeros(len(minute), dtype=np.bool_)
    held = lines.lines[late]
    reached = int(held[0]) - 1 if len(held) else lines.last_line
    return (
        TradeLines(lines.trades[~late], lines.lines[~late], lines.rejected, reached),
        TradeLines(lines.trades[late], held, (), lines.last_line),
    )


def _nothing(last_line: int) -> TradeLines:
    return TradeLines(TradeBatch.of([]), np.empty(0, dtype=np.int64), (), last_line)

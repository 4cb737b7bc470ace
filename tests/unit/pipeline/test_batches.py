"""Batches of lines: nothing lost, nothing twice, no minute cut, and a place to go on from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import MINUTE_US, DecimalColumn, Rejected, TradeBatch
from candlewick.domain.raw import TradeLines
from candlewick.pipeline.batches import gather


def block(minutes: list[int], first_line: int, rejected: tuple[Rejected, ...] = ()) -> TradeLines:
    """One trade a line, each in the given minute."""
    lines = np.arange(first_line, first_line + len(minutes))
    ones = DecimalColumn(np.ones(len(minutes), dtype=np.int64), 0)
    ts = np.array(minutes, dtype=np.int64) * MINUTE_US
    side = np.zeros(len(minutes), dtype=np.int8)
    return TradeLines(TradeBatch(lines, ts, ones, ones, side), lines, rejected, first_line + len(minutes) - 1)


def blocks(minutes: list[int], size: int, start: int = 0) -> Iterator[TradeLines]:
    for position in range(0, len(minutes), size):
        yield block(minutes[position : position + size], start + position + 1)


MINUTES = st.lists(st.integers(0, 6), max_size=60)


@given(MINUTES, st.integers(1, 10), st.integers(1, 20))
def test_every_row_is_given_out_once(minutes: list[int], size: int, rows: int) -> None:
    batches = list(gather(blocks(minutes, size), rows=rows))
    given_out = sorted(int(line) for batch in batches for line in batch.lines)
    assert given_out == list(range(1, len(minutes) + 1))
    assert batches[-1].last_line == len(minutes)


@given(MINUTES, st.integers(1, 10), st.integers(1, 20))
def test_everything_up_to_the_reported_line_was_given_out(minutes: list[int], size: int, rows: int) -> None:
    given_out: set[int] = set()
    for batch in gather(blocks(minutes, size), rows=rows):
        given_out |= {int(line) for line in batch.lines}
        assert set(range(1, batch.last_line + 1)) <= given_out


@given(MINUTES.map(sorted), st.integers(1, 5), st.integers(5, 20))
def test_in_a_file_in_order_no_minute_is_in_two_batches(minutes: list[int], size: int, rows: int) -> None:
    batches = list(gather(blocks(minutes, size), rows=max(rows, len(minutes) // 4 + 1)))
    for one, other in pairwise(batches):
        assert not set(one.trades.minute.tolist()) & set(other.trades.minute.tolist())


def test_an_endless_minute_is_cut_to_bound_memory() -> None:
    batches = list(gather(blocks([0] * 1000, 10), rows=50))
    assert max(len(batch.trades) for batch in batches) <= 4 * 50 + 10


def test_a_file_without_rows_still_ends() -> None:
    (batch,) = gather(iter(()), start=17)
    assert (len(batch.trades), batch.last_line) == (0, 17)


def test_rejected_rows_alone_fill_batches_too() -> None:
    bad = tuple(Rejected(row, "x", "bad") for row in range(1, 31))
    parts = [TradeLines(TradeBatch.of([]), np.empty(0, dtype=np.int64), bad[n : n + 10], n + 10) for n in (0, 10, 20)]
    batches = list(gather(parts, rows=10))
    assert [row for batch in batches for row in batch.rejected] == list(bad)
    assert max(len(batch.rejected) for batch in batches) == 10

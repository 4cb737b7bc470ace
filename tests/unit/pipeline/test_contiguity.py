"""What of a feed came, and what is missing."""

from __future__ import annotations

import itertools
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import TradeBatch
from candlewick.domain.feed import FeedPosition, Run
from candlewick.domain.gap import GapEvidence
from candlewick.pipeline.contiguity import Contiguity, Hole, joined, runs_of
from unit.pipeline.sources import trade


def when(sequence: int) -> datetime:
    return trade(sequence).ts


def run(first: int, last: int) -> Run:
    return Run(first, last, when(first), when(last))


def at(sequence: int) -> FeedPosition:
    return FeedPosition(sequence, when(sequence))


def batch(*sequences: int) -> TradeBatch:
    return TradeBatch.of([trade(sequence) for sequence in sequences])


def test_sequences_in_any_order_become_runs_with_the_times_of_their_ends() -> None:
    assert runs_of(batch(7, 3, 1, 2, 2, 8)) == [run(1, 3), run(7, 8)]


def test_no_sequence_is_no_run() -> None:
    assert runs_of(batch()) == []


def test_a_feed_without_a_position_begins_where_it_begins() -> None:
    came = Contiguity(None)

    came.add([run(10, 12)])

    assert (came.position, came.holes()) == (at(12), [])


def test_what_was_left_out_while_nobody_listened_is_a_hole() -> None:
    came = Contiguity(at(5))

    came.add([run(9, 10)])

    assert (came.position, came.holes()) == (at(5), [Hole(6, 8, when(5), when(9), GapEvidence.DISCONNECTED)])


def test_a_mended_hole_moves_the_position_over_what_lies_ahead() -> None:
    came = Contiguity(at(5))
    came.add([run(9, 10)])

    came.add([run(6, 8)])

    assert (came.position, came.holes()) == (at(10), [])


def test_trying_runs_changes_nothing() -> None:
    came = Contiguity(at(5))

    assert came.with_runs([run(6, 9)]) == at(9)
    assert came.position == at(5)


def test_late_and_repeated_sequences_change_nothing() -> None:
    came = Contiguity(at(5))

    came.add([run(2, 3), run(5, 5)])

    assert (came.position, came.holes()) == (at(5), [])


def test_what_the_venue_says_there_is_beyond_what_came_is_a_hole() -> None:
    came = Contiguity(at(5))
    came.add([run(6, 6), run(9, 9)])

    came.expect(12, when(20))

    assert came.holes() == [Hole(7, 8, when(6), when(9)), Hole(10, 12, when(9), when(20), GapEvidence.MISSED_HEARTBEAT)]


def test_what_the_venue_says_there_is_and_came_is_no_hole() -> None:
    came = Contiguity(at(5))
    came.add([run(6, 9)])

    came.expect(9, when(20))

    assert came.holes() == []


def test_before_anything_came_what_the_venue_says_there_is_is_not_missing() -> None:
    came = Contiguity(None)

    came.expect(9, when(20))

    assert came.holes() == []


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=8), st.integers(0, 30))
def test_position_and_holes_say_what_a_set_would(batches: list[list[int]], start: int) -> None:
    came, seen = Contiguity(at(start)), set(range(start + 1))
    for numbers in batches:
        came.add(runs_of(batch(*numbers)))
        seen |= set(numbers)

    position = start
    while position + 1 in seen:
        position += 1
    beyond = [number for number in seen if number > position]
    missing = set(range(position + 1, max(beyond))) - seen if beyond else set()
    assert came.position == at(position)
    assert {number for hole in came.holes() for number in range(hole.first, hole.last + 1)} == missing
    assert all((hole.since, hole.until) == (when(hole.first - 1), when(hole.last + 1)) for hole in came.holes())


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=12))
def test_joined_runs_hold_the_same_sequences_with_holes_between(pairs: list[tuple[int, int]]) -> None:
    runs = [run(first, first + more) for first, more in pairs]

    merged = joined(runs)

    inside = {number for one in runs for number in range(one.first, one.last + 1)}
    assert {number for one in merged for number in range(one.first, one.last + 1)} == inside
    assert all(one == run(one.first, one.last) for one in merged)
    assert all(after.first > before.last + 1 for before, after in itertools.pairwise(merged))

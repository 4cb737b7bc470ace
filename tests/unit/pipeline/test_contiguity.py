"""What of a feed came, and what is missing."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from candlewick.pipeline.contiguity import Contiguity, Span, joined, spans_of


def test_sequences_in_any_order_become_spans() -> None:
    assert spans_of([7, 3, 1, 2, 2, 8]) == [Span(1, 3), Span(7, 8)]


def test_a_feed_without_a_position_begins_where_it_begins() -> None:
    came = Contiguity(None)

    came.add([Span(10, 12)])

    assert (came.position, came.holes()) == (12, [])


def test_what_was_left_out_while_nobody_listened_is_a_hole() -> None:
    came = Contiguity(5)

    came.add([Span(9, 10)])

    assert (came.position, came.holes()) == (5, [Span(6, 8)])


def test_a_mended_hole_moves_the_position_over_what_lies_ahead() -> None:
    came = Contiguity(5)
    came.add([Span(9, 10)])

    came.add([Span(6, 8)])

    assert (came.position, came.holes()) == (10, [])


def test_trying_spans_changes_nothing() -> None:
    came = Contiguity(5)

    assert came.with_spans([Span(6, 9)]) == 9
    assert came.position == 5


def test_late_and_repeated_sequences_change_nothing() -> None:
    came = Contiguity(5)

    came.add([Span(2, 3), Span(5, 5)])

    assert (came.position, came.holes()) == (5, [])


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=8), st.integers(-1, 30))
def test_position_and_holes_say_what_a_set_would(batches: list[list[int]], start: int) -> None:
    came, seen = Contiguity(start), set(range(start + 1))
    for batch in batches:
        came.add(spans_of(batch))
        seen |= set(batch)

    position = start
    while position + 1 in seen:
        position += 1
    beyond = [number for number in seen if number > position]
    missing = set(range(position + 1, max(beyond))) - seen if beyond else set()
    assert came.position == position
    assert {number for hole in came.holes() for number in range(hole.first, hole.last + 1)} == missing


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=12))
def test_joined_spans_hold_the_same_sequences_with_holes_between(pairs: list[tuple[int, int]]) -> None:
    spans = [Span(first, first + more) for first, more in pairs]

    merged = joined(spans)

    inside = {number for span in spans for number in range(span.first, span.last + 1)}
    assert {number for span in merged for number in range(span.first, span.last + 1)} == inside
    assert all(after.first > before.last + 1 for before, after in itertools.pairwise(merged))

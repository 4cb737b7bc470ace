"""What is news at the live edge, and what a cursor says of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from candlewick.domain.candle import Candle, CandleStatus
from candlewick.domain.interval import Interval
from candlewick.domain.time import MICROSECOND, Window
from candlewick.graphql.live.edge import Edge, Mark, Run
from unit.graphql.fakes import START, a_candle

PROVISIONAL, FINAL, REVISED = CandleStatus
MINUTE = timedelta(minutes=1)


def at(minute: float) -> Edge:
    """Everything up to version 1 and that minute was told."""
    return Edge(1, START + minute * MINUTE)


def updates(runs: Sequence[Run]) -> list[Candle]:
    return [candle for run in runs if not run.revised for candle in run.candles]


def revised(runs: Sequence[Run]) -> list[Candle]:
    return [candle for run in runs if run.revised for candle in run.candles]


def test_a_candle_that_changed_is_news_once() -> None:
    edge, candle = at(0), a_candle(0, 2, PROVISIONAL)
    assert updates(edge.tell([candle], 2, START)) == [candle]
    assert edge.tell([candle], 2, START) == []


def test_an_open_candle_read_ahead_of_its_signal_is_news_once() -> None:
    edge, candle = at(0), a_candle(0, 3, PROVISIONAL)
    assert updates(edge.tell([candle], 2, START)) == [candle]
    assert edge.tell([candle], 3, START) == []


def test_a_candle_that_did_not_change_is_none() -> None:
    assert at(5).tell([a_candle(0, 1), a_candle(1, 1, REVISED)], 2, START) == []


def test_a_candle_closes_once_without_a_commit() -> None:
    edge = at(0)
    edge.tell([a_candle(0, 2, PROVISIONAL)], 2, START)
    final = a_candle(0, 2, FINAL)
    assert updates(edge.tell([final], 2, START + MINUTE)) == [final]
    assert edge.tell([final], 2, START + 2 * MINUTE) == []


def test_a_candle_that_closed_between_two_looks_is_an_update() -> None:
    final = a_candle(0, 2, FINAL)
    assert updates(at(0).tell([final], 2, START + MINUTE)) == [final]


def test_a_candle_that_closed_as_another_is_revised() -> None:
    candle = a_candle(0, 2, REVISED)
    assert revised(at(0).tell([candle], 2, START + MINUTE)) == [candle]


def test_a_candle_that_closed_just_after_we_looked_at_the_clock_closes_with_the_next_look() -> None:
    edge, final = at(0), a_candle(0, 2, FINAL)
    assert edge.tell([final], 2, START + 0.9 * MINUTE) == []
    assert edge.next_close == START + MINUTE
    assert updates(edge.tell([final], 2, START + MINUTE)) == [final]


def test_a_closed_candle_read_ahead_of_its_signal_waits_for_it() -> None:
    edge = at(0)
    edge.tell([a_candle(0, 2, PROVISIONAL)], 2, START)
    final, after = a_candle(0, 3, FINAL), a_candle(1, 2, FINAL)
    assert edge.tell([final, after], 2, START + 2 * MINUTE) == []
    assert edge.mark == Mark(2, START + MINUTE - MICROSECOND, 2)
    assert updates(edge.tell([final, after], 3, START + 2 * MINUTE)) == [final, after]


def test_a_final_candle_that_changes_is_revised_each_time() -> None:
    edge = at(5)
    for version in (2, 3):
        candle = a_candle(0, version, REVISED)
        assert revised(edge.tell([candle], version, START + 5 * MINUTE)) == [candle]


def test_a_past_candle_that_comes_into_being_is_revised() -> None:
    candle = a_candle(0, 2, FINAL)
    assert revised(at(5).tell([candle], 2, START + 5 * MINUTE)) == [candle]


def test_a_candle_whose_trades_were_taken_out_is_waited_for_no_more() -> None:
    edge = at(0)
    edge.tell([a_candle(0, 2, PROVISIONAL)], 2, START)
    assert edge.next_close == START + MINUTE
    edge.tell([], 3, START + MINUTE)
    assert edge.next_close is None


def test_a_candle_that_the_store_keeps_open_longer_is_looked_at_again() -> None:
    edge, candle = at(0), a_candle(0, 2, PROVISIONAL)
    edge.tell([candle], 2, START)
    edge.tell([candle], 2, START + MINUTE)
    assert edge.next_close == START + MINUTE


def test_what_is_read_are_whole_candles_that_changed_or_closed() -> None:
    edge = at(0)
    edge.tell([a_candle(7, 2, PROVISIONAL), a_candle(20, 2, PROVISIONAL)], 2, START)
    changed = Window(START + 63 * MINUTE, START + 64 * MINUTE)
    spans = edge.spans([changed], Interval.M5.duration, START + 10 * MINUTE)
    assert spans == [
        Window(START + 7 * MINUTE, START + 8 * MINUTE),
        Window(START + 60 * MINUTE, START + 65 * MINUTE),
    ]


def test_nothing_is_remembered_of_what_is_settled() -> None:
    edge = at(0)
    for number in range(1000):
        closed_until = START + number * MINUTE
        candles = [a_candle(number - 1, number, FINAL), a_candle(number, number, PROVISIONAL)]
        edge.tell(candles, number, closed_until)
    assert max(len(edge._open), len(edge._ahead)) <= 2


def test_two_meet_whom_the_same_was_told_whenever_they_looked() -> None:
    one, other = at(0), at(5)
    assert one.meets(other)
    one.tell([a_candle(17, 1, PROVISIONAL)], 1, START)
    other.tell([a_candle(17, 1, PROVISIONAL)], 1, START + 8 * MINUTE)
    assert one.meets(other)
    other.tell([], 2, START + 9 * MINUTE)
    assert not one.meets(other)


def test_two_do_not_meet_between_whom_a_candle_closes() -> None:
    one, other = at(0), at(0)
    one.tell([a_candle(7, 2, PROVISIONAL)], 2, START)
    other.tell([a_candle(7, 2, FINAL)], 2, START + 8 * MINUTE)
    assert not one.meets(other)
    assert not other.meets(one)
    one.tell([a_candle(7, 2, FINAL)], 2, START + 8 * MINUTE)
    assert one.meets(other)


def test_whoever_goes_on_from_any_mark_is_told_the_rest_and_nothing_twice() -> None:
    """Revised, final, closed as another, final, open: in one look, cut after each of its events."""
    rows = [
        a_candle(0, 2, REVISED), a_candle(1, 1), a_candle(3, 2, FINAL), a_candle(4, 2, REVISED),
        a_candle(5, 1, FINAL), a_candle(6, 2, PROVISIONAL),
    ]  # fmt: skip
    look = at(3).tell(rows, 2, START + 6 * MINUTE)
    assert [(run.revised, len(run.candles)) for run in look] == [(True, 1), (False, 1), (True, 1), (False, 2)]
    marks = [at(3).mark, *(run.mark for run in look)]
    for place, mark in enumerate(marks):
        rest = Edge(*mark).tell(rows, 2, START + 6 * MINUTE)
        expected = [candle for run in look[place:] for candle in run.candles]
        assert [candle for run in rest for candle in run.candles] == expected
    assert all(before < after for before, after in pairwise(marks))


def test_what_changes_after_a_mark_is_told_to_whoever_goes_on_from_it() -> None:
    first, *_ = at(3).tell([a_candle(0, 2, REVISED), a_candle(3, 2, PROVISIONAL)], 2, START + 3 * MINUTE)
    again = a_candle(0, 3, REVISED)
    assert revised(Edge(*first.mark).tell([again, a_candle(3, 2, PROVISIONAL)], 3, START + 3 * MINUTE)) == [again]

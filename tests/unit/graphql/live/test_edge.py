"""What is news at the live edge."""

from __future__ import annotations

from datetime import timedelta

from candlewick.domain.candle import CandleStatus
from candlewick.domain.interval import Interval
from candlewick.domain.time import Window
from candlewick.graphql.live.edge import Edge
from unit.graphql.fakes import START, a_candle

PROVISIONAL, FINAL, REVISED = CandleStatus
MINUTE = timedelta(minutes=1)


def at(minute: float) -> Edge:
    """Everything up to version 1 and that minute was told."""
    return Edge(1, START + minute * MINUTE)


def test_a_candle_that_changed_is_news_once() -> None:
    edge, candle = at(0), a_candle(0, 2, PROVISIONAL)
    assert edge.tell([candle], 2, START).updates == [candle]
    assert edge.tell([candle], 2, START).updates == []


def test_a_candle_read_ahead_of_its_signal_is_news_once() -> None:
    edge, candle = at(0), a_candle(0, 3, PROVISIONAL)
    assert edge.tell([candle], 2, START).updates == [candle]
    assert edge.tell([candle], 3, START).updates == []


def test_a_candle_that_did_not_change_is_none() -> None:
    news = at(5).tell([a_candle(0, 1), a_candle(1, 1, REVISED)], 2, START)
    assert (news.updates, news.revised) == ([], [])


def test_a_candle_closes_once_without_a_commit() -> None:
    edge = at(0)
    edge.tell([a_candle(0, 2, PROVISIONAL)], 2, START)
    final = a_candle(0, 2, FINAL)
    assert edge.tell([final], 2, START + MINUTE).updates == [final]
    assert edge.tell([final], 2, START + 2 * MINUTE).updates == []


def test_a_candle_that_closed_between_two_looks_is_an_update() -> None:
    final = a_candle(0, 2, FINAL)
    assert at(0).tell([final], 2, START + MINUTE).updates == [final]


def test_a_candle_that_closed_just_before_we_looked_at_the_clock_closes_once() -> None:
    edge, final = at(0), a_candle(0, 2, FINAL)
    assert edge.tell([final], 2, START + 0.9 * MINUTE).updates == [final]
    assert edge.tell([final], 2, START + 2 * MINUTE).updates == []


def test_a_final_candle_that_changes_is_revised_each_time() -> None:
    edge = at(5)
    for version in (2, 3):
        candle = a_candle(0, version, REVISED)
        assert edge.tell([candle], version, START + 5 * MINUTE).revised == [candle]


def test_a_change_that_was_committed_as_its_candle_closed_is_revised() -> None:
    edge = at(0)
    edge.tell([a_candle(0, 2, FINAL)], 2, START + 0.9 * MINUTE)
    late = a_candle(0, 3, FINAL)
    news = edge.tell([late], 3, START + MINUTE)
    assert (news.updates, news.revised) == ([], [late])


def test_a_past_candle_that_comes_into_being_is_revised() -> None:
    candle = a_candle(0, 2, FINAL)
    assert at(5).tell([candle], 2, START + 5 * MINUTE).revised == [candle]


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
        candles = [a_candle(number, number, PROVISIONAL), a_candle(number - 1, number, FINAL)]
        edge.tell(candles, number, closed_until)
    assert max(len(edge._open), len(edge._closed), len(edge._ahead)) <= 2

"""Whether a window is known to be whole, by definition: moment by moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.coverage import Coverage, Knowledge
from candlewick.domain.time import Window

START = datetime(2024, 8, 8, tzinfo=UTC)
BOUNDS = 40


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def window(first: int, last: int) -> Window:
    return Window(at(first), at(last))


def spans() -> st.SearchStrategy[list[Window]]:
    pairs = st.tuples(st.integers(-5, BOUNDS), st.integers(1, 12))
    return st.lists(pairs.map(lambda pair: window(pair[0], pair[0] + pair[1])), max_size=5)


def moments(windows: list[Window]) -> set[int]:
    return {n for n in range(-10, BOUNDS + 20) for each in windows if each.start <= at(n) < each.end}


@given(spans(), spans(), st.none() | spans(), st.integers(0, BOUNDS - 1), st.integers(1, 6))
def test_a_window_is_judged_by_each_of_its_moments(
    covered: list[Window], gaps: list[Window], sessions: list[Window] | None, first: int, width: int
) -> None:
    last = min(first + width, BOUNDS)
    known = Knowledge(window(0, BOUNDS), covered, gaps, sessions)

    asked = set(range(first, last))
    traded = asked if sessions is None else asked & moments(sessions)
    lacking = bool((traded - moments(covered)) or (asked & moments(gaps)))
    assert known.of_candle(at(first), at(last)) is (Coverage.PARTIAL if lacking else Coverage.COMPLETE)
    nothing = Coverage.FEED_GAP if lacking else Coverage.NO_TRADES
    assert known.of_nothing(at(first), at(last)) is (nothing if traded else Coverage.MARKET_CLOSED)


def test_what_is_known_ends_where_the_last_covered_span_does() -> None:
    assert Knowledge(window(0, 40), [window(20, 30), window(1, 5)]).known_until == at(30)
    assert Knowledge(window(0, 40)).known_until == at(0)

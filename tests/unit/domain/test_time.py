"""Windows and the moments in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import EmptyWindow, NaiveDateTime
from candlewick.domain.time import EPOCH, Window, coalesce, from_microseconds, microseconds, utc

HOUR = timedelta(hours=1)
SPANS = st.tuples(st.integers(0, 60), st.integers(1, 20))


def window(span: tuple[int, int]) -> Window:
    start, hours = span
    return Window(EPOCH + start * HOUR, EPOCH + (start + hours) * HOUR)


def hours_of(windows: list[Window]) -> set[datetime]:
    return {each.start + n * HOUR for each in windows for n in range((each.end - each.start) // HOUR)}


@given(st.lists(SPANS.map(window), max_size=8))
def test_coalesced_windows_hold_the_same_moments_apart(windows: list[Window]) -> None:
    merged = coalesce(windows)
    assert hours_of(merged) == hours_of(windows)
    assert all(one.end < other.start for one, other in pairwise(merged))


@given(SPANS.map(window), SPANS.map(window))
def test_windows_overlap_if_they_share_a_moment(one: Window, other: Window) -> None:
    assert one.overlaps(other) == bool(hours_of([one]) & hours_of([other])) == other.overlaps(one)


@given(SPANS.map(window))
def test_days_are_the_window_cut_at_midnight(whole: Window) -> None:
    days = list(whole.days())
    assert coalesce(days) == [whole]
    assert all(day.start.date() == (day.end - timedelta(microseconds=1)).date() for day in days)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_microseconds_count_every_moment(moment: datetime) -> None:
    assert from_microseconds(microseconds(moment)) == moment


@pytest.mark.parametrize("end", [EPOCH, EPOCH - HOUR])
def test_a_range_the_wrong_way_round_is_refused(end: datetime) -> None:
    with pytest.raises(EmptyWindow, match="must be after"):
        Window(EPOCH, end)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(NaiveDateTime):
        utc(datetime(2024, 8, 8))  # noqa: DTZ001

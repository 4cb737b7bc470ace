"""Widths of candles: what they are written as, where their candles open, and what they are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import InvalidDuration, TimeOutOfRange
from candlewick.domain.interval import PARENT, STORED, Duration, Interval, largest_dividing

MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DURATIONS = st.one_of(
    st.integers(1, 3660 * 86400).map(lambda seconds: Duration(timedelta(seconds=seconds))),
    st.integers(1, 120).map(lambda months: Duration(months=months)),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(DURATIONS)
def test_a_duration_is_read_as_it_is_written(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == duration


@given(DURATIONS, MOMENTS)
def test_a_moment_lies_in_exactly_one_candle(duration: Duration, moment: datetime) -> None:
    opened = duration.floor(moment)
    assert opened <= moment < duration.after(opened)
    assert duration.floor(opened) == opened


@given(DURATIONS, MOMENTS)
def test_ceil_is_the_first_open_time_from_a_moment_on(duration: Duration, moment: datetime) -> None:
    ceil = duration.ceil(moment)
    assert ceil >= moment
    assert duration.floor(ceil) == ceil
    assert duration.after(ceil, -1) < moment


@given(DURATIONS, MOMENTS, st.integers(-5, 5), st.integers(-5, 5))
def test_steps_add_up(duration: Duration, moment: datetime, one: int, other: int) -> None:
    opened = duration.floor(moment)
    assert duration.after(duration.after(opened, one), other) == duration.after(opened, one + other)


@given(DURATIONS, DURATIONS, MOMENTS)
def test_what_divides_a_width_opens_where_it_opens(narrow: Duration, wide: Duration, moment: datetime) -> None:
    if narrow.divides(wide):
        opened = wide.floor(moment)
        assert narrow.floor(opened) == opened


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("PT5M", "2024-02-29T23:55"),
        ("PT4H", "2024-02-29T20:00"),
        ("P1D", "2024-02-29"),
        ("P1W", "2024-02-26"),
        ("P1M", "2024-02-01"),
        ("P3M", "2024-01-01"),
        ("P1Y", "2024-01-01"),
        ("P10Y", "2020-01-01"),
    ],
)
def test_candles_open_where_a_calendar_says(text: str, opened: str) -> None:
    assert Duration.parse(text).floor(at("2024-02-29T23:59:59.999999")) == at(opened)


def test_months_before_the_origin_are_counted_down() -> None:
    assert Duration(months=5).floor(at("1999-12-31")) == at("1999-08-01")


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "PT0S", "P0M", "5m", "PT1.5S", "-PT5M", "P1DT", "P1M1D", "P1YT1H", "P11Y", "P9999D", "PT٥M"]
)
def test_what_candles_cannot_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidDuration):
        Duration.parse(text)


@pytest.mark.parametrize("duration", [Duration(timedelta(days=3000)), Duration(months=120)])
def test_steps_beyond_the_calendar_are_refused(duration: Duration) -> None:
    with pytest.raises(TimeOutOfRange):
        duration.after(at("2024-01-01"), 10_000)


@pytest.mark.parametrize(("child", "parent"), PARENT.items())
def test_every_interval_is_made_of_its_parent(child: Interval, parent: Interval) -> None:
    assert parent.duration.divides(child.duration)
    assert STORED.index(parent) < STORED.index(child)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("PT1S", Interval.S1),
        ("PT90S", Interval.S1),
        ("PT2M", Interval.M1),
        ("PT90M", Interval.M30),
        ("PT36H", Interval.H4),
        ("P3D", Interval.D1),
        ("P2W", Interval.W1),
        ("P3M", Interval.MO1),
        ("P1Y", Interval.MO1),
    ],
)
def test_candles_are_built_from_the_widest_that_divides_them(text: str, interval: Interval) -> None:
    assert largest_dividing(Duration.parse(text)) is interval


@pytest.mark.parametrize("interval", [*STORED, Interval.S1])
def test_an_interval_is_built_from_itself(interval: Interval) -> None:
    assert largest_dividing(interval.duration) is interval


def test_weeks_do_not_divide_months() -> None:
    assert not Interval.W1.duration.divides(Interval.MO1.duration)
    assert not Interval.MO1.duration.divides(Interval.D1.duration)

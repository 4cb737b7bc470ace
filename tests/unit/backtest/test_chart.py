"""Charts: moments on the axis that one can read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from candlewick.backtest.chart import Chart, Line

BEGIN = datetime(2024, 8, 8, 22, 7, tzinfo=UTC)


def moments(span: timedelta) -> list[str]:
    times = [BEGIN, BEGIN + span]
    drawn = Chart("equity", "Equity", "It grows.", times, [Line("Strategy", "strategy", [1.0, 2.0])], str).svg()
    return re.findall(r'text-anchor="middle">([^<]*)<', drawn)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(hours=5), ["23:00", "2024-08-09", "01:00", "02:00", "03:00"]),
        (timedelta(minutes=10), ["22:08", "22:10", "22:12", "22:14", "22:16"]),
        (timedelta(days=3), ["2024-08-09", "12:00", "2024-08-10", "12:00", "2024-08-11", "12:00"]),
        (timedelta(days=11), [f"2024-08-{day:02}" for day in range(9, 20, 2)]),
        (timedelta(days=3650), ["2026-01-01", "2028-01-01", "2030-01-01", "2032-01-01", "2034-01-01"]),
    ],
)
def test_moments_are_round_and_no_two_of_them_look_the_same_within_a_day(span: timedelta, expected: list[str]) -> None:
    assert moments(span) == expected

"""When exchanges trade."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from candlewick.domain.calendar import Calendar
from candlewick.domain.time import Window
from candlewick.providers.calendars import ExchangeCalendars

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CALENDARS = ExchangeCalendars()


def on(calendar: Calendar, day: date) -> list[Window]:
    return [session for session in calendar.sessions if session.start.date() == day]


@pytest.fixture(scope="module")
def new_york() -> Calendar:
    return CALENDARS.calendar("XNYS", NOW)


@pytest.fixture(scope="module")
def target() -> Calendar:
    return CALENDARS.calendar("TARGET", NOW)


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_sessions_follow_daylight_saving(new_york: Calendar) -> None:
    winter, summer = on(new_york, date(2026, 3, 6)), on(new_york, date(2026, 3, 9))

    assert winter == [Window(utc(2026, 3, 6, 14, 30), utc(2026, 3, 6, 21))]
    assert summer == [Window(utc(2026, 3, 9, 13, 30), utc(2026, 3, 9, 20))]


def test_holidays_have_no_session_and_short_days_a_short_one(new_york: Calendar) -> None:
    assert on(new_york, date(2026, 11, 26)) == []  # Thanksgiving
    assert on(new_york, date(2026, 11, 27)) == [Window(utc(2026, 11, 27, 14, 30), utc(2026, 11, 27, 18))]
    assert on(new_york, date(2001, 9, 12)) == []


def test_a_calendar_says_how_far_it_is_known(new_york: Calendar) -> None:
    assert new_york.known.start == utc(1990, 1, 1, 0)
    assert new_york.known.end - NOW > timedelta(days=360)
    assert all(new_york.known.start <= each.start and each.end <= new_york.known.end for each in new_york.sessions)


@pytest.mark.parametrize(
    "holiday",
    [
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-01",
        "2026-12-25",
        "2024-03-29",
        "2024-04-01",
        "1999-12-31",
        "2001-12-31",
    ],
)
def test_target_is_closed_on_its_holidays(target: Calendar, holiday: str) -> None:
    assert on(target, date.fromisoformat(holiday)) == []


@pytest.mark.parametrize("day", ["1999-04-05", "1999-05-03", "2026-05-14", "2026-12-24", "2026-12-28"])
def test_target_is_open_on_other_weekdays(target: Calendar, day: str) -> None:
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    assert on(target, date.fromisoformat(day)) == [Window(start, start + timedelta(days=1))]


def test_target_has_no_weekends(target: Calendar) -> None:
    assert {session.start.weekday() for session in target.sessions} == {0, 1, 2, 3, 4}


def test_only_exchanges_are_known() -> None:
    assert [CALENDARS.knows(name) for name in ("XLON", "TARGET", "BINANCE", "XXXX", "24/7")] == [
        True, True, False, False, False
    ]  # fmt: skip

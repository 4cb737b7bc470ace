"""Rulers against clocks that are looked at every minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import TimeOutOfRange
from candlewick.domain.hours import Hours, TimeBar
from candlewick.domain.interval import Duration
from candlewick.domain.ruler import LocalRuler, Sessions, local_ruler
from candlewick.domain.time import Window

ZONES: Final = (
    "America/New_York", "Europe/London", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Pacific/Apia", "America/Havana", "Africa/Cairo", "Asia/Tehran", "Pacific/Chatham",
    "America/Scoresbysund", "Africa/Casablanca",
)  # fmt: skip
CHANGES: Final = [
    datetime(*month, 1, tzinfo=UTC) for month in ((2011, 12), (2018, 2), (2018, 11), (2024, 3), (2024, 4), (2024, 10))
]
"""Months in which clocks are changed somewhere."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def ruler(every: str, zone: str = "UTC", sessions: Sessions | None = None) -> LocalRuler:
    bar = TimeBar(Duration.parse(every), Hours(zone, "X" if sessions else None))
    found = local_ruler(bar, sessions)
    assert found is not None
    return found


def opens(of: LocalRuler, window: Window) -> list[datetime]:
    return list(dict.fromkeys(opened for opened, _ in of.parts(window)))


@cache
def shown(zone: str, month: datetime) -> Sequence[tuple[datetime, datetime]]:
    """What the zone's clocks showed in every minute of 31 days, and the minute before."""
    moments = [month + number * MINUTE for number in range(-1, 31 * 1440)]
    return list(pairwise(moment.astimezone(ZoneInfo(zone)) for moment in moments))


def by_the_clock(zone: str, month: datetime, begins: Callable[[datetime, datetime], bool]) -> list[datetime]:
    """Minutes at which a candle begins, by what the clock showed the minute before and shows now."""
    return [now.astimezone(UTC) for before, now in shown(zone, month) if begins(before, now)]


def new_day(before: datetime, now: datetime) -> bool:
    return now.date() > before.date()


@pytest.mark.parametrize("zone", ZONES)
def test_days_begin_when_the_date_changes(zone: str) -> None:
    days = ruler("P1D", zone)
    for month in CHANGES:
        assert opens(days, Window(month, month + 31 * DAY)) == by_the_clock(zone, month, new_day), month


@pytest.mark.parametrize("zone", ZONES)
def test_parts_of_a_day_begin_when_the_clock_shows_or_jumps_over_a_multiple(zone: str) -> None:
    for every, month in product((20, 30, 45, 60, 120, 180, 240, 360, 720), CHANGES):

        def begins(before: datetime, now: datetime, every: int = every) -> bool:
            place, rest = divmod(60 * now.hour + now.minute, every)
            return not rest or place != (60 * before.hour + before.minute) // every

        parts = ruler(f"PT{every}M", zone)
        assert opens(parts, Window(month, month + 31 * DAY)) == by_the_clock(zone, month, begins), (every, month)


def test_where_clocks_went_back_over_midnight_a_day_begins_once() -> None:
    """Newfoundland changed them at one minute past until 2011: midnight came twice, and the first one counts."""
    month = datetime(2010, 11, 1, tzinfo=UTC)
    twice = by_the_clock("America/St_Johns", month, new_day)
    once = [
        moment for number, moment in enumerate(twice) if moment - twice[number - 1] > timedelta(hours=2) or not number
    ]
    assert len(twice) == len(once) + 1
    assert opens(ruler("P1D", "America/St_Johns"), Window(month, month + 31 * DAY)) == once
    hours = ruler("PT1H", "America/St_Johns")
    for moment in (each + n * MINUTE for each in twice for n in range(-90, 90)):
        assert hours.floor(moment) <= moment < hours.after(hours.floor(moment))


def test_days_of_a_change_of_clocks_have_23_and_25_hours() -> None:
    days = ruler("P1D", "America/New_York")
    spring, autumn = datetime(2024, 3, 10, 5, tzinfo=UTC), datetime(2024, 11, 3, 4, tzinfo=UTC)
    assert days.close(spring) - spring == timedelta(hours=23)
    assert days.close(autumn) - autumn == timedelta(hours=25)
    hours = ruler("PT1H", "America/New_York")
    assert [len(opens(hours, Window(day, days.close(day)))) for day in (spring, autumn)] == [23, 25]
    quarters = ruler("PT6H", "America/New_York")
    assert quarters.close(spring) - spring == timedelta(hours=5)


def test_a_day_that_was_left_out_has_no_candle() -> None:
    """Samoa went from 29 to 31 December 2011."""
    days = opens(
        ruler("P1D", "Pacific/Apia"), Window(datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    )
    shown = [day.astimezone(ZoneInfo("Pacific/Apia")).date() for day in days]
    assert shown == [date(2011, 12, day) for day in (28, 29, 31)] + [date(2012, 1, 1), date(2012, 1, 2)]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    window = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
    weeks = [each.astimezone(zone) for each in opens(ruler("P1W", "Asia/Tokyo"), window)]
    quarters = [each.astimezone(zone) for each in opens(ruler("P3M", "Asia/Tokyo"), window)]
    assert {(each.weekday(), each.hour) for each in weeks} == {(0, 0)}
    assert [(each.month, each.day, each.hour) for each in quarters] == [(4, 1, 0), (7, 1, 0), (10, 1, 0)]


MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
WIDTHS = st.sampled_from(["PT20M", "PT1H", "PT4H", "PT12H", "P1D", "P3D", "P1W", "P1M", "P1Y"])


def new_york(year: int = 2024) -> Sessions:
    """Half past nine to four on weekdays; every tenth until one."""
    zone, found = ZoneInfo("America/New_York"), []
    for number in range(366):
        day = date(year, 1, 1) + number * DAY
        if day.weekday() < 5:
            close = 13 if number % 10 == 0 else 16
            found.append(
                tuple(
                    datetime(day.year, day.month, day.day, *at, tzinfo=zone).astimezone(UTC)
                    for at in ((9, 30), (close, 0))
                )
            )
    return Sessions([o for o, _ in found], [c for _, c in found], found[-1][1] + DAY)


SESSIONS = new_york()


@given(st.data(), MOMENTS, st.integers(-300, 300))
def test_a_ruler_keeps_its_own_laws(data: st.DataObject, moment: datetime, count: int) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    if data.draw(st.booleans()):
        every = data.draw(WIDTHS)
        of = ruler(every, zone)
    else:
        every = data.draw(st.sampled_from(["PT7M", "PT65M", "PT4H", "P1D", "P2D", "P1W", "P1M"]))
        of = ruler(every, "America/New_York", SESSIONS)
        moment = datetime(2024, 3, 1, tzinfo=UTC) + (moment - datetime(2009, 1, 1, tzinfo=UTC)) / 40
        count //= 100
    floor, ceil = of.floor(moment), of.ceil(moment)
    assert floor <= moment <= ceil
    assert of.floor(floor) == of.ceil(floor) == floor
    assert floor < of.close(floor) <= of.after(floor)
    assert ceil == (floor if floor == moment else of.after(floor))
    try:
        there = of.after(floor, count)
    except TimeOutOfRange:
        return
    between = opens(of, Window(min(floor, there), max(floor, there))) if there != floor else []
    skipped = 1 if zone == "Pacific/Apia" and every == "P1D" else 0
    assert abs(count) - skipped <= len(between) <= abs(count)


def test_sessions_are_cut_from_their_openings_and_end_with_them() -> None:
    day = Window(datetime(2024, 3, 15, tzinfo=UTC), datetime(2024, 3, 16, tzinfo=UTC))
    hours = ruler("PT4H", sessions=SESSIONS)
    assert [(part.start.hour, part.start.minute, part.end.hour, part.end.minute) for _, part in hours.parts(day)] == [
        (13, 30, 17, 30), (17, 30, 20, 0)
    ]  # fmt: skip


def test_a_session_wider_than_itself_is_one_candle() -> None:
    day = Window(datetime(2024, 3, 15, tzinfo=UTC), datetime(2024, 3, 16, tzinfo=UTC))
    assert len(opens(ruler("PT23H", sessions=SESSIONS), day)) == 1


def test_a_week_of_sessions_is_one_candle_of_five_parts() -> None:
    weeks = ruler("P1W", "America/New_York", SESSIONS)
    window = Window(datetime(2024, 3, 11, tzinfo=UTC), datetime(2024, 3, 18, tzinfo=UTC))
    parts = list(weeks.parts(window))
    assert len(parts) == 5
    assert {opened for opened, _ in parts} == {datetime(2024, 3, 11, 13, 30, tzinfo=UTC)}
    assert weeks.close(parts[0][0]) == datetime(2024, 3, 15, 20, tzinfo=UTC)


def test_a_session_over_midnight_belongs_to_the_day_on_which_it_ends() -> None:
    """Futures open on Sunday evening: the week begins with that."""
    starts = [datetime(2024, 3, 10, 22, tzinfo=UTC) + n * DAY for n in range(10)]
    overnight = Sessions(starts, [each + timedelta(hours=23) for each in starts], starts[-1] + DAY)
    weeks = opens(ruler("P1W", sessions=overnight), Window(starts[0], starts[-1]))
    assert weeks == [starts[0], starts[7]]


def test_beyond_the_calendar_there_is_nothing() -> None:
    for every in ("PT1H", "P1D", "P1M"):
        of = ruler(every, "UTC", SESSIONS)
        last = of.floor(SESSIONS.end)
        assert of.after(last) == SESSIONS.end == of.ceil(SESSIONS.end + DAY)
        assert list(of.parts(Window(SESSIONS.end, SESSIONS.end + DAY))) == []
        assert (
            of.floor(datetime(2020, 1, 1, tzinfo=UTC)) == of.ceil(datetime(2020, 1, 1, tzinfo=UTC)) == SESSIONS.opens[0]
        )
        with pytest.raises(TimeOutOfRange):
            of.after(last, 2)
        with pytest.raises(TimeOutOfRange):
            of.after(SESSIONS.opens[0], -1)

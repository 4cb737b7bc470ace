"""Times: read as columns as they are read one by one, in every unit, format and zone; never guessed row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.time import from_microseconds, microseconds
from candlewick.providers.csv.dates import Dates
from candlewick.providers.csv.mapping import TimeUnit
from candlewick.providers.csv.times import Bounds, FormattedTimes, IsoTimes, NumberTimes, Times, unit_of, wall_midnight
from candlewick.providers.csv.zones import UTC_ZONE, Zone
from candlewick.providers.delimited import Lines
from candlewick.providers.exact import Unreadable
from markets import LATER

BOUNDS = Bounds.until_tomorrow(LATER)
NEW_YORK = Zone.named("America/New_York")
MOMENT = datetime(2024, 8, 8, 9, 30, 0, 123456, tzinfo=UTC)
MOMENTS = st.integers(86_400 * 10**6, microseconds(datetime(2025, 12, 31, tzinfo=UTC))).map(from_microseconds)


def one(times: Times, text: str) -> datetime:
    return from_microseconds(times.one(text))


def column(times: Times, texts: list[str]) -> list[int | None]:
    values, fits = times.column(Lines.split("".join(f"{text},x\n" for text in texts).encode(), 2), 0)
    return [int(value) if fit else None for value, fit in zip(values, fits, strict=True)]


def agree(times: Times, texts: list[str]) -> None:
    """What is read as a column is read so one by one."""
    for text, found in zip(texts, column(times, texts), strict=True):
        if found is not None:
            assert found == times.one(text)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        (TimeUnit.SECONDS, "1723109400.123456"),
        (TimeUnit.MILLISECONDS, "1723109400123.456"),
        (TimeUnit.MICROSECONDS, "1723109400123456"),
        (TimeUnit.NANOSECONDS, "1723109400123456999"),
        (TimeUnit.SECONDS, "1723109400.123456999999"),
    ],
)
def test_a_number_is_a_time_in_its_unit(unit: TimeUnit, text: str) -> None:
    times = NumberTimes(unit, BOUNDS)
    assert one(times, text) == MOMENT
    assert column(times, [text])[0] in {microseconds(MOMENT), None}


@given(st.lists(st.integers(-5, 2 * 10**19).map(str) | st.decimals(0, 10**10, places=7).map(str), max_size=20))
def test_numbers_are_read_as_columns_as_one_by_one(texts: list[str]) -> None:
    for unit in TimeUnit:
        agree(NumberTimes(unit, BOUNDS), texts)
        agree(NumberTimes(unit, BOUNDS, NEW_YORK, wall_midnight(2013, 10, 8)), texts)


@pytest.mark.parametrize("text", ["-1", "1723109400123", "9" * 30, "0x10", "", "now", "1_000"])
def test_what_is_no_second_is_refused(text: str) -> None:
    times = NumberTimes(TimeUnit.SECONDS, BOUNDS)
    with pytest.raises(Unreadable, match="time"):
        times.one(text)
    assert column(times, [text]) == [None]


def test_milliseconds_since_midnight_follow_the_clock_of_the_zone() -> None:
    summer = NumberTimes(TimeUnit.MILLISECONDS, BOUNDS, NEW_YORK, wall_midnight(2013, 10, 8))
    assert one(summer, "14417034") == datetime(2013, 10, 8, 8, 0, 17, 34000, tzinfo=UTC)
    winter = NumberTimes(TimeUnit.MILLISECONDS, BOUNDS, NEW_YORK, wall_midnight(2013, 12, 8))
    assert one(winter, "14417034") == datetime(2013, 12, 8, 9, 0, 17, 34000, tzinfo=UTC)
    with pytest.raises(Unreadable, match="since midnight"):
        winter.one("86400000")
    assert column(winter, ["14417034", "86400000"])[1] is None


def test_an_hour_that_the_clock_showed_twice_or_never_is_no_time() -> None:
    autumn = NumberTimes(TimeUnit.SECONDS, BOUNDS, NEW_YORK, wall_midnight(2013, 11, 3))
    texts = ["3599", "3600", "7199", "7200"]
    read = [None if value is None else from_microseconds(value).hour for value in column(autumn, texts)]
    assert read == [4, None, None, 7]
    spring = IsoTimes(BOUNDS, NEW_YORK)
    with pytest.raises(Unreadable, match="came twice or never in America/New_York"):
        spring.one("2024-03-10 02:30:00")
    assert column(spring, ["2024-03-10 02:30:00", "2024-03-10 03:30:00"])[0] is None


@pytest.mark.parametrize(
    "text",
    [
        "2024-08-08T09:30:00.123456Z",
        "2024-08-08 09:30:00.123456 UTC",
        "2024-08-08T09:30:00.123456+00:00",
        "2024-08-08 05:30:00.123456-0400",
        "2024/08/08 11:30:00,123456+02",
        "2024.08.08T09:30:00.123456999Z",
        "2024-08-08T15:15:00.123456+05:45",
    ],
)
def test_iso_times_may_be_written_in_many_ways(text: str) -> None:
    assert one(IsoTimes(BOUNDS), text) == MOMENT
    separated = text.replace(",", ".")
    assert column(IsoTimes(BOUNDS), [separated]) == [microseconds(MOMENT)]


@given(
    st.lists(
        st.tuples(
            MOMENTS,
            st.sampled_from(
                ["%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%dT%H:%M:%S.%f+01:00"]
            ),
        ).map(lambda pair: pair[0].strftime(pair[1])),
        max_size=20,
    ),
    st.sampled_from([None, UTC_ZONE, NEW_YORK, Zone.named("Australia/Lord_Howe")]),
)
def test_iso_times_are_read_as_columns_as_one_by_one(texts: list[str], zone: Zone | None) -> None:
    times = IsoTimes(BOUNDS, zone)
    agree(times, texts)
    for text, found in zip(texts, column(times, texts), strict=True):
        if found is None:
            with pytest.raises(Unreadable):
                times.one(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-08-08T24:00:00Z",
        "2024-08-08T23:60:00Z",
        "2024-08-08T23:59:60Z",
        "2024-08-08T00:00:00+24:00",
        "2024-08-08T00:00:00",
        "2024-08-08",
        "1969-12-31T23:59:59Z",
        "2030-01-01T00:00:00Z",
        "08.08.2024 00:00:00Z",
        "2024-08/08T00:00:00Z",
        "٢٠٢٤-08-08T00:00:00Z",
    ],
)
def test_what_is_in_no_calendar_or_says_no_zone_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        IsoTimes(BOUNDS).one(text)
    assert column(IsoTimes(BOUNDS), [text]) == [None]


def test_a_leap_day_is_a_day() -> None:
    assert one(IsoTimes(BOUNDS), "2024-02-29T00:00:00Z") == datetime(2024, 2, 29, tzinfo=UTC)
    assert column(IsoTimes(BOUNDS), ["2000-02-29T00:00:00Z"]) == [microseconds(datetime(2000, 2, 29, tzinfo=UTC))]


def test_a_format_reads_what_it_says() -> None:
    times = FormattedTimes("%d.%m.%Y %H:%M:%S,%f", BOUNDS, Zone.named("Europe/Berlin"))
    assert one(times, "08.08.2024 11:30:00,123456") == MOMENT
    assert column(FormattedTimes("%d.%m.%Y %H:%M:%S", BOUNDS, UTC_ZONE), ["08.08.2024 09:30:00", "8/8/24"]) == [
        microseconds(MOMENT.replace(microsecond=0)),
        None,
    ]
    with pytest.raises(Unreadable, match="does not say its zone"):
        FormattedTimes("%d.%m.%Y", BOUNDS).one("08.08.2024")
    assert one(FormattedTimes("%Y-%m-%d %z", BOUNDS), "2024-08-08 +0200") == datetime(2024, 8, 7, 22, tzinfo=UTC)


@given(MOMENTS, st.sampled_from(["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/London"]))
def test_a_zone_takes_its_clock_for_the_moment_that_zoneinfo_does(moment: datetime, name: str) -> None:
    zone = Zone.named(name)
    shown = moment.astimezone(zone.rules)
    wall = microseconds(shown.replace(tzinfo=UTC))
    both = shown.replace(fold=0).utcoffset(), shown.replace(fold=1).utcoffset()
    if both[0] == both[1]:
        assert zone.moment(wall) == microseconds(moment)
    else:
        with pytest.raises(Unreadable):
            zone.moment(wall)


@pytest.mark.parametrize(
    ("numbers", "unit"),
    [
        ([1723109400], TimeUnit.SECONDS),
        ([Decimal("1723109400.5"), 0, 1723109401], TimeUnit.SECONDS),
        ([1723109400123], TimeUnit.MILLISECONDS),
        ([1723109400123456], TimeUnit.MICROSECONDS),
        ([1723109400123456789], TimeUnit.NANOSECONDS),
        ([167], None),
        ([20240808], None),
        ([], None),
    ],
)
def test_a_unit_is_found_where_there_is_only_one(numbers: list[int | Decimal], unit: TimeUnit | None) -> None:
    assert unit_of([Decimal(number) for number in numbers], LATER) is unit


@pytest.mark.parametrize(
    "text", ["2024-08-08", "20240808", "2024/08/08", "2024-08-08 00:00", "20240808 00:00", "2024-08-08T00:00:00Z"]
)
def test_a_date_may_have_a_midnight(text: str) -> None:
    assert Dates(LATER.date()).one(text) == date(2024, 8, 8)


@pytest.mark.parametrize("text", ["2024-08-08 09:30", "2024-02-30", "1599-12-31", "2027-01-01", "08/08/2024", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="date"):
        Dates(LATER.date()).one(text)


def test_a_date_may_be_a_midnight_in_some_zone() -> None:
    midnight = datetime(2024, 8, 8, tzinfo=UTC) + timedelta(hours=4)
    dates = Dates(LATER.date(), numbers=NumberTimes(TimeUnit.SECONDS, BOUNDS, NEW_YORK))
    assert dates.one(f"{midnight.timestamp():.0f}") == date(2024, 8, 8)
    with pytest.raises(Unreadable, match="no midnight in America/New_York"):
        dates.one(f"{midnight.timestamp() + 60:.0f}")


def test_a_month_is_its_first_day_if_a_format_says_so() -> None:
    assert Dates(LATER.date(), "%Y-%m").one("1833-01") == date(1833, 1, 1)

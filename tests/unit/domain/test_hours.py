"""Hours: which widths a time zone's days and a calendar's sessions can be divided into, and which names are known."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import InvalidDuration, UnknownTimeZone
from candlewick.domain.hours import ALWAYS, Hours, TimeBar
from candlewick.domain.interval import Duration


def bar(every: str, timezone: str = "UTC", session: str | None = None) -> TimeBar:
    return TimeBar.of(Duration.parse(every), timezone, session)


@pytest.mark.parametrize("every", ["PT1S", "PT15S", "PT1M", "PT5M", "PT15M"])
def test_widths_that_divide_a_quarter_of_an_hour_are_the_same_in_every_zone(every: str) -> None:
    assert bar(every, "Asia/Kathmandu") == bar(every)


@pytest.mark.parametrize("every", ["PT20M", "PT1H", "PT6H", "P1D", "P10D", "P1M", "P1Y"])
def test_wider_ones_are_the_zones_own(every: str) -> None:
    assert bar(every, "America/New_York").hours == Hours("America/New_York")
    assert bar(every).hours == ALWAYS


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Zulu"])
def test_the_names_of_utc_mean_the_same(name: str) -> None:
    assert bar("P1D", name) == bar("P1D")


@pytest.mark.parametrize("every", ["PT7H", "PT36H", "PT32S", "PT25M"])
def test_a_width_that_divides_no_day_of_a_zone_is_refused(every: str) -> None:
    assert bar(every).hours == ALWAYS
    with pytest.raises(InvalidDuration, match="in a time zone"):
        bar(every, "Europe/London")


@pytest.mark.parametrize("every", ["PT7H", "PT65M", "PT10S", "P1D", "P1W", "P1M"])
def test_sessions_are_divided_from_their_openings_on(every: str) -> None:
    assert bar(every, session="XNYS").hours.session == "XNYS"
    assert bar("PT65M", "Asia/Tokyo", "XNYS") == bar("PT65M", session="XNYS")


def test_days_of_sessions_are_whole() -> None:
    with pytest.raises(InvalidDuration, match="whole days"):
        bar("PT36H", session="XNYS")


@pytest.mark.parametrize("name", ["Europe/Lundon", "Mars/Olympus", "", "../../etc/passwd", "utc", "\x00", "A" * 500])
def test_an_unknown_zone_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(UnknownTimeZone, match="America/New_York"):
        bar("P1D", name)


def test_a_misspelt_zone_is_told_from_similar_ones() -> None:
    with pytest.raises(UnknownTimeZone, match="did you mean") as caught:
        bar("P1D", "Europe/Lundon")
    assert "Europe/London" in caught.value.similar

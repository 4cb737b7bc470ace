"""Times in ISO 8601: read to the microsecond, believed between 2009 and tomorrow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.iso_time import moment
from markets import LATER

TIMES = EventTimes.until_tomorrow(LATER)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2021-05-15T15:59:43Z", 0),
        ("2021-05-15T15:59:43.867Z", 867_000),
        ("2021-05-15T15:59:43.123456789Z", 123_456),
        ("2021-05-15T15:59:43.5+00:00", 500_000),
    ],
)
def test_a_moment_is_read_and_what_is_finer_is_cut_off(text: str, microsecond: int) -> None:
    assert moment(text, "time", TIMES) == datetime(2021, 5, 15, 15, 59, 43, microsecond, UTC)


@pytest.mark.parametrize(
    "value",
    [None, 7, [], "", "2021-05-15", "2021-05-15T15:59:43", "2021-05-15T15:59:43+02:00", "2021-13-15T15:59:43Z",
     "2021-05-15T25:59:43Z", "２021-05-15T15:59:43Z", "2008-12-31T23:59:59Z", "2026-01-02T00:00:01Z"],
)  # fmt: skip
def test_what_is_no_moment_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(Unreadable, match=r"^last_updated "):
        moment(value, "last_updated", TIMES)

"""Cursors come back as they went out, and nothing else is taken for one."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.graphql.cursor import Series, integer, moment
from candlewick.graphql.faults import InvalidCursor

SERIES = Series("candles", "17/PT1H/AUTO")
WORDS = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=40)


@given(WORDS, WORDS)
def test_a_cursor_carries_its_key(name: str, part: str) -> None:
    series = Series("assets", name)
    assert series.key(series.cursor(part, "x"), "after", parts=2) == [part, "x"]


@given(st.text(max_size=80))
def test_text_from_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        SERIES.key(text, "after")


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    cursor = SERIES.cursor(1723075200000000)
    place = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from("ABCDabcd0189-_").filter(lambda character: character != cursor[place]))
    with pytest.raises(InvalidCursor):
        SERIES.key(cursor[:place] + other + cursor[place + 1 :], "after")


@pytest.mark.parametrize("length", [0, 1, 8, 20])
def test_a_truncated_cursor_is_refused(length: int) -> None:
    with pytest.raises(InvalidCursor, match="damaged"):
        SERIES.key(SERIES.cursor(1723075200000000)[:length], "before")


def test_an_endless_cursor_is_refused() -> None:
    with pytest.raises(InvalidCursor, match="damaged"):
        SERIES.key("A" * 100_000, "after")


@pytest.mark.parametrize("other", [Series("trades", "17"), Series("candles", "18/PT1H/AUTO"), Series("candles")])
def test_a_cursor_of_another_list_is_refused(other: Series) -> None:
    with pytest.raises(InvalidCursor, match="another list"):
        SERIES.key(other.cursor("1"), "after")


def test_a_relay_offset_cursor_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        SERIES.key(urlsafe_b64encode(b"arrayconnection:5").decode(), "after")


@pytest.mark.parametrize("text", ["", "--1", "1.5", "٣", "-7" + "0" * 15, "9" * 17, "9" * 5000])
def test_a_time_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        moment(text, "after")


@pytest.mark.parametrize("text", ["", "1.5", str(2**63), "9" * 5000, "٣"])
def test_a_number_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        integer(text, "after")

"""Rows that are not stored: their text and their reason, whatever they look like."""

from __future__ import annotations

from candlewick.domain.errors import InvalidTrade
from candlewick.providers import exact_json
from candlewick.providers.exact import Unreadable
from candlewick.providers.rejection import LONGEST_TEXT, reject, reject_bytes
from markets import LATER


def test_a_row_is_quoted_as_it_came() -> None:
    row = exact_json.loads(b'{"price":1.500,"side":"buy"}')

    rejected = reject(3, row, Unreadable("price 1.500 is no text"))

    assert (rejected.row, rejected.text) == (3, '{"price":1.500,"side":"buy"}')
    assert rejected.reason == "price 1.500 is no text"


def test_a_trade_that_cannot_be_says_why_and_not_which() -> None:
    assert reject(1, {}, InvalidTrade(5, "its size is not above zero")).reason == "its size is not above zero"


def test_a_row_of_any_depth_and_length_can_be_rejected() -> None:
    deep: object = 1
    for _ in range(5_000):
        deep = [deep]

    assert "too deeply" in reject(1, deep, Unreadable("no object")).text
    assert len(reject(1, "x" * 100_000, Unreadable("no object")).text) == LONGEST_TEXT


def test_bytes_that_no_database_keeps_as_text_are_written_out() -> None:
    assert reject_bytes(1, b"a\0\xff", "it is no JSON", LATER).text == "a\\x00\\xff"

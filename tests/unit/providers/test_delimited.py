"""The columns of a chunk against the same text read line by line with Decimal."""

from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from candlewick.providers.delimited import Lines, decimals, flags, integers

FIELDS = st.one_of(
    st.integers(0, 10**20).map(str),
    st.decimals(0, 10**12, places=8).map(str),
    st.decimals(0, 10**6, places=3).map(str),
    st.sampled_from(
        ["True", "true", "FALSE", "false", "Tru", "", "-1", "1e5", ".", ".5", "5.", "1.2.3", "٣", "1_0", "0"]
    ),
    st.text(st.characters(exclude_characters="\n,", exclude_categories=["Cs"]), max_size=12),
)
TABLES = st.lists(st.lists(FIELDS, min_size=1, max_size=4), max_size=12)
_PLAIN = re.compile(r"[0-9]{1,18}")
_PLAIN_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def chunk_of(table: list[list[str]], line_end: str = "\n") -> bytes:
    return "".join(",".join(row) + line_end for row in table).encode()


def plain_rows(table: list[list[str]]) -> list[list[str]]:
    return [row for row in table if len(row) == 3]


@given(TABLES, st.sampled_from(["\n", "\r\n"]))
@example([["1", "2", "3"]], "\r\n")
def test_lines_are_found_again(table: list[list[str]], line_end: str) -> None:
    chunk = chunk_of(table, line_end)
    lines = Lines.split(chunk, 3)
    assert [lines.line(index) for index in range(len(lines))] == [
        line.removesuffix(b"\r") for line in chunk.split(b"\n")[:-1]
    ]
    assert len(lines.regular) == len(plain_rows(table))


@given(TABLES, st.integers(0, 2))
def test_whole_numbers_are_those_that_int_reads(table: list[list[str]], field: int) -> None:
    values, fits = integers(Lines.split(chunk_of(table), 3), field)
    found = [int(value) if fit else None for value, fit in zip(values, fits, strict=True)]
    assert found == [_integer(row[field], last=field == 2) for row in plain_rows(table)]


@given(TABLES, st.integers(0, 2))
def test_decimals_that_are_read_are_exact(table: list[list[str]], field: int) -> None:
    column, fits = decimals(Lines.split(chunk_of(table), 3), field)
    for row, value, fit in zip(plain_rows(table), column.decimals(), fits, strict=True):
        text = row[field].removesuffix("\r") if field == 2 else row[field]
        match = _PLAIN_DECIMAL.fullmatch(text)
        if fit:
            assert match is not None
            assert value == Decimal(text)
        elif match is not None and text.isascii():
            whole, fraction = match[1], match[2] or ""
            assert len(whole) + max(len(fraction), column.scale) > 18


@given(TABLES, st.integers(0, 2))
def test_flags_are_true_or_false_in_any_case(table: list[list[str]], field: int) -> None:
    values, fits = flags(Lines.split(chunk_of(table), 3), field)
    for row, value, fit in zip(plain_rows(table), values, fits, strict=True):
        text = row[field].removesuffix("\r").lower() if field == 2 else row[field].lower()
        assert bool(fit) == (text in {"true", "false"} and row[field].isascii())
        assert not fit or bool(value) == (text == "true")


def test_a_last_line_without_an_end_counts() -> None:
    lines = Lines.split(b"1,2,3\n4,5,6", 3)
    assert integers(lines, 2)[0].tolist() == [3, 6]


def test_an_empty_chunk_has_no_lines() -> None:
    assert len(Lines.split(b"", 3)) == 0


def test_numbers_of_every_length_are_read() -> None:
    texts = ["1234567890123456789"[:length] for length in range(1, 20)]
    values, fits = integers(Lines.split("".join(f"{text},0\n" for text in texts).encode(), 2), 0)
    assert fits.tolist() == [True] * 18 + [False]
    assert values[:18].tolist() == [int(text) for text in texts[:18]]


def test_one_long_decimal_does_not_spoil_the_short_ones() -> None:
    column, fits = decimals(Lines.split(b"1.5,0\n123456789012.123456789012345,0\n", 2), 0)
    assert fits.tolist() == [True, False]
    assert column[:1].decimals() == [Decimal("1.5")]


def _integer(text: str, *, last: bool) -> int | None:
    text = text.removesuffix("\r") if last else text
    return int(text) if _PLAIN.fullmatch(text) else None

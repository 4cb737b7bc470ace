"""Binance's lists of replaced archives are read whole or refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import UnknownFormat
from candlewick.domain.raw import ReplacedFile
from candlewick.providers.binance.replaced import replaced_files

OLD, NEW = "1" * 64, "A" * 64
NAME = "BNBBTC-aggTrades-2018-01.zip"
HEADER = "File,Original File Checksum,New File Checksum"


def line(*, named: str = NAME, old: str = f"{OLD}  {NAME}", new: str = f"{NEW}  {NAME}") -> str:
    return f"{named},{old},{new}"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{line()}\n",
        f"{HEADER}\r\n{line(named=NAME.removesuffix('.zip'))}\r\n\r\n",
        f"\ufeff{HEADER}\n{line(old=f'{OLD} *{NAME}')}",
    ],
)
def test_a_line_is_a_file_with_both_its_checksums(text: str) -> None:
    assert replaced_files(text, "updates.csv") == [ReplacedFile(NAME, OLD, NEW.lower())]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no list"),
        (HEADER, "is no list"),
        (f"{HEADER}\n{NAME},{OLD}", "line 2 has 2 columns"),
        (f"{HEADER}\n{line()}\n{line(old='none')}", "line 3 does not hold two CHECKSUMs"),
        (f"{HEADER}\n{line(new=f'{NEW[1:]}  {NAME}')}", "line 2 does not hold"),
        (f"{HEADER}\n{line(new=f'{NEW}  other.zip')}", "CHECKSUMs of one file"),
        (f"{HEADER}\n{line(named='other.zip')}", "line 2 names other.zip"),
        (f'{HEADER}\n"{line()}', "is no list"),
    ],
)
def test_what_is_no_such_list_is_refused(text: str, said: str) -> None:
    with pytest.raises(UnknownFormat, match=said):
        replaced_files(text, "updates.csv")


@given(text=st.text(max_size=200))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    with suppress(UnknownFormat):
        assert replaced_files(text, "updates.csv")

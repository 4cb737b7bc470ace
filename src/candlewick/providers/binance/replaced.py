"""Binance's lists of archive files that it replaced. Pure.

Format: github.com/binance/binance-public-data, `updates/`: CSV with a header, a line a file: its name, the line of its
former CHECKSUM and that of its new one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final

from candlewick.domain.errors import UnknownFormat
from candlewick.domain.raw import ReplacedFile

_COLUMNS: Final = 3
_CHECKSUM: Final = re.compile(r"(?P<digest>[0-9a-fA-F]{64})\s+\*?(?P<name>\S+)")


def replaced_files(text: str, name: str) -> Sequence[ReplacedFile]:
    """The files of a list.

    Raises:
        UnknownFormat: a line is none of such a list.
    """
    try:
        rows = list(csv.reader(text.removeprefix("\ufeff").splitlines(), strict=True))
    except csv.Error as exc:
        raise UnknownFormat(name, f"it is no list of replaced files: {exc}") from exc
    found = [_file(row, name, line) for line, row in enumerate(rows[1:], 2) if row]
    if not found:
        raise UnknownFormat(name, "it is no list of replaced files: a header and lines of three columns are expected")
    return found


def _file(row: Sequence[str], name: str, line: int) -> ReplacedFile:
    if len(row) != _COLUMNS:
        raise UnknownFormat(name, f"line {line} has {len(row)} columns; a list of replaced files has three")
    before, after = (_CHECKSUM.fullmatch(column.strip()) for column in row[1:])
    if before is None or after is None or before["name"] != after["name"]:
        raise UnknownFormat(name, f"line {line} does not hold two CHECKSUMs of one file")
    if row[0].strip().removesuffix(".zip") != before["name"].removesuffix(".zip"):
        raise UnknownFormat(name, f"line {line} names {row[0]:.64}, its CHECKSUMs are of {before['name']:.64}")
    return ReplacedFile(before["name"], before["digest"].lower(), after["digest"].lower())

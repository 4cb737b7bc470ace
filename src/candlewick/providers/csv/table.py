"""The beginning of a table: its delimiter, its header, and some rows to judge the columns by."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from candlewick.domain.errors import UnknownFormat
from candlewick.providers.csv.mapping import FileMapping
from candlewick.providers.exact import Unreadable

SAMPLE: Final = 1_000
"""Rows to judge by."""
_CANDIDATES: Final = (",", ";", "\t", "|")
_MOST_FIELDS: Final = 1_000
_DATA: Final = re.compile(r"\s*[-+=@]?[.,]?[0-9].*")
"""What begins like a number or a date is no name of a column."""


@dataclass(frozen=True, slots=True)
class Table:
    """What stands at a file's beginning. `header` is empty where there is none."""

    delimiter: str
    fields: int
    header: Sequence[str]
    lead: int
    """Lines before the first row."""
    rows: Sequence[Sequence[str]]
    """Those of the first rows that have the right number of fields."""


def cells_of(line: str, delimiter: str) -> list[str]:
    """A line's fields, quoted or not (RFC 4180, but a line break ends a row also within quotes).

    Raises:
        Unreadable: its quotes do not match.
    """
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error as exc:
        raise Unreadable(f"it is no CSV: {exc}") from exc


def look_at(lines: Sequence[str], mapping: FileMapping, name: str) -> Table:
    """Make out the table whose first lines these are.

    Raises:
        UnknownFormat: there is nothing, or nothing that looks like a table.
    """
    told = [(number, line.removeprefix("\ufeff").rstrip("\r")) for number, line in enumerate(lines, 1)]
    told = [(number, line) for number, line in told if number > mapping.skip_lines and line.strip()]
    if not told:
        raise UnknownFormat(name, "it has no lines" if not lines else "it has nothing but blank or skipped lines")
    delimiter = mapping.delimiter or _delimiter([line for _, line in told], mapping, name)
    first_number, first = told[0]
    first_cells = _cells(first, delimiter)
    header = first_cells if _is_header(first_cells, mapping) else []
    body = told[1:] if header else told
    rows = [cells for _, line in body[:SAMPLE] if (cells := _cells(line, delimiter))]
    fields = len(header) or _usual(rows)
    if not 0 < fields <= _MOST_FIELDS:
        raise UnknownFormat(name, f"its lines have {fields} fields; a table here has at most {_MOST_FIELDS}")
    return Table(
        delimiter, fields, header, first_number if header else first_number - 1,
        [cells for cells in rows if len(cells) == fields],
    )  # fmt: skip


def _delimiter(lines: Sequence[str], mapping: FileMapping, name: str) -> str:
    """The character that cuts most of the first lines into the same number of fields, the more the better."""
    found = []
    for candidate in _CANDIDATES:
        if candidate != mapping.decimal:
            [(fields, count)] = Counter(len(_cells(line, candidate)) for line in lines[:50]).most_common(1)
            found.append((fields > 1, count, fields, candidate))
    several, _, _, best = max(found)
    if not several:
        raise UnknownFormat(name, "its lines have one field only; `delimiter` in a mapping says what is between fields")
    return best


def _is_header(cells: Sequence[str], mapping: FileMapping) -> bool:
    if mapping.header is not None:
        return mapping.header
    if any(isinstance(place, str) for place in mapping.columns.values()):
        return True
    return any(cells) and not any(_DATA.fullmatch(cell) for cell in cells)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return cells_of(line, delimiter)
    except Unreadable:
        return []


def _usual(rows: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0

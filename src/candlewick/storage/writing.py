"""Rows written as JSON by the database: one text a page, in place of thousands of values that Python would make.

PostgreSQL writes numbers and times as text anyhow. Joined there, they cost half of what `json_agg` takes, and Python
takes them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from candlewick.domain.written import ROW, RowTemplate, WrittenPage

_MOST_COLUMNS: Final = 45
"""A function takes a hundred arguments; a column and its piece are two."""


@dataclass(frozen=True, slots=True)
class Written:
    """A column in SQL, and what stands around its text to make it JSON."""

    sql: str
    before: str = ""
    after: str = ""


def quoted(sql: str) -> Written:
    """Of a column that is never null."""
    return Written(sql, '"', '"')


def nullable(sql: str) -> Written:
    """Of one that may be."""
    return Written(f"""coalesce('"' || {sql} || '"', 'null')""")


def number(sql: str) -> Written:
    """Of an integer that may be null, and goes out as a number."""
    return Written(f"coalesce(({sql})::text, 'null')")


def whole_seconds(sql: str) -> Written:
    """Of a time of day without a fraction; the text has a space where JSON has a T."""
    return Written(f"({sql})::timestamp", '"', 'Z"')


def can_write(template: RowTemplate, columns: Mapping[str, Written]) -> bool:
    """Whether all that the template wants is among the columns, and not too often."""
    return len(template.columns) <= _MOST_COLUMNS and columns.keys() >= set(template.columns)


def row_of(template: RowTemplate, columns: Mapping[str, Written], first: int) -> tuple[str, list[str]]:
    """SQL that writes a row, and its arguments from number `first` on: the SQL knows nothing of the pieces."""
    chosen = [columns[name] for name in template.columns]
    befores = [*(column.before for column in chosen), ""]
    afters = ["", *(column.after for column in chosen)]
    pieces = [after + piece + before for after, piece, before in zip(afters, template.pieces, befores, strict=True)]
    parts = [f"${first}::text"]
    for number_, column in enumerate(chosen, first + 1):
        parts += [column.sql, f"${number_}::text"]
    return f"concat({', '.join(parts)})", pieces


def page_of(rows: str | None, keys: str | None, limit: int, *, newest: bool) -> WrittenPage:
    """The page of rows that were read in the direction that was asked for, one more than fit if there are."""
    if rows is None:
        return WrittenPage(())
    written = rows.replace(" ", "T").split(ROW)
    keyed = keys.split(ROW) if keys else []
    more = len(written) > limit
    written, keyed = written[:limit], keyed[:limit]
    if newest:
        written.reverse()
        keyed.reverse()
    return WrittenPage(written, keyed, more)

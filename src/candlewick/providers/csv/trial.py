"""Whether a table holds what its plan says: its first rows one by one, then all of it, before a row is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from math import gcd
from typing import Final

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import MisleadingColumns, TooManyRejected, UnsupportedInterval
from candlewick.domain.market import DataKind
from candlewick.domain.time import microseconds
from candlewick.providers.csv.columns import Column
from candlewick.providers.csv.plan import Plan
from candlewick.providers.csv.rows import check_cell, moment_of, value_of
from candlewick.providers.exact import Unreadable

_FEW: Final = 5
"""Candles from which on their distance says how wide they are."""
_MINUTE: Final = 60_000_000


def check_sample(plan: Plan, rows: Sequence[Sequence[str]]) -> None:
    """Refuse a table by its first rows.

    Raises:
        MisleadingColumns: most values of a column are not what it is taken for.
        UnsupportedInterval: the candles are wider than a minute.
    """
    for column in plan.columns:
        reasons = [reason for cells in rows if (reason := _fault(plan, cells, column)) is not None]
        if len(reasons) * 2 > len(rows):
            said = f"{plan.heading(column)} was taken for {column}, but {reasons[0]}"
            raise MisleadingColumns(plan.name, f"{said} (and {len(reasons) - 1} more of {len(rows)} rows)")
    if plan.kind is DataKind.QUOTES and {Column.BID, Column.ASK} <= plan.columns.keys():
        _check_spread(plan, rows)
    if plan.kind is DataKind.CANDLES:
        _check_width(plan, rows)


@dataclass(slots=True)
class Count:
    """What became of the rows of a whole table."""

    rows: int = 0
    rejected: int = 0
    first: Rejected | None = None

    def add(self, rows: int, rejected: Sequence[Rejected]) -> None:
        self.rows += rows + len(rejected)
        self.rejected += len(rejected)
        if rejected and self.first is None:
            self.first = rejected[0]

    def check(self, name: str, most: Decimal) -> None:
        """Raises TooManyRejected if more than that share cannot be read."""
        if self.first is not None and self.rejected > most * self.rows:
            example = f"row {self.first.row}: {self.first.reason}"
            raise TooManyRejected(name, self.rejected, self.rows, most, example)


def _fault(plan: Plan, cells: Sequence[str], column: Column) -> str | None:
    try:
        check_cell(plan, cells, column)
    except Unreadable as exc:
        return str(exc)
    return None


def _check_spread(plan: Plan, rows: Sequence[Sequence[str]]) -> None:
    """A market whose bids are above its asks has the two columns exchanged."""
    crossed = sum(_crossed(plan, cells) for cells in rows)
    if crossed * 2 > len(rows):
        raise MisleadingColumns(plan.name, f"bid is above ask in {crossed} of {len(rows)} rows: they are exchanged")


def _crossed(plan: Plan, cells: Sequence[str]) -> bool:
    try:
        bid, ask = (value_of(plan, cells, column) for column in (Column.BID, Column.ASK))
    except Unreadable:
        return False
    return bid is not None and ask is not None and bid > ask


def _check_width(plan: Plan, rows: Sequence[Sequence[str]]) -> None:
    opens = sorted(set(_moments(plan, rows)))
    width = gcd(*(later - earlier for earlier, later in pairwise(opens)))
    if len(opens) >= _FEW and width > _MINUTE:
        said = str(timedelta(microseconds=width))
        advice = 'only candles of one minute are, every wider one is built from them; of days, say `kind = "days"`'
        raise UnsupportedInterval(said, advice)


def _moments(plan: Plan, rows: Sequence[Sequence[str]]) -> Iterator[int]:
    for cells in rows:
        try:
            yield microseconds(moment_of(plan, cells))
        except Unreadable:
            continue

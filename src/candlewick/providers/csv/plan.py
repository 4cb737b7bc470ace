"""A plan: how a table is read, made of a mapping and of what the table itself says. Nothing is left to be guessed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from candlewick.domain.errors import InvalidMapping, UnknownFormat
from candlewick.domain.market import DataKind
from candlewick.providers.csv.columns import ALLOWED, Column, kind_of, missing, plain, spellings
from candlewick.providers.csv.dates import DATE, Dates
from candlewick.providers.csv.mapping import FROM_NAME, FileMapping, SideRule, TimeRule
from candlewick.providers.csv.table import Table
from candlewick.providers.csv.times import (
    OLDEST_NUMBER,
    Bounds,
    FormattedTimes,
    IsoTimes,
    NumberTimes,
    Times,
    unit_of,
    wall_midnight,
)
from candlewick.providers.csv.zones import UTC_ZONE, Zone
from candlewick.providers.exact import decimal

_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}.*")
_ISO: Final = re.compile(r"[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}[T ][0-9]{2}:[0-9]{2}(?P<rest>.*)")
_ZONED: Final = re.compile(r".*(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)")
_DAY: Final = timedelta(days=1)
_END_OF_TIME: Final = date(2200, 1, 1)
"""A file of factors may end with a row for all days to come."""
_DATE_IN_NAME: Final = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})([-_.]?)([0-9]{2})\2([0-9]{2})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of one file are read."""

    name: str
    kind: DataKind
    delimiter: str
    decimal: str
    fields: int
    lead: int
    """Lines before the first row."""
    columns: Mapping[Column, int]
    """Where each meaning stands, from 0."""
    headings: Sequence[str]
    """What people call each column: its name or its number."""
    unused: Sequence[str]
    times: Times
    dates: Dates
    """Of daily rows; the others have `times`."""
    scale: Mapping[Column, Decimal]
    side: SideRule

    @property
    def numbered(self) -> bool:
        """Whether its rows are trades without ids: they get theirs by their place in the day."""
        return self.kind is DataKind.TRADES and Column.ID not in self.columns

    @property
    def named(self) -> bool:
        """Whether its rows say what the instrument was called: each takes up where the one before it ended."""
        return Column.SYMBOL in self.columns

    def heading(self, column: Column) -> str:
        """`column 'Qty'`, for messages."""
        return f"column {self.headings[self.columns[column]]}"


def make_plan(table: Table, mapping: FileMapping, name: str, now: datetime) -> Plan:
    """Decide how the table is read.

    Raises:
        UnknownFormat: it does not say enough, or something else than the mapping.
        InvalidMapping: the mapping contradicts itself once the kind of rows is known.
    """
    given = _given(table, mapping, name)
    kind = mapping.kind or _kind(table, given, name)
    foreign = [column for column in (*given, *mapping.scale) if column not in ALLOWED[kind]]
    if foreign:
        raise InvalidMapping(f"{kind.lower()} have no {foreign[0].value!r}: {', '.join(ALLOWED[kind])}")
    columns = _inferred(table, kind, given, mapping)
    if (lacking := missing(kind, columns)) is not None:
        raise UnknownFormat(name, f"no column of it is {lacking}, which {kind.lower()} need; {_has(table)}")
    headings = [repr(cell) if cell else str(at) for at, cell in enumerate(table.header or [""] * table.fields, 1)]
    used = set(columns.values())
    return Plan(
        name=name,
        kind=kind,
        delimiter=table.delimiter,
        decimal=mapping.decimal,
        fields=table.fields,
        lead=table.lead,
        columns=columns,
        headings=headings,
        unused=[cell for at, cell in enumerate(table.header) if at not in used and cell],
        times=_times(mapping.time, _values(table, columns), kind, name, now),
        dates=_dates(mapping.time, _END_OF_TIME if Column.CLOSE not in columns else (now + _DAY).date()),
        scale=mapping.scale,
        side=mapping.side,
    )


def _given(table: Table, mapping: FileMapping, name: str) -> dict[Column, int]:
    """The columns that the mapping names, by their places."""
    found: dict[Column, int] = {}
    for column, place in mapping.columns.items():
        if place is False:
            continue
        at = place - 1 if isinstance(place, int) else _find(table, place, name)
        if at >= table.fields:
            raise UnknownFormat(name, f"it has {table.fields} columns, the mapping takes {column} from column {place}")
        if at in found.values():
            raise InvalidMapping(f"`columns` gives column {place} two meanings")
        found[column] = at
    return found


def _find(table: Table, heading: str, name: str) -> int:
    exact = [at for at, cell in enumerate(table.header) if cell == heading]
    alike = exact or [at for at, cell in enumerate(table.header) if plain(cell) == plain(heading)]
    if len(alike) != 1:
        problem = f"no column is called {heading!r}" if not alike else f"{len(alike)} columns are called {heading!r}"
        raise UnknownFormat(name, f"{problem}; {_has(table)}")
    return alike[0]


def _has(table: Table) -> str:
    if not table.header:
        return "it has no header: a mapping says which column is what, by number"
    return f"its header is {', '.join(map(repr, table.header[:50]))}"


def _kind(table: Table, given: Collection[Column], name: str) -> DataKind:
    names = {plain(cell) for cell in table.header} | {column.value for column in given}
    clock = next((at for word in spellings(Column.TIME) for at in _named(table, word)), None)
    found = kind_of(names, dated=clock is not None and _all(DATE, [row[clock] for row in table.rows]))
    if found is None:
        raise UnknownFormat(name, f"its columns are not those of trades, candles, quotes or days; {_has(table)}")
    return found


def _named(table: Table, word: str) -> list[int]:
    return [at for at, cell in enumerate(table.header) if plain(cell) == word]


def _all(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return bool(values) and all(pattern.fullmatch(value) for value in values)


def _inferred(table: Table, kind: DataKind, given: Mapping[Column, int], mapping: FileMapping) -> dict[Column, int]:
    """The given columns, and those that the header tells by the usual spellings."""
    found = dict(given)
    for column in ALLOWED[kind]:
        if column in mapping.columns or column is Column.DATE:
            continue
        words = spellings(column)
        if kind is DataKind.DAYS and column is Column.TIME:
            words = ["date", "day", *words]
        free = [at for word in words for at in _named(table, word) if at not in found.values()]
        if free:
            found[column] = free[0]
    if Column.DATE not in found and Column.DATE in ALLOWED[kind] and Column.TIME in found:
        clocks = _all(_CLOCK, [row[found[Column.TIME]] for row in table.rows])
        free = [at for word in spellings(Column.DATE) for at in _named(table, word) if at not in found.values()]
        if clocks and free and Column.DATE not in mapping.columns:
            found[Column.DATE] = free[0]
    return found


def _values(table: Table, columns: Mapping[Column, int]) -> list[str]:
    """The times of the sample, as they are to be read."""
    parts = [columns[column] for column in (Column.DATE, Column.TIME) if column in columns]
    return [" ".join(row[at] for at in parts) for row in table.rows]


def _times(rule: TimeRule, values: Sequence[str], kind: DataKind, name: str, now: datetime) -> Times:
    bounds, zone = Bounds.until_tomorrow(now), Zone.named(rule.zone) if rule.zone else None
    if rule.format is not None:
        return FormattedTimes(rule.format, bounds, zone)
    if rule.unit is not None:
        day = _midnight_of(rule, name)
        midnight = None if day is None else wall_midnight(day.year, day.month, day.day)
        since = bounds if midnight is not None else Bounds.until_tomorrow(now, OLDEST_NUMBER)
        return NumberTimes(rule.unit, since, zone or UTC_ZONE, midnight)
    if kind is DataKind.DAYS or not values:
        return IsoTimes(bounds, zone)
    if _mostly(_NUMBER, values):
        return _numbers([value for value in values if _NUMBER.fullmatch(value)], zone, name, now)
    if not _mostly(_ISO, values):
        raise UnknownFormat(
            name, f"its times are like {_odd(_ISO, values)!r}: `time.format` in a mapping says how to read them"
        )
    if zone is None and not any(_zoned(value) for value in values):
        raise UnknownFormat(
            name, f'times like {values[0]!r} do not say their zone: `time.zone` in a mapping does, for example "UTC"'
        )
    return IsoTimes(bounds, zone)


def _numbers(values: Sequence[str], zone: Zone | None, name: str, now: datetime) -> Times:
    unit = unit_of([decimal(value, "time") for value in values], now)
    if unit is None:
        raise UnknownFormat(
            name,
            f"numbers like {values[0]!r} are no times between 1990 and tomorrow in one unit: "
            "`time.unit` in a mapping says what they count, `time.midnight_of` from which day on",
        )
    return NumberTimes(unit, Bounds.until_tomorrow(now, OLDEST_NUMBER), zone or UTC_ZONE)


def _dates(rule: TimeRule, latest: date) -> Dates:
    if rule.unit is None:
        return Dates(latest, rule.format)
    bounds = Bounds(0, wall_midnight(latest.year, latest.month, latest.day))
    return Dates(latest, numbers=NumberTimes(rule.unit, bounds, Zone.named(rule.zone) if rule.zone else UTC_ZONE))


def _midnight_of(rule: TimeRule, name: str) -> date | None:
    if rule.midnight_of != FROM_NAME:
        assert not isinstance(rule.midnight_of, str)  # noqa: S101 (there is no other word)
        return rule.midnight_of
    match = _DATE_IN_NAME.search(name)
    if match is None:
        raise UnknownFormat(name, "its name has no date like 20131008 or 2013-10-08, since whose midnight times count")
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError as exc:
        raise UnknownFormat(name, f"its name has no date: {exc}") from exc


def _mostly(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return sum(pattern.fullmatch(value) is not None for value in values) * 2 > len(values)


def _odd(pattern: re.Pattern[str], values: Sequence[str]) -> str:
    return next(value for value in values if not pattern.fullmatch(value))


def _zoned(value: str) -> bool:
    match = _ISO.fullmatch(value)
    return match is not None and _ZONED.fullmatch(match["rest"]) is not None

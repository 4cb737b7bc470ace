"""A mapping: what the columns of a table mean, written as TOML. Every part of it may be left to the table's header."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from candlewick.domain.errors import InvalidMapping
from candlewick.domain.market import AssetClass, DataKind, Tape
from candlewick.providers.csv.columns import ALLOWED, SCALABLE, Column

LONGEST: Final = 64 * 1024
"""Characters of a mapping."""
MOST_REJECTED: Final = Decimal("0.1")
"""The share of rows that may be dead letters, if the mapping does not say another."""
FROM_NAME: Final = "name"
"""Instead of a date: it stands in the file's name."""
_DELIMITERS: Final = {",": ",", ";": ";", "|": "|", "\t": "\t", "tab": "\t", " ": " ", "space": " "}
_MOST_SKIPPED: Final = 1_000
_MOST_COLUMNS: Final = 1_000
_LARGEST_SCALE: Final = 30
"""Decimal places that a factor may move a number by."""


class TimeUnit(StrEnum):
    """What whole numbers in a time column count."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


@dataclass(frozen=True, slots=True)
class TimeRule:
    """How the time column is read. All None: told by the values, if there is only one way."""

    unit: TimeUnit | None = None
    format: str | None = None
    """As Python's strptime has it."""
    zone: str | None = None
    """The zone of times that do not say theirs."""
    midnight_of: date | str | None = None
    """The day whose midnight in `zone` the unit counts from; `FROM_NAME`: it stands in the file's name."""


@dataclass(frozen=True, slots=True)
class SideRule:
    """How the side column is read."""

    buy: tuple[str, ...] = ("buy", "b")
    sell: tuple[str, ...] = ("sell", "s")
    maker: bool = False
    """The column has the maker's side: the aggressor's is the other one."""


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What a table's columns mean. What is None is told by the table itself."""

    kind: DataKind | None = None
    delimiter: str | None = None
    decimal: str = "."
    header: bool | None = None
    skip_lines: int = 0
    """Lines before the header, or before the first row."""
    max_rejected: Decimal = MOST_REJECTED
    columns: Mapping[Column, str | int] = field(default_factory=dict)
    """By meaning: the name in the header, or the position from 1; false where there is none of that meaning."""
    time: TimeRule = TimeRule()
    scale: Mapping[Column, Decimal] = field(default_factory=dict)
    """What the numbers of a column are multiplied by."""
    side: SideRule = SideRule()
    tape: Tape = Tape.TRADES
    """Which of its venue's two numberings of trades the ids are of."""
    base_class: AssetClass | None = None
    quote_class: AssetClass | None = None
    symbol: str | None = None
    """The venue's spelling of the instrument, if it is another than base and quote."""

    @classmethod
    def parse(cls, text: str) -> FileMapping:
        """Read a mapping in TOML.

        Raises:
            InvalidMapping: it is none; the message says what is wrong where.
        """
        if len(text) > LONGEST:
            raise InvalidMapping(f"it is longer than {LONGEST:,} characters")
        try:
            raw = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as exc:
            raise InvalidMapping(f"it is no TOML: {exc}") from exc
        except InvalidOperation as exc:
            raise InvalidMapping("it has a number that is none") from exc
        return checked(cls(**_Table(raw, "").read(_TOP)))

    @classmethod
    def given(
        cls,
        text: str = "",
        *,
        kind: DataKind | None = None,
        base_class: AssetClass | None = None,
        quote_class: AssetClass | None = None,
    ) -> FileMapping:
        """A mapping in TOML, or none, with what was said beside it.

        Raises:
            InvalidMapping: see `parse`; or the two disagree.
        """
        found = cls.parse(text)
        beside: dict[str, Any] = {"kind": kind, "base_class": base_class, "quote_class": quote_class}
        told = {name: value for name, value in beside.items() if value is not None}
        for name, value in told.items():
            written = getattr(found, name)
            if written not in {None, value}:
                raise InvalidMapping(f"its {name} is {written.lower()}, but {value.lower()} was asked for")
        return checked(replace(found, **told))

    @property
    def digest(self) -> str:
        """Names the mapping: the same one has the same digest, however it was written."""
        return hashlib.sha256(written(self).encode()).hexdigest()[:12]


type Reader = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the TOML, whose name is `where`."""

    values: Mapping[str, Any]
    where: str

    def read(self, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """What the table says, key by key. Raises InvalidMapping for what is no key, or no value of it."""
        found: dict[str, Any] = {}
        for name, value in self.values.items():
            full = f"{self.where}.{name}" if self.where else name
            reader = readers.get(name)
            if reader is None:
                raise InvalidMapping(f"`{full}` is not known here; known are {', '.join(readers)}")
            try:
                found |= _spread(name, reader(value))
            except InvalidMapping as exc:
                raise InvalidMapping(exc.reason if exc.reason.startswith("`") else f"`{full}` {exc.reason}") from exc
        return found


def _spread(name: str, value: Any) -> dict[str, Any]:
    """`instrument` is a table in the TOML only."""
    return value if name == "instrument" else {name: value}


def _table(name: str, readers: Mapping[str, Reader], make: Callable[..., Any]) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise InvalidMapping("is a table")
        return make(**_Table(value, name).read(readers))

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise InvalidMapping(f"is a text, not {value!r}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidMapping(f"is true or false, not {value!r}")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_SKIPPED:
        raise InvalidMapping(f"is a whole number from 0 to {_MOST_SKIPPED}, not {value!r}")
    return value


def _one_of[T](known: Mapping[str, T], *, fold: bool = False) -> Reader:
    def read(value: Any) -> T:
        word = value.lower() if fold and isinstance(value, str) else value
        found = known.get(word) if isinstance(word, str) else None
        if found is None:
            raise InvalidMapping(f"is one of {', '.join(map(repr, known))}, not {value!r}")
        return found

    return read


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise InvalidMapping(f"is a number, not {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation as exc:
        raise InvalidMapping(f"is a number, not {value!r}") from exc
    if not number.is_finite():
        raise InvalidMapping(f"is a number, not {value!r}")
    return number


def _share(value: Any) -> Decimal:
    number = _number(value)
    if not 0 <= number <= 1:
        raise InvalidMapping(f"is a share from 0 to 1, not {value!r}")
    return number


def _factor(value: Any) -> Decimal:
    number = _number(value)
    _, digits, exponent = number.as_tuple()
    if number <= 0 or len(digits) > _LARGEST_SCALE or abs(int(exponent)) > _LARGEST_SCALE:
        raise InvalidMapping(f'is a factor above zero, for example "0.0001", not {value!r}')
    return number


def _place(value: Any) -> str | int:
    """Where a column is; false: nowhere, whatever the header says."""
    if value is False:
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= _MOST_COLUMNS:
            raise InvalidMapping(f"is a column's name or its number from 1, not {value}")
        return value
    return _text(value)


def _zone(value: Any) -> str:
    name = _text(value)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:  # no such zone, no such path, a folder
        raise InvalidMapping(f"is a zone of the tz database like America/New_York or UTC, not {value!r}") from exc
    return name


def _format(value: Any) -> str:
    text = _text(value)
    try:
        datetime.strptime(datetime(2024, 12, 31, 13, 59, tzinfo=UTC).strftime(text), text)  # noqa: DTZ007
    except ValueError as exc:
        raise InvalidMapping(f"is no format that can be read back: {exc}") from exc
    return text


def _midnight_of(value: Any) -> date | str:
    if value == FROM_NAME:
        return FROM_NAME
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError as exc:
        raise InvalidMapping(f"is a date like 2013-10-08, or {FROM_NAME!r}, not {value!r}") from exc


def _words(value: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise InvalidMapping(f"is a list of texts, not {value!r}")
    return tuple(word.strip().lower() for word in words)


def _columns(make: Reader, columns: Collection[Column] = tuple(Column)) -> Reader:
    """A table whose keys are meanings of columns."""
    known = {column.value: column for column in columns}

    def read(value: Any) -> dict[Column, Any]:
        if not isinstance(value, dict):
            raise InvalidMapping("is a table")
        found: dict[Column, Any] = {}
        for name, each in value.items():
            if name not in known:
                raise InvalidMapping(f"has no {name!r}: columns can be {', '.join(known)}")
            try:
                found[known[name]] = make(each)
            except InvalidMapping as exc:
                raise InvalidMapping(f"has {name!r}, which {exc.reason}") from exc
        return found

    return read


_TIME: Final[Mapping[str, Reader]] = {
    "unit": _one_of({unit.value: unit for unit in TimeUnit}),
    "format": _format,
    "zone": _zone,
    "midnight_of": _midnight_of,
}
_SIDE: Final[Mapping[str, Reader]] = {"buy": _words, "sell": _words, "maker": _flag}
_CLASS: Final = _one_of({each.value.lower(): each for each in AssetClass}, fold=True)
_INSTRUMENT: Final[Mapping[str, Reader]] = {
    "base_class": _CLASS,
    "quote_class": _CLASS,
    "symbol": _text,
    "tape": _one_of({tape.value.lower(): tape for tape in Tape}, fold=True),
}
_TOP: Final[Mapping[str, Reader]] = {
    "kind": _one_of({kind.value.lower(): kind for kind in DataKind}, fold=True),
    "delimiter": _one_of(_DELIMITERS),
    "decimal": _one_of({".": ".", ",": ","}),
    "header": _flag,
    "skip_lines": _count,
    "max_rejected": _share,
    "columns": _columns(_place),
    "time": _table("time", _TIME, TimeRule),
    "scale": _columns(_factor, SCALABLE),
    "side": _table("side", _SIDE, SideRule),
    "instrument": _table("instrument", _INSTRUMENT, dict),
}


def checked(mapping: FileMapping) -> FileMapping:
    """The mapping, if its parts agree with each other.

    Raises:
        InvalidMapping: they do not.
    """
    time = mapping.time
    if time.format is not None and (time.unit is not None or time.midnight_of is not None):
        raise InvalidMapping("`time` has both a format and a unit: times are text or numbers")
    if time.midnight_of is not None and (time.unit is None or time.zone is None):
        raise InvalidMapping('`time.midnight_of` needs `time.unit` and `time.zone`, for example "ms" and "UTC"')
    if mapping.delimiter is not None and mapping.delimiter == mapping.decimal:
        raise InvalidMapping(f"`delimiter` and `decimal` are both {mapping.decimal!r}")
    if both := set(mapping.side.buy) & set(mapping.side.sell):
        raise InvalidMapping(f"`side` has {', '.join(sorted(both))!r} both under buy and under sell")
    _check_columns(mapping)
    return mapping


def _check_columns(mapping: FileMapping) -> None:
    kind = mapping.kind
    for table, names in (("columns", mapping.columns), ("scale", mapping.scale)):
        foreign: Sequence[Column] = [name for name in names if kind is not None and name not in ALLOWED[kind]]
        if kind is not None and foreign:
            allowed = ", ".join(ALLOWED[kind])
            raise InvalidMapping(f"`{table}` has {foreign[0].value!r}, which {kind.lower()} do not have: {allowed}")
    places = [place for place in mapping.columns.values() if place is not False]
    if len(set(places)) < len(places):
        raise InvalidMapping("`columns` gives one column two meanings")


def written(mapping: FileMapping) -> str:
    """The mapping in TOML, one way only: `parse` reads the same from it. What is as usual is left out."""
    usual, time, side = FileMapping(), mapping.time, mapping.side
    top = {
        "kind": mapping.kind,
        "delimiter": mapping.delimiter,
        "decimal": _unless(mapping.decimal, usual.decimal),
        "header": mapping.header,
        "skip_lines": _unless(mapping.skip_lines, usual.skip_lines),
        "max_rejected": _unless(mapping.max_rejected, usual.max_rejected),
    }
    tables: dict[str, Mapping[Any, Any]] = {
        "columns": mapping.columns,
        "time": {
            "unit": time.unit,
            "format": time.format,
            "zone": time.zone,
            "midnight_of": time.midnight_of,
        },
        "scale": mapping.scale,
        "side": {
            "buy": _unless(side.buy, usual.side.buy),
            "sell": _unless(side.sell, usual.side.sell),
            "maker": _unless(side.maker, usual.side.maker),
        },
        "instrument": {
            "base_class": mapping.base_class,
            "quote_class": mapping.quote_class,
            "symbol": mapping.symbol,
            "tape": _unless(mapping.tape, usual.tape),
        },
    }
    lines = _lines(top)
    for name, values in tables.items():
        if told := _lines(values):
            lines += [f"[{name}]", *told]
    return "".join(f"{line}\n" for line in lines)


def _unless[T](value: T, usual: T) -> T | None:
    return None if value == usual else value


def _lines(values: Mapping[Any, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in sorted(values.items()) if value is not None]


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return _string(f"{value.normalize():f}")
        case tuple():
            return f"[{', '.join(map(_string, value))}]"
        case _:
            return _string(str(value))


def _string(text: str) -> str:
    """As a basic string of TOML: JSON's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

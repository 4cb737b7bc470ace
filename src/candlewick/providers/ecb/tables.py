"""The ECB's tables of rates, bare or in a zip: a header of currencies, then a line a day. Pure.

Wire format: ecb.europa.eu, "Euro foreign exchange reference rates", eurofxref.zip and eurofxref-hist.zip. The history
is newest first and says N/A where there is no rate; the file of the day has blanks behind its commas and writes the
date in words. Every line ends with a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import DamagedFile, InvalidQuote, MalformedPayload, UnknownFormat
from candlewick.domain.quote import Quote
from candlewick.domain.raw import Payload
from candlewick.providers import exact
from candlewick.providers.container import Stream, unpacked
from candlewick.providers.exact import Unreadable

MISSING: Final = frozenset({"N/A", ""})
_LONGEST_LINE: Final = 64 * 1024
_MOST_LINES: Final = 100_000
"""Of a table: three centuries of days."""
_DATE_COLUMN: Final = "Date"
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAY_IN_WORDS: Final = re.compile(r"([0-9]{1,2}) ([A-Z][a-z]+) ([0-9]{4})")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table, without its last comma."""

    number: int
    """In the file, from 1: the header is 1."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is open: its currencies by column, and its lines, once."""

    currencies: tuple[str, ...]
    lines: Iterator[Line]


@contextmanager
def opened(payload: Payload) -> Iterator[Table]:
    """The table in a payload. Lines are read as they are asked for: a zip is never unpacked as a whole.

    Raises:
        MalformedPayload: there is no table in it; or while it is read, it is damaged or without an end.
    """
    name = payload.endpoint.rpartition("/")[2]
    try:
        with unpacked(BytesIO(payload.body), name) as stream:
            lines = _lines(stream)
            header = next(lines, Line(0, ()))
            yield Table(_currencies(header), lines)
    except (DamagedFile, UnknownFormat, Unreadable) as exc:
        reason = exc.reason if isinstance(exc, DamagedFile | UnknownFormat) else str(exc)
        raise MalformedPayload(payload.source, payload.endpoint, reason) from exc


def day_of(line: Line, table: Table) -> date:
    """The day that a line is of.

    Raises:
        Unreadable: it is no line of the table.
    """
    if len(line.cells) != len(table.currencies) + 1:
        raise Unreadable(f"it has {len(line.cells)} cells where the header has {len(table.currencies) + 1}")
    return parse_day(line.cells[0])


def parse_day(text: str) -> date:
    """A date as the ECB writes it: 2026-04-13 or 13 April 2026. Raises Unreadable."""
    if (match := _DAY.fullmatch(text)) is not None:
        year, month, day = map(int, match.groups())
    elif (match := _DAY_IN_WORDS.fullmatch(text)) is not None and match[2] in MONTHS:
        year, month, day = int(match[3]), MONTHS.index(match[2]) + 1, int(match[1])
    else:
        raise Unreadable(f"date {text[:64]!r} is none")
    try:
        return date(year, month, day)
    except ValueError as exc:
        raise Unreadable(f"date {text[:64]!r} is in no calendar") from exc


def quote_of(ts: datetime, text: str) -> Quote:
    """A rate as a quote, digit for digit. Raises Unreadable or InvalidQuote."""
    return Quote(ts, price=exact.decimal(text, "rate"))


def rejected_cell(line: Line, currency: str, text: str, error: Unreadable | InvalidQuote) -> Rejected:
    """A rate that is none, with the reason."""
    reason = error.reason if isinstance(error, InvalidQuote) else str(error)
    return Rejected(line.number, f"{line.cells[0]}: {currency} {text}", reason)


def _lines(stream: Stream) -> Iterator[Line]:
    """The lines that say something. Raises Unreadable where the file is no text of lines."""
    number = 0
    while raw := stream.readline(_LONGEST_LINE + 1):
        number += 1
        if len(raw) > _LONGEST_LINE or number > _MOST_LINES:
            raise Unreadable(f"line {number} is longer, or there are more of them, than such a file has")
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8", "backslashreplace").strip()
        if text:
            yield Line(number, tuple(cell.strip() for cell in text.removesuffix(",").split(",")))


def _currencies(header: Line) -> tuple[str, ...]:
    first, *currencies = header.cells or ("",)
    if first != _DATE_COLUMN or not currencies or not all(map(_CURRENCY.fullmatch, currencies)):
        raise Unreadable(f"it has no header of currencies but {','.join(header.cells)[:64]!r}")
    if len(set(currencies)) != len(currencies):
        raise Unreadable("its header names a currency twice")
    return tuple(currencies)

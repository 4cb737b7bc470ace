"""The strict scalars: each refuses what it cannot keep exactly, and says what to write instead."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NewType

import strawberry

from candlewick.domain.interval import Duration
from candlewick.graphql.faults import InvalidScalar

DecimalText = NewType("DecimalText", str)
"""A decimal as the database wrote it: goes out as it is."""
BigInt = NewType("BigInt", int)
"""64 bits: more than GraphQL's Int and than a JavaScript number hold."""

_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EARLIEST: Final = datetime(1800, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2970, 1, 1, tzinfo=UTC)
"""Times outside have a wrong unit; within, sums of times and durations stay in Python's and PostgreSQL's calendars."""


def parse_decimal(value: object) -> Decimal:
    """A string or an integer. A JSON float is refused: it may have lost digits on its way."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise InvalidScalar("Decimal", value, 'write a string such as "67123.45", with up to 30 digits on each side')
    return Decimal(value)


def serialize_decimal(value: Decimal | str) -> str:
    """Digits without an exponent; text of the database as it is."""
    return value if isinstance(value, str) else format(value, "f")


def parse_datetime(value: object) -> datetime:
    """RFC 3339 with a zone, to the microsecond, in UTC."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        reason = 'write RFC 3339 with a zone and at most microseconds, such as "2024-08-08T00:00:00Z"'
        raise InvalidScalar("DateTime", value, reason)
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise InvalidScalar("DateTime", value, "there is no such time") from exc
    if not EARLIEST <= moment < LATEST:
        raise InvalidScalar("DateTime", value, f"times go from {EARLIEST.year} to {LATEST.year}")
    return moment


def serialize_datetime(value: datetime) -> str:
    """UTC, with no fraction, milliseconds or microseconds: the fewest that lose nothing."""
    moment = value.astimezone(UTC).replace(tzinfo=None)
    if moment.microsecond % 1000:
        return moment.isoformat(timespec="microseconds") + "Z"
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + "Z"


def parse_date(value: object) -> date:
    """ISO 8601, with all its digits."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise InvalidScalar("Date", value, 'write year, month and day, such as "2024-08-08"')
    try:
        return date.fromisoformat(value)
    except ValueError as exc:
        raise InvalidScalar("Date", value, "there is no such day") from exc


def parse_duration(value: object) -> Duration:
    """ISO 8601."""
    if not isinstance(value, str):
        raise InvalidScalar("Duration", value, 'write ISO 8601 as a string, such as "PT5M"')
    return Duration.parse(value)


def parse_bigint(value: object) -> int:
    """A string of digits or an integer, of 64 bits."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise InvalidScalar("BigInt", value, 'write a 64-bit integer as a string, such as "9007199254740993"')
    return int(text)


DECIMAL = strawberry.scalar(
    name="Decimal",
    description=(
        'An exact decimal number as a string, such as "67123.45": digits and a point, never an exponent, NaN or '
        "Infinity. Input may be an integer too, never a float."
    ),
    serialize=serialize_decimal,
    parse_value=parse_decimal,
)
DATETIME = strawberry.scalar(
    name="DateTime",
    description=(
        "A moment in RFC 3339. Output is UTC and ends with Z, with no fraction, milliseconds or microseconds, "
        "whichever is the shortest that is exact. Input needs a zone and has at most microseconds."
    ),
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    serialize=serialize_datetime,
    parse_value=parse_datetime,
)
DATE = strawberry.scalar(
    name="Date",
    description="A calendar day in ISO 8601, such as 2024-08-08.",
    serialize=date.isoformat,
    parse_value=parse_date,
)
DURATION = strawberry.scalar(
    name="Duration",
    description=(
        "A length of time, in ISO 8601, such as PT5M, P1D or P3M: a span of whole seconds or a number of "
        "calendar months, up to ten years."
    ),
    specified_by_url="https://www.iso.org/iso-8601-date-and-time-format.html",
    serialize=str,
    parse_value=parse_duration,
)
BIGINT = strawberry.scalar(
    name="BigInt",
    description="A 64-bit integer as a string: JavaScript's numbers are exact to 53 bits only.",
    serialize=str,
    parse_value=parse_bigint,
)

SCALARS: Final[dict[object, strawberry.types.scalar.ScalarDefinition]] = {
    Decimal: DECIMAL,
    DecimalText: DECIMAL,
    datetime: DATETIME,
    date: DATE,
    Duration: DURATION,
    BigInt: BIGINT,
}

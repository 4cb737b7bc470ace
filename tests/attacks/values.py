"""Values that are none, or no good ones, for each kind of argument."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputType,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

INJECTIONS: Final = (
    "' OR '1'='1",
    "'; DROP TABLE instrument; --",
    "test:BTC-USD'; SELECT pg_sleep(30); --",
    '" UNION SELECT secret FROM api_key --',
    "%' AND 1=CAST((SELECT version()) AS int) AND '%'='",
    "\\'; COPY instrument TO PROGRAM 'id'; --",
    "$1; $2; :key; %(key)s; {0}",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "../../../../etc/passwd",
    "<script>alert(1)</script>",
)
UNICODE: Final = (
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202e\u2066\u200b",
    "é" * 50 + "\u0301" * 50,
    "👩‍👩‍👧‍👦" * 20,
    "ſtart:İK-ﬁ",
    "٣٤٥",
    "\uffff\U0010ffff",
    "\r\n\r\nHTTP/1.1 200 OK",
)


def _opaque(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


FORGED: Final = (
    "",
    "=",
    "AAAA",
    "A" * 511,
    "A" * 50_000,
    "not base64 at all!",
    _opaque("Instrument:1"),
    _opaque("Instrument:-1"),
    _opaque("Instrument:99999999999999999999"),
    _opaque("Instrument:1e3"),
    _opaque("Query:1"),
    _opaque("Source:'; DROP TABLE job; --"),
    _opaque("Instrument:١"),
    _opaque("x" * 6 + "1\x1finstruments\x1f\x1ftest:BTC-USD"),
    _opaque("x" * 6 + "1\x1fcandles\x1f1/PT1M/AUTO\x1f99999999999999999"),
)
NUMBERS: Final = (0, -1, 2**31, -(2**31), 2**31 - 1, 2**53, 2**63, 10**300, 1.5, 1e308, True, "1", "9" * 5000)
TIMES: Final = (
    "2024-08-08T00:00:00",
    "2024-08-08",
    "2024-02-30T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-08-08T24:00:00Z",
    "2024-08-08T23:59:60Z",
    "2024-08-08T00:00:00.1234567Z",
    "2024-08-08T00:00:00+99:99",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "-271821-04-20T00:00:00Z",
    "٢٠٢٤-08-08T00:00:00Z",
    "now()",
    "infinity",
    1723075200,
    1e300,
)
BY_TYPE: Final[Mapping[str, tuple[Any, ...]]] = {
    "BigInt": (*NUMBERS, "NaN", "-9223372036854775809", "1_000", "0x10", " 1"),
    "Boolean": ("true", 1, 0, "", None, []),
    "Date": (*TIMES, "2024-8-8", "20240808"),
    "DateTime": TIMES,
    "Decimal": (*NUMBERS, "NaN", "Infinity", "-Infinity", "sNaN", "1e9999999", "1_000", " 1", "٣", "1" * 400, "0x10"),
    "Duration": (
        "P",
        "PT",
        "PT0S",
        "-PT1M",
        "PT0.5S",
        "P1Y1D",
        "P999Y",
        "PT999999999S",
        "5m",
        "PT١M",
        "",
        5,
        "P" + "1D" * 500,
    ),
    "Float": (*NUMBERS, "NaN", "Infinity"),
    "ID": (*FORGED, *INJECTIONS, *UNICODE, 1, -1, 1.5, 10**30),
    "Int": (*NUMBERS, "NaN"),
    "String": (*INJECTIONS, *UNICODE, *FORGED, 1, True, "x" * 60_000, ":", "a:b", "a:b-", "a:B-C-D", "test:BTC-USD\n"),
}
ANYWHERE: Final[tuple[Any, ...]] = ({}, {"__proto__": {}}, [[[[[]]]]], None)
"""What is of no scalar's kind."""


def hostile_values(type_: GraphQLInputType) -> Iterator[Any]:
    """Values for a place of that type, in JSON."""
    yield from ANYWHERE
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        values: tuple[Any, ...] = ("", next(iter(named.values)).lower(), 0, True, "NO_SUCH_VALUE", "__typename")
    elif is_input_object_type(named):
        values = (0, "", [], {"unknown": 1}, nested(40), dict.fromkeys(named.fields))
    else:
        values = BY_TYPE[named.name]
    yield from values
    if is_list_type(get_nullable_type(type_)):
        yield from ([], [None], [values[0]] * 10_000, [[values[0]]], *([value] for value in values))


def nested(depth: int) -> Any:
    """An object in an object in an object."""
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def literal(value: Any) -> str | None:
    """The value as a GraphQL literal; None if it cannot be written as one."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return None if any("\ud800" <= each <= "\udfff" for each in value) else _quoted(value)
        case list():
            parts = [literal(each) for each in value]
            return None if None in parts else f"[{', '.join(filter(None, parts))}]"
        case dict():
            return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
        case _:
            return str(value)


def _quoted(text: str) -> str:
    safe = (f"\\u{ord(each):04x}" if each < " " or each in '"\\\x7f' else each for each in text)
    return '"' + "".join(safe) + '"'

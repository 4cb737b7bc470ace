"""Bodies that were in order once: cut, doubled, shuffled, spliced. Each has a number, and is made again from it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLSchema

from attacks.paths import places, ways
from attacks.values import FORGED, INJECTIONS, NUMBERS, TIMES, UNICODE, hostile_values

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[\w$@]+|\S')
_ODD: Final = (
    "{", "}", "(", ")", "[", "]", ":", "!", "=", "@", "$", "|", "&", "...", '"', '"""', "#", ",", "null", "true",
    "query", "mutation", "subscription", "fragment", "on", "type", "extend", "input", "@skip(if: true)",
    "@include(if: $it)", "__typename", "__schema", "__type", "-", "0", "1e400", "-1", "99999999999999999999",
    "\\u0000", "\x00", "\ufeff", "é",
)  # fmt: skip
_BYTES: Final = (
    b"\x00",
    b"\xff",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b",",
    b":",
    b"null",
    b"1e999",
    b"\\ud800",
    b"\\u0000",
)
type Mutate = Callable[[random.Random, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Mutator:
    """Makes bodies out of the schema's own operations."""

    operations: Sequence[dict[str, Any]]
    words: Sequence[str]

    @classmethod
    def of(cls, schema: GraphQLSchema) -> Mutator:
        """With every field by itself, every argument with hostile values, and pairs of fields."""
        single = [{"query": way.document()} for way in ways(schema)]
        valued = [
            {"query": place.with_variable(), "variables": {"it": value}}
            for place in places(schema)
            for value in hostile_values(place.type)
            if not isinstance(value, list) or len(value) < 100
        ]
        names = {name for type_ in schema.type_map.values() for name in [type_.name, *getattr(type_, "fields", {})]}
        return cls([*single * 4, *valued], sorted(names))

    def body(self, number: int) -> bytes:
        """The body of that number, the same each time."""
        source = random.Random(number)
        operation = dict(source.choice(self.operations))
        if source.random() < 0.6:
            operation["query"] = self._document(source, operation["query"])
        if source.random() < 0.2:
            operation[source.choice(["variables", "operationName", "extensions", "query", "it"])] = self._value(source)
        data = json.dumps(operation).encode()
        for _ in range(source.choice([0, 0, 1, 1, 2, 5])):
            data = source.choice(_ON_BYTES)(source, data)
        return data[:60_000]

    def _document(self, source: random.Random, text: str) -> str:
        """Some of its tokens are others, gone, or there twice."""
        tokens = _TOKEN.findall(text)
        for _ in range(source.randint(1, 6)):
            place = source.randrange(len(tokens) + 1)
            match source.randrange(6):
                case 0:
                    del tokens[place : place + source.randint(1, 4)]
                case 1:
                    tokens[place:place] = tokens[place : place + source.randint(1, 8)] * source.randint(1, 20)
                case 2:
                    tokens.insert(place, source.choice(_ODD))
                case 3:
                    tokens.insert(place, source.choice(self.words))
                case 4:
                    tokens[place : place + 1] = [source.choice([*_ODD, *self.words])]
                case _:
                    other = _TOKEN.findall(source.choice(self.operations)["query"])
                    tokens[place:place] = other[source.randrange(len(other)) :]
        return " ".join(tokens)

    def _value(self, source: random.Random) -> Any:
        values: list[Any] = [
            *NUMBERS,
            *TIMES,
            *UNICODE,
            *INJECTIONS,
            *FORGED,
            None,
            [],
            {},
            {"it": []},
            {"it": {"a": {}}},
            [[]],
        ]
        return source.choice([*values, {"it": source.choice(values)}])


def _flip(source: random.Random, data: bytes) -> bytes:
    place = source.randrange(len(data) or 1)
    return data[:place] + bytes([source.randrange(256)]) + data[place + 1 :]


def _cut(source: random.Random, data: bytes) -> bytes:
    start = source.randrange(len(data) or 1)
    return data[:start] + data[start + source.randint(1, 20) :]


def _repeat(source: random.Random, data: bytes) -> bytes:
    start = source.randrange(len(data) or 1)
    piece = data[start : start + source.randint(1, 40)]
    return data[:start] + piece * source.randint(2, 50) + data[start:]


def _insert(source: random.Random, data: bytes) -> bytes:
    place = source.randrange(len(data) + 1)
    return data[:place] + source.choice(_BYTES) * source.randint(1, 5) + data[place:]


def _end(source: random.Random, data: bytes) -> bytes:
    return data[: source.randrange(len(data) + 1)]


_ON_BYTES: Final[Sequence[Mutate]] = (_flip, _cut, _repeat, _insert, _insert, _end)

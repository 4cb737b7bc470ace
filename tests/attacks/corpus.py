"""The corpus: what is sent over HTTP and over websockets, each with a name that says what is wrong with it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema

from attacks.documents import affordable_documents, hostile_documents
from attacks.paths import places, ways
from attacks.values import INJECTIONS, hostile_values, literal, nested

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of a POST to /graphql."""

    name: str
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": JSON})
    refused: bool | None = None
    """Whether there have to be errors; None: there may be an answer."""
    generated: bool = False
    """One of the many that are made from the schema."""

    @property
    def payload(self) -> str | None:
        """The same as the payload of a `subscribe` message; None if it can be no part of a text."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            return None


def operation(name: str, query: object, *, refused: bool | None = None, generated: bool = False, **more: Any) -> Sent:
    """A request as a client would make it."""
    return Sent(name, json.dumps({"query": query} | more).encode(), refused=refused, generated=generated)


def corpus(schema: GraphQLSchema) -> list[Sent]:
    """All bodies."""
    return [*_documents(), *_arguments(schema), *_everything(schema), *_parameters(), *_bodies()]


def _documents() -> Iterator[Sent]:
    for name, text in hostile_documents():
        yield operation(name, text, refused=True)
    for name, text in affordable_documents():
        yield operation(name, text, refused=False)


def _arguments(schema: GraphQLSchema) -> Iterator[Sent]:
    """Every hostile value in every place, as a variable and, where that can be written, as a literal."""
    for place in places(schema):
        for number, value in enumerate(hostile_values(place.type)):
            name = f"{place.name} variable {number}"
            yield operation(name, place.with_variable(), generated=True, variables={"it": value})
            if (text := literal(value)) is not None and len(text) < 1_000:
                yield operation(f"{place.name} literal {number}", place.with_literal(text), generated=True)


def _everything(schema: GraphQLSchema) -> Iterator[Sent]:
    """Every field by itself, with what it needs: none of them breaks."""
    for way in ways(schema):
        yield operation(way.name, way.document())


def _parameters() -> Iterator[Sent]:
    fine = "{ __typename }"
    for number, value in enumerate([5, True, [], {}, ["{ __typename }"], nested(100), 1.5]):
        yield operation(f"query {number}", value, refused=True)
        yield operation(f"operationName {number}", fine, operationName=value, refused=True)
    for number, value in enumerate([5, True, [], [{}], "{}", 1.5]):
        yield operation(f"variables {number}", fine, variables=value, refused=True)
        yield operation(f"extensions {number}", fine, extensions=value, refused=True)
    for number, text in enumerate([*INJECTIONS, "\x00", "Q" * 10_000, "__typename"]):
        yield operation(f"operationName as text {number}", "query Q { __typename }", operationName=text, refused=True)
    yield operation("10,000 variables", fine, variables={f"v{n}": n for n in range(4_000)})
    yield operation("deep variables", "query Q($a: Int) { __typename @skip(if: false) }", variables=nested(800))
    yield operation("deep extensions", fine, extensions=nested(900))
    taken = "query Q($a: Int!) { instruments(first: $a) { nodes { key } } }"
    yield operation("a variable of another type", taken, variables={"a": {}}, refused=True)
    yield operation("a variable that is not there", taken, refused=True)


def _bodies() -> Iterator[Sent]:
    fine = b'{"query": "{ __typename }"}'
    digits = b"9" * 50_000
    texts: dict[str, bytes] = {
        "no bytes": b"",
        "null": b"null",
        "a number": b"5",
        "a text": b'"{ __typename }"',
        "true": b"true",
        "NaN": b"NaN",
        "NaN within": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        "half": fine[:-3],
        "two": fine * 2,
        "garbage behind": fine + b"x",
        "a batch": b"[" + fine + b"," + fine + b"]",
        "a batch of 1,000": b"[" + b",".join([fine] * 1_000) + b"]",
        "an empty batch": b"[]",
        "no UTF-8": b'{"query": "\xff\xfe"}',
        "UTF-16": fine.decode().encode("utf-16"),
        "UTF-32": fine.decode().encode("utf-32"),
        "a byte order mark": b"\xef\xbb\xbf" + fine,
        "a lone surrogate": rb'{"query": "{ a(b: \"\ud800\") }"}',
        "an overlong NUL": b'{"query": "\xc0\x80"}',
        "30,000 brackets": b"[" * 30_000,
        "10,000 objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "comments": b"/* x */" + fine,
        "NULs": bytes(1_000),
        "HTML": b"<html>",
        "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "a form": b"query=%7B__typename%7D",
        "64 KB too much": fine + b" " * 64_001,
        "a megabyte": fine[:-1] + b" " * 1_000_000 + b"}",
    }
    for name, body in texts.items():
        yield Sent(f"body: {name}", body, refused=True)
    yield Sent("the same key 4,000 times", b"{" + b'"query": "x", ' * 4_000 + fine[1:])
    yield Sent("a number of 50,000 digits", b'{"query": "{ __typename }", "variables": {"a": ' + digits + b"}}")
    yield Sent("an exponent of 50,000 digits", b'{"query": "{ __typename }", "variables": {"a": 1e' + digits + b"}}")
    for kind in ("", "text/plain", "text/json", "application/graphql", "application/x-www-form-urlencoded",
                 "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json, text/plain",
                 "application/json\x0b", "a" * 5_000, "application/jsonp"):  # fmt: skip
        yield Sent(f"content-type: {kind[:40]}", fine, {"content-type": kind}, refused=True)
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "x" * 1_000):
        headers = {"content-type": JSON, "content-encoding": encoding}
        yield Sent(f"content-encoding: {encoding[:20]}", gzip.compress(fine), headers, refused=True)
    for accept in ("text/html", "image/png", "*", "a/b;q=NaN", "application/json;q=0", ";;;,,,", "a/b," * 5_000):
        yield Sent(f"accept: {accept[:20]}", fine, {"content-type": JSON, "accept": accept})

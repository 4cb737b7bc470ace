"""Cursors: opaque text that says where in which list a row stands, so that paging survives inserts.

Layout, before base64url: 6 bytes of checksum, then the version, the kind of list, its series and the row's sort key,
divided by unit separators. The checksum finds damage and guesswork; it is no secret, so every part is still parsed.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

from candlewick.domain.time import from_microseconds
from candlewick.graphql.faults import InvalidCursor

_VERSION: Final = "1"
_SEPARATOR: Final = "\x1f"
_CHECKSUM_BYTES: Final = 6
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")
_EARLIEST_US: Final = -6_000_000_000_000_000
_LATEST_US: Final = 32_000_000_000_000_000
"""In the years 1779 and 2984: a cursor never stands earlier or later."""


@dataclass(frozen=True, slots=True)
class Series:
    """One list: its kind, and what tells it from others of the kind (an instrument and a width, for example)."""

    kind: str
    name: str = ""
    longest: int = 512
    """Characters that one of its cursors has, at the most."""

    def cursor(self, *key: object) -> str:
        """The cursor of the row with this sort key."""
        body = _SEPARATOR.join((_VERSION, self.kind, self.name, *map(str, key))).encode()
        return urlsafe_b64encode(_checksum(body) + body).decode().rstrip("=")

    def key(self, cursor: str, argument: str, parts: int = 1) -> list[str]:
        """The sort key, as text, that the cursor carries.

        Raises:
            InvalidCursor: it is damaged, made up, of another version or of another list.
        """
        version, kind, name, *key = _decoded(cursor, argument, self.longest).split(_SEPARATOR)
        if version != _VERSION:
            raise InvalidCursor(argument, "it is of another version")
        if kind == self.kind and name != self.name:
            raise InvalidCursor(argument, f"it belongs to another list of {kind}, asked for with other arguments")
        if kind != self.kind or len(key) != parts:
            raise InvalidCursor(argument, f"it belongs to another list than this one of {self.kind}")
        return key


def moment(text: str, argument: str) -> datetime:
    """A sort key's microseconds as a time."""
    if not re.fullmatch(r"-?[0-9]{1,16}", text) or not _EARLIEST_US <= int(text) <= _LATEST_US:
        raise InvalidCursor(argument, "its time is out of range")
    return from_microseconds(int(text))


def integer(text: str, argument: str) -> int:
    """A sort key's 64-bit integer."""
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or not -(2**63) <= int(text) < 2**63:
        raise InvalidCursor(argument, "its number is out of range")
    return int(text)


def _decoded(cursor: str, argument: str, longest: int) -> str:
    if len(cursor) > longest or not _ALPHABET.fullmatch(cursor):
        raise InvalidCursor(argument, "it is damaged")
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        checksum, body = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
        text = body.decode()
    except ValueError as exc:
        raise InvalidCursor(argument, "it is damaged") from exc
    if checksum != _checksum(body) or text.count(_SEPARATOR) < 3:
        raise InvalidCursor(argument, "it is damaged")
    return text


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECKSUM_BYTES, person=b"candlewick").digest()

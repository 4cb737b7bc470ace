"""Global ids: opaque text that says which object of which type."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final, Self

import strawberry

from candlewick.graphql.faults import InvalidText

_ID = re.compile(r"(Instrument|Asset|Venue|Job|DeadLetter|Backtest):([0-9]{1,10})", re.ASCII)
_CODE = re.compile(r"(Source):([a-z0-9_.]{1,32})", re.ASCII)
_LARGEST: Final = 2**31 - 1
"""Of the numbers that objects have."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """A type's name and the number of one of its objects, or its code where it has no number."""

    kind: str
    number: int = 0
    code: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            InvalidText: it is no id of ours.
        """
        try:
            plain = urlsafe_b64decode(text[:128].encode() + b"=" * (-len(text) % 4)).decode()
        except ValueError:
            plain = ""
        if named := _CODE.fullmatch(plain):
            return cls(named[1], code=named[2])
        match = _ID.fullmatch(plain)
        if match is None or int(match[2]) > _LARGEST:
            raise InvalidText("id", "is no id that this API gave out")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.kind}:{self.code or self.number}".encode()).decode().rstrip("=")


@strawberry.interface(description="An object that can be fetched again by its id.")
class Node:
    """What `Query.node` answers with."""

    id: strawberry.ID = strawberry.field(description="Opaque and unique across all types.")

"""Cursors of subscriptions: how far each instrument's commits were told, for a later session to go on from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from candlewick.domain.market import InstrumentId
from candlewick.graphql.cursor import Series, integer
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.limits import MAX_WATCHED

_LONGEST: Final = 128 * MAX_WATCHED


def series(kind: str, name: str = "") -> Series:
    """The series of a subscription's cursors."""
    return Series(kind, name, longest=_LONGEST)


def write(of: Series, positions: Mapping[InstrumentId, Iterable[int]]) -> str:
    """A cursor that says these numbers of each instrument."""
    return of.cursor(",".join(".".join(map(str, (key, *numbers))) for key, numbers in positions.items()))


def read(of: Series, cursor: str, argument: str = "after") -> dict[InstrumentId, tuple[int, ...]]:
    """What `write` wrote.

    Raises:
        InvalidCursor: it is damaged, made up, or another subscription's.
    """
    [text] = of.key(cursor, argument)
    positions = {}
    for entry in text.split(","):
        key, *numbers = (integer(number, argument) for number in entry.split("."))
        if not numbers or min(numbers) < 0:
            raise InvalidCursor(argument, "its positions are out of range")
        positions[InstrumentId(key)] = tuple(numbers)
    return positions

"""Instruments shared out among streams so that a change of the list changes as few streams as possible: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from candlewick.domain.market import InstrumentKey


def partition(keys: Iterable[InstrumentKey], most: int) -> dict[str, Sequence[InstrumentKey]]:
    """The keys in groups of at most `most`, by the bits that the digests of a group's keys begin with.

    Whoever has the same keys makes the same groups. A key that comes or goes changes its own group and no other, unless
    the group becomes too large: then it falls apart in two (and grows together again when there is room).
    """
    groups: dict[str, Sequence[InstrumentKey]] = {}
    waiting: list[tuple[str, Sequence[InstrumentKey]]] = [("", sorted(set(keys), key=str))]
    while waiting:
        bits, members = waiting.pop()
        if len(members) > most:
            waiting += [(bits + bit, [key for key in members if _bits(key)[len(bits)] == bit]) for bit in "10"]
        elif members:
            groups[bits] = members
    return groups


def _bits(key: InstrumentKey) -> str:
    return "".join(f"{byte:08b}" for byte in sha256(str(key).encode()).digest())

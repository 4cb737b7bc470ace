"""Rows of a payload that belong to no instrument that was asked for: dead letters, if they cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from candlewick.domain.batch import Rejected
from candlewick.domain.raw import STREAM, DeadLetter, LetterKind, Payload, RawId

_LONGEST: Final = 4096
"""Characters of a row that its letter quotes."""


def letters_of(payload: Payload, symbol: str, rejected: Sequence[Rejected], raw_id: RawId) -> list[DeadLetter]:
    """The rows as dead letters, the same whenever the payload is read. `symbol` is empty for rows that name none.

    A stream repeats itself: the same message in many batches is one letter.
    """
    if payload.endpoint.startswith(STREAM):
        subject = f"stream {symbol}".strip()
        return [
            DeadLetter(payload.source, subject, LetterKind.MALFORMED, each.reason, each.text[:_LONGEST], raw_id)
            for each in rejected
        ]
    subject = f"{payload.endpoint.partition('?')[0]} {symbol}".strip()
    return [
        DeadLetter.of_row(payload.source, subject, replace(each, text=each.text[:_LONGEST]), raw_id)
        for each in rejected
    ]

"""Rows that are not stored, with their reason. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidCandle, InvalidQuote, InvalidTrade
from candlewick.providers.exact_json import written

LONGEST_TEXT: Final = 4096
"""Characters of a rejected row that its dead letter quotes."""


def reject(number: int, row: Any, error: Exception, received_at: datetime | None = None) -> Rejected:
    """A decoded row that is not stored, with the reason."""
    reason = error.reason if isinstance(error, InvalidTrade | InvalidCandle | InvalidQuote) else str(error)
    return Rejected(number, _shown(row)[:LONGEST_TEXT], reason, received_at)


def reject_bytes(number: int, body: bytes, reason: str, received_at: datetime) -> Rejected:
    """A message of which nothing could be read, with the reason."""
    text = body.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    return Rejected(number, text[:LONGEST_TEXT], reason, received_at)


def _shown(row: Any) -> str:
    try:
        return written(row)
    except RecursionError:
        return "a row that is nested too deeply to be shown"

"""How it stands with a source of data: the endpoints that are asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CircuitState(StrEnum):
    """Whether an endpoint is asked."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"
    """One request is on its way: it decides."""


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """How it stands with an endpoint of a source, for people."""

    source: str
    endpoint: str
    state: CircuitState
    failures: int
    """In a row."""
    reason: str | None
    """Of the last failure, while there is one."""
    retry_at: datetime | None
    """When it is asked again; None while it is asked anyway."""

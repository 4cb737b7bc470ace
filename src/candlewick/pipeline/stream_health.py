"""How it stands with a stream, noted by who follows it, read by who reports."""

from __future__ import annotations

from datetime import datetime

from candlewick.domain.source import StreamStatus
from candlewick.ports import Clock


class StreamHealth:
    """Connected since when, heard of when, and what was wrong last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._connected_at: datetime | None = None
        self._heard_at: datetime | None = None
        self._failures = 0
        self._failed_at: datetime | None = None
        self._last_error: str | None = None

    def connected(self) -> None:
        """A connection is open."""
        self._connected_at = self._clock.now()

    def heard(self, moment: datetime) -> None:
        """What came by then is stored: the stream works, over the latest connection or the one before it."""
        self._connected_at = self._connected_at or moment
        self._heard_at, self._failures = moment, 0

    def broke(self, reason: str) -> None:
        """The connection, or what is behind it, is gone."""
        self._connected_at, self._failed_at, self._last_error = None, self._clock.now(), reason
        self._failures += 1

    def ended(self) -> None:
        """The connection is gone in good order."""
        self._connected_at = None

    def status(self, source: str, name: str, instruments: int) -> StreamStatus:
        """As it is now."""
        return StreamStatus(
            source, name, instruments, self._connected_at, self._heard_at, self._failures, self._failed_at,
            self._last_error,
        )  # fmt: skip

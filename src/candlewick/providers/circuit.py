"""A circuit breaker: what failed several times in a row is left alone for a while, then tried by one alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from candlewick.domain.errors import SourceResting
from candlewick.domain.source import CircuitState, CircuitStatus
from candlewick.ports import Clock

log = structlog.get_logger(__name__)

FAILURES: Final = 5
FIRST_REST: Final = timedelta(seconds=5)
LONGEST_REST: Final = timedelta(minutes=5)
PROBE: Final = timedelta(seconds=30)
"""How long the one who tries is waited for: it may have been cancelled."""


class Circuit:
    """The breaker of one endpoint, in this process: closed, open for a growing time, half open."""

    def __init__(self, source: str, endpoint: str, clock: Clock) -> None:
        self._source = source
        self._endpoint = endpoint
        self._clock = clock
        self._failures = 0
        self._reason: str | None = None
        self._retry_at: datetime | None = None
        self._probing = False
        self._succeeded_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._last_error: str | None = None

    def admit(self) -> None:
        """Ask for leave to send a request; then say `succeeded` or `failed`.

        Raises:
            SourceResting: it failed too often, or somebody tries right now; with the time to wait.
        """
        now = self._clock.now()
        if self._retry_at is None:
            return
        if now < self._retry_at:
            wait = (self._retry_at - now).total_seconds()
            raise SourceResting(
                self._source, f"{self._endpoint} failed {self._failures} times in a row: {self._reason}", wait
            )
        self._probing = True
        self._retry_at = now + PROBE

    def refused(self, reason: str) -> None:
        """It answers, though not what was asked: that it may be asked is all that counts here."""
        self._failed_at, self._last_error = self._clock.now(), reason
        self._close()

    def succeeded(self) -> None:
        """It answers."""
        self._succeeded_at = self._clock.now()
        self._close()

    def _close(self) -> None:
        if self._retry_at is not None:
            log.info("circuit_closed", source=self._source, endpoint=self._endpoint, failures=self._failures)
        self._failures, self._reason, self._retry_at, self._probing = 0, None, None, False

    def failed(self, reason: str) -> None:
        """It did not answer, or with nothing of use. While it rests, what was on its way before adds nothing."""
        self._failed_at, self._last_error = self._clock.now(), reason
        if self._retry_at is not None and not self._probing:
            return
        self._failures += 1
        self._reason = reason
        self._probing = False
        if self._failures >= FAILURES:
            rest = min(FIRST_REST * 2 ** min(self._failures - FAILURES, 16), LONGEST_REST)
            self._retry_at = self._clock.now() + rest
            log.warning(
                "circuit_opened", source=self._source, endpoint=self._endpoint, failures=self._failures,
                seconds=rest.total_seconds(), reason=reason,
            )  # fmt: skip

    @property
    def status(self) -> CircuitStatus:
        """How it stands now."""
        return CircuitStatus(
            self._source, self._endpoint, self._state, self._failures, self._reason, self._retry_at,
            self._succeeded_at, self._failed_at, self._last_error,
        )  # fmt: skip

    @property
    def _state(self) -> CircuitState:
        if self._retry_at is None:
            return CircuitState.CLOSED
        return CircuitState.HALF_OPEN if self._probing else CircuitState.OPEN


class Circuits:
    """The breakers of one source, by endpoint."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._make: Callable[[str], Circuit] = lambda endpoint: Circuit(source, endpoint, clock)
        self._circuits: dict[str, Circuit] = {}

    def of(self, endpoint: str) -> Circuit:
        """The breaker of the endpoint: one of the few that a provider has, never a URL with its parameters."""
        if endpoint not in self._circuits:
            self._circuits[endpoint] = self._make(endpoint)
        return self._circuits[endpoint]

    def statuses(self) -> list[CircuitStatus]:
        """How it stands with every endpoint that was asked."""
        return [circuit.status for circuit in self._circuits.values()]

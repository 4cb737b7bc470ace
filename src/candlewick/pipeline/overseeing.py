"""How it stands with the sources, over all processes: what they say, what the budgets and the database know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from candlewick.domain.errors import RedisUnavailable
from candlewick.domain.source import (
    RECENTLY,
    BudgetStatus,
    CircuitState,
    CircuitStatus,
    ProcessReport,
    SourceProfile,
    SourceState,
    SourceStatus,
    StreamStatus,
)
from candlewick.ports import BudgetReads, Clock, FigureReads, StatusBoard

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=3)
"""How long Redis is waited for."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WORSE: Final = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Overseer:
    """Knows the sources, and finds out how it stands with them."""

    def __init__(
        self,
        profiles: Sequence[SourceProfile],
        board: StatusBoard,
        budgets: BudgetReads,
        figures: FigureReads,
        clock: Clock,
    ) -> None:
        self.profiles: Mapping[str, SourceProfile] = {profile.code: profile for profile in profiles}
        """By code."""
        self._board = board
        self._budgets = budgets
        self._figures = figures
        self._clock = clock

    async def statuses(self) -> Mapping[str, SourceStatus]:
        """How it stands with each source, by code. With Redis away it says so, and what the database knows."""
        figures = await self._figures.figures(list(self.profiles))
        reports, budgets, unknown = await self._seen()
        return {
            code: judged(
                SourceStatus(
                    code,
                    SourceState.UNKNOWN,
                    figures[code],
                    _worst(circuit for report in reports for circuit in report.circuits if circuit.source == code),
                    [stream for report in reports for stream in report.streams if stream.source == code],
                    [budget for budget in budgets if budget.name.partition(":")[0] == code],
                    unknown=unknown,
                ),
                self._clock.now(),
            )
            for code in self.profiles
        }

    async def _seen(self) -> tuple[Sequence[ProcessReport], Sequence[BudgetStatus], str | None]:
        """What processes and budgets say; why they do not, if so."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await self._board.reports(), await self._budgets.statuses(), None
        except RedisUnavailable as error:
            reason = str(error)
        except TimeoutError:
            reason = f"Redis does not answer within {PATIENCE.total_seconds():g} s"
        log.warning("sources_unseen", reason=reason)
        return [], [], reason


def judged(status: SourceStatus, now: datetime) -> SourceStatus:
    """The same with its state in a word, its last success and its last error: pure."""
    parts: list[CircuitStatus | StreamStatus] = [*status.circuits, *status.streams]
    worst = max((each for each in parts if each.failed_at), default=None, key=lambda each: each.failed_at or now)
    successes = [circuit.succeeded_at for circuit in status.circuits] + [stream.heard_at for stream in status.streams]
    return replace(
        status,
        state=_state(status, now),
        succeeded_at=max((moment for moment in [*successes, status.figures.received_at] if moment), default=None),
        failed_at=worst.failed_at if worst else None,
        last_error=worst.last_error if worst else None,
    )


def _state(status: SourceStatus, now: datetime) -> SourceState:
    if status.unknown is not None:
        return SourceState.UNKNOWN
    asked = [circuit for circuit in status.circuits if circuit.asked_at and now - circuit.asked_at < RECENTLY]
    works = [circuit.state is CircuitState.CLOSED for circuit in asked]
    works += [stream.connected_at is not None for stream in status.streams if stream.connected_at or stream.failures]
    if not works:
        return SourceState.IDLE
    if not any(works):
        return SourceState.DOWN
    paused = any(budget.paused_for for budget in status.budgets)
    return SourceState.DEGRADED if paused or not all(works) else SourceState.OK


def _worst(circuits: Iterable[CircuitStatus]) -> list[CircuitStatus]:
    """One of each endpoint: the one of the process that fares worst; of the same, the one that was heard of last."""
    found: dict[str, CircuitStatus] = {}
    for circuit in circuits:
        if circuit.endpoint not in found or _badness(circuit) > _badness(found[circuit.endpoint]):
            found[circuit.endpoint] = circuit
    return [found[endpoint] for endpoint in sorted(found)]


def _badness(circuit: CircuitStatus) -> tuple[int, int, datetime]:
    return _WORSE[circuit.state], circuit.failures, circuit.asked_at or _LONG_AGO

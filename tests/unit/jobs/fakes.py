"""Leases and jobs in memory."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

from candlewick.domain.job import Lease, NewJob


class FakeLeases:
    """Leases that run out by the machine's clock."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[int, float]] = {}
        """Token, and when it runs out."""
        self._token = 0

    async def acquire(self, name: str, holder: str, duration: timedelta) -> Lease | None:  # noqa: ARG002
        if name in self.held and self.held[name][1] > monotonic():
            return None
        self._token += 1
        self.held[name] = (self._token, monotonic() + duration.total_seconds())
        return Lease(name, self._token)

    async def renew(self, lease: Lease, duration: timedelta) -> bool:
        if self.held.get(lease.name, (0, 0.0))[0] != lease.token:
            return False
        self.held[lease.name] = (lease.token, monotonic() + duration.total_seconds())
        return True

    async def release(self, lease: Lease) -> None:
        if self.held.get(lease.name, (0, 0.0))[0] == lease.token:
            del self.held[lease.name]

    def left(self, name: str) -> float:
        """For how many seconds nobody else gets it."""
        return self.held[name][1] - monotonic() if name in self.held else 0.0


class FakeDesk:
    """Notes the jobs that are submitted."""

    def __init__(self) -> None:
        self.submitted: list[NewJob] = []

    async def submit(self, new: NewJob) -> None:
        self.submitted.append(new)

"""What a provider is to the rest: a code, a name, and what it can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from candlewick.ports import ArchiveSource, Clock, Market, MarketSource, RateBudget

Budgets = Callable[[str, int], RateBudget]
"""Makes the budget of that name, with so much weight a minute."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a provider is asked over the network, how much, and how long an answer may take."""

    rest_url: str
    archive_url: str
    stream_url: str
    weight_per_minute: int
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Provider:
    """One source of data. What it cannot do is None."""

    code: str
    """Also the venue's code, where the venue publishes its own data."""
    name: str
    archives: Callable[[Clock], ArchiveSource] | None = None
    """Reads archive files that were downloaded from it."""
    market: Callable[[int], Market] | None = None
    """Makes its trades up, from a seed."""
    source: Callable[[Access, Clock, Budgets], AbstractAsyncContextManager[MarketSource]] | None = None
    """Asks it over the network, for as long as the block lasts."""

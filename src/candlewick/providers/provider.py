"""What a provider is to the rest: a code, a name, where it is asked by default, and what it can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Final, Protocol

from candlewick.domain.market import AssetClass
from candlewick.domain.raw import ReplacedFile
from candlewick.domain.source import CircuitStatus
from candlewick.ports import (
    ArchiveShelf,
    ArchiveSource,
    CandleHistory,
    Clock,
    DayHistory,
    Directory,
    Lookup,
    Market,
    MarketSource,
    PayloadReader,
    QuoteHistory,
    QuoteSource,
    Ranking,
    RateBudget,
    TradeHistory,
    TradeStream,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_MINUTE: Final = timedelta(minutes=1)


class Budgets(Protocol):
    """Makes budgets that all workers share."""

    def __call__(self, name: str, limit: int, *, span: timedelta = _MINUTE) -> RateBudget:
        """The budget of that name: so much weight a minute, or in any other span."""


def evenly(budgets: Budgets, name: str, per_minute: int) -> RateBudget:
    """A budget of so many requests a minute for a provider that counts by the second: never many at once."""
    seconds = max(ceil(60 / per_minute), 1)
    return budgets(name, max(per_minute * seconds // 60, 1), span=timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Together:
    """Budgets that must all have room, the shortest first: what it refuses does not count against the next."""

    budgets: Sequence[RateBudget]

    async def spend(self, weight: int) -> None:
        """See `RateBudget.spend`."""
        for budget in self.budgets:
            await budget.spend(weight)

    async def learn(self, used: int) -> None:
        """See `RateBudget.learn`: what the provider counts is of a minute."""
        await self.budgets[0].learn(used)

    async def pause(self, seconds: float) -> None:
        """See `RateBudget.pause`."""
        await self.budgets[0].pause(seconds)


def within_a_day(budgets: Budgets, name: str, per_day: int | None, budget: RateBudget) -> RateBudget:
    """The budget, with a bound for any 24 hours besides; None: without."""
    if per_day is None:
        return budget
    return Together([budget, budgets(f"{name}:day", per_day, span=timedelta(days=1))])


@dataclass(frozen=True, slots=True)
class Access:
    """Where a provider is asked over the network, how much, how often, and with which key."""

    rest_url: str
    archive_url: str = ""
    stream_url: str = ""
    weight_per_minute: int = 60
    weight_per_day: int | None = None
    """None: as its plan says, or without such a bound."""
    timeout_seconds: float = 15.0
    poll_every: timedelta = timedelta(minutes=1)
    """How often the quotes of watched instruments are asked for."""
    stream_quotes: bool = False
    """Whether its streams are to carry quotes beside trades."""
    plan: str | None = None
    """What the key was paid for, where that decides on host and limits."""
    api_key: str | None = field(default=None, repr=False)
    """Goes into a header or a parameter of requests, and nowhere else: neither into logs nor into what is kept."""


@dataclass(frozen=True, slots=True)
class Source:
    """A MarketSource, put together of what a provider has."""

    source: str
    since: datetime
    archive_files: ArchiveSource | None = None
    shelf: ArchiveShelf | None = None
    trades: TradeHistory | None = None
    candles: CandleHistory | None = None
    directory: Directory | None = None
    lookup: Lookup | None = None
    stream: TradeStream | None = None
    quotes: QuoteSource | None = None
    ranking: Ranking | None = None
    quote_history: QuoteHistory | None = None
    quote_reach: timedelta = timedelta(days=90)
    days: DayHistory | None = None
    reader: PayloadReader | None = None
    statuses: Callable[[], Sequence[CircuitStatus]] = tuple

    def circuits(self) -> Sequence[CircuitStatus]:
        """See `MarketSource.circuits`."""
        return self.statuses()


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a venue is to be simulated with."""

    seed: int
    rate: int | None = None
    """Trades a second of each symbol, evenly; None: lively, as they come."""
    symbols: Sequence[str] | None = None
    """Only these; None: all."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """Serves made-up trades as the venue would."""

    title: str
    """What is simulated, within a sentence."""
    application: Callable[[Simulated, Clock], ASGIApp]
    """The server. Raises InvalidInput: it cannot be made of that."""
    settings: Mapping[str, str]
    """The settings of the source that point Candlewick at it, each with the scheme of its URL."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One source of data. What it cannot do is None."""

    code: str
    """Also the venue's code, where the venue publishes its own data."""
    name: str
    access: Access | None = None
    """Where it is asked unless the settings say otherwise; None if only settings can say so."""
    archives: Callable[[Clock], ArchiveSource] | None = None
    """Reads archive files that were downloaded from it."""
    replaced: Callable[[str, str], Sequence[ReplacedFile]] | None = None
    """Reads its lists of archive files that it replaced: a list's text and its name. Raises UnknownFormat."""
    market: Callable[[int], Market] | None = None
    """Makes its trades up, from a seed."""
    source: Callable[[Access, Clock, Budgets], AbstractAsyncContextManager[MarketSource]] | None = None
    """Asks it over the network, for as long as the block lasts."""
    simulator: Callable[[], Simulator] | None = None
    """Loads what simulates it, which nobody needs who does not ask for it."""
    calendars: Mapping[AssetClass, str] = field(default_factory=dict)
    """The calendars of its venue, by what is traded; what is not named is traded at any time. See `calendars`."""

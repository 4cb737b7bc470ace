"""What the API needs from outside. `candlewick.wiring` builds something of this shape; tests build fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from candlewick.domain.access import ApiKey
from candlewick.domain.backtest import Backtest, BacktestFilter, BacktestId, EquityPoint, RoundTrip
from candlewick.domain.candle import Candle
from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.commit import Commit, CommitNotice
from candlewick.domain.day import Factor
from candlewick.domain.gap import Gap
from candlewick.domain.hours import TimeBar
from candlewick.domain.job import Job, JobFilter, JobId
from candlewick.domain.letter import KeptLetter, LetterFilter, LetterId, Retried
from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    Venue,
    VenueId,
)
from candlewick.domain.page import (
    AssetFilter,
    CandleQuery,
    InstrumentFilter,
    Page,
    QuoteQuery,
    TradePosition,
    TradeQuery,
    TradeRow,
)
from candlewick.domain.quote import QuoteRow
from candlewick.domain.rate import Allowance, Bucket
from candlewick.domain.raw import RawId, RawRecord
from candlewick.domain.ruler import Ruler
from candlewick.domain.service import DatabaseEdition
from candlewick.domain.source import SourceProfile, SourceStatus
from candlewick.domain.time import Window
from candlewick.domain.watch import Watched
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.ports import (
    Backfills,
    Backtests,
    BarDesk,
    BarReads,
    Clock,
    CommitKey,
    FreshnessStore,
    Imports,
    IndicatorDesk,
    Ingests,
    KeptReads,
    LatestQuotes,
    MarketDesk,
    PriceDesk,
)


class InstrumentReads(Protocol):
    """The reading half of `ports.InstrumentStore`."""

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]: ...
    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]: ...
    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]: ...
    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]: ...
    async def instruments(
        self,
        where: InstrumentFilter,
        first: int,
        after: InstrumentKey | None,
        before: InstrumentKey | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Instrument]: ...
    async def assets(
        self,
        where: AssetFilter,
        first: int,
        after: tuple[str, AssetClass] | None,
        before: tuple[str, AssetClass] | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Asset]: ...


class TradeReads(Protocol):
    """The reading half of `ports.TradeStore`."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: TradeQuery
    ) -> Mapping[InstrumentId, Page[TradeRow]]: ...


class QuoteReads(Protocol):
    """The reading half of `ports.QuoteStore`."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
    ) -> Mapping[InstrumentId, Page[QuoteRow]]: ...


class CandleReads(Protocol):
    """The reading half of `ports.CandleStore`, the same candles as columns, and where they open and close."""

    async def ruler(self, bar: TimeBar) -> Ruler:
        """Where such candles open and close.

        Raises:
            UnknownCalendar: it is not here; says which are.
        """

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> Mapping[InstrumentId, Page[Candle]]: ...

    async def settled(self, spans: Mapping[InstrumentId, Window]) -> bool:
        """Whether these spans are over and clean, and no gap in them may yet be repaired."""

    async def read_written(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, template: RowTemplate
    ) -> Mapping[InstrumentId, WrittenPage | Page[Candle]]:
        """The same candles as text, where the store can write them."""

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> Mapping[InstrumentId, CandleColumns]: ...


class DayReads(Protocol):
    """The reading half of `ports.DayStore`."""

    async def factors(
        self, instrument_ids: Sequence[InstrumentId], limit: int
    ) -> Mapping[InstrumentId, Sequence[Factor]]: ...


class GapReads(Protocol):
    """The reading half of `ports.GapStore`."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], window: Window | None, limit: int
    ) -> Mapping[InstrumentId, Sequence[Gap]]: ...

    async def changed(self, instrument_id: InstrumentId, after: int, upto: int, limit: int) -> Sequence[Gap]: ...


class PayloadReads(Protocol):
    """What of `ports.RawReads` is asked here."""

    async def records(self, raw_ids: Sequence[RawId]) -> Mapping[RawId, RawRecord]: ...
    async def of_commits(self, commits: Sequence[CommitKey]) -> Mapping[CommitKey, RawRecord]: ...
    async def beginnings(self, raw_ids: Sequence[RawId], most: int) -> Mapping[RawId, bytes]: ...


class LetterReads(Protocol):
    """What of `ports.LetterDesk` is asked here."""

    async def letters(
        self,
        where: LetterFilter,
        first: int,
        after: LetterId | None,
        before: LetterId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[KeptLetter]: ...
    async def by_ids(self, ids: Sequence[LetterId]) -> Mapping[LetterId, KeptLetter]: ...


class LetterRetries(Protocol):
    """Dead letters, tried again: see `pipeline.letters`."""

    async def run(self, ids: Sequence[LetterId], *, requested_by: str) -> Sequence[Retried]: ...


class BacktestReads(Protocol):
    """The reading half of `ports.BacktestStore`."""

    async def by_ids(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Backtest]: ...
    async def of_jobs(self, job_ids: Sequence[JobId]) -> Mapping[JobId, Sequence[Backtest]]: ...
    async def backtests(
        self,
        where: BacktestFilter,
        first: int,
        after: BacktestId | None,
        before: BacktestId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Backtest]: ...
    async def curves(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Sequence[EquityPoint]]: ...
    async def trades(
        self,
        backtest_id: BacktestId,
        first: int,
        after: int | None,
        before: int | None = None,
        *,
        backwards: bool = False,
    ) -> Page[RoundTrip]: ...


class JobDesk(Protocol):
    """What of `ports.JobStore` is for those who ask for work, not for those who do it."""

    async def job(self, job_id: JobId) -> Job | None: ...
    async def jobs(
        self,
        where: JobFilter,
        first: int,
        after: JobId | None,
        before: JobId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Job]: ...
    async def cancel(self, job_id: JobId) -> Job: ...
    async def retry(self, job_id: JobId) -> Job: ...


class WatchDesk(Protocol):
    """The watch list, for those who may change it: see `pipeline.watching`."""

    async def all(self) -> Sequence[Watched]: ...
    async def watch(self, keys: Sequence[InstrumentKey], requested_by: str, /) -> Sequence[Watched]: ...
    async def unwatch(self, keys: Sequence[InstrumentKey], /) -> Sequence[Watched]: ...


class Overview(Protocol):
    """How it stands with the sources: see `pipeline.overseeing`."""

    @property
    def profiles(self) -> Mapping[str, SourceProfile]: ...

    async def statuses(self) -> Mapping[str, SourceStatus]: ...


class CommitReads(Protocol):
    """The reading half of `ports.CommitLog`."""

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]: ...
    async def since(self, instrument_id: InstrumentId, version: int, limit: int) -> Sequence[Commit]: ...
    async def trades_since(
        self, instrument_id: InstrumentId, after: int, upto: int, limit: int, beyond: TradePosition | None = None
    ) -> Page[TradeRow]: ...


class Notices(Protocol):
    """The hearing half of `ports.Bus`."""

    def listen(self) -> AsyncIterator[CommitNotice | None]: ...


class KeyStore(Protocol):
    """API keys."""

    async def authenticate(self, secret: str) -> ApiKey | None:
        """The key with this secret; None if there is none, or it was revoked or has expired."""


class Rates(Protocol):
    """Counts how often keys and addresses ask."""

    async def spend(self, buckets: Sequence[Bucket]) -> Sequence[Allowance]:
        """Take one request from each bucket, or from none of them if one is empty; how they stand, in order."""


class QuestionCounts(Protocol):
    """How it goes with what this process asks workers."""

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many questions, by what came of them."""

    @property
    def waiting(self) -> int:
        """Questions that wait for a worker now."""


class ServiceProbe(Protocol):
    """What the service runs on, and whether all of it is there."""

    @property
    def edition(self) -> DatabaseEdition: ...

    @property
    def capabilities(self) -> Sequence[str]:
        """What the database can do, as found at the start: hypertables, continuous aggregates, columnstore."""

    async def ready(self) -> Mapping[str, str | None]:
        """Each component (database, migrations, redis) with what is wrong with it; None where nothing is."""


class Services(Protocol):
    """All of it, as one object."""

    @property
    def instruments(self) -> InstrumentReads: ...

    @property
    def trades(self) -> TradeReads: ...

    @property
    def candles(self) -> CandleReads: ...

    @property
    def quotes(self) -> QuoteReads: ...

    @property
    def latest(self) -> LatestQuotes: ...

    @property
    def pricing(self) -> PriceDesk: ...

    @property
    def markets(self) -> MarketDesk: ...

    @property
    def indicators(self) -> IndicatorDesk: ...

    @property
    def questions(self) -> QuestionCounts: ...

    @property
    def kept(self) -> KeptReads: ...

    @property
    def freshness(self) -> FreshnessStore: ...

    @property
    def days(self) -> DayReads: ...

    @property
    def gaps(self) -> GapReads: ...

    @property
    def raw_reads(self) -> PayloadReads: ...

    @property
    def dead_letters(self) -> LetterReads: ...

    @property
    def letter_retry(self) -> LetterRetries: ...

    @property
    def jobs(self) -> JobDesk: ...

    @property
    def backfills(self) -> Backfills: ...

    @property
    def bars(self) -> BarReads: ...

    @property
    def bar_building(self) -> BarDesk: ...

    @property
    def backtesting(self) -> Backtests: ...

    @property
    def backtests(self) -> BacktestReads: ...

    @property
    def imports(self) -> Imports: ...

    @property
    def ingests(self) -> Ingests: ...

    @property
    def watching(self) -> WatchDesk: ...

    @property
    def overseer(self) -> Overview: ...

    @property
    def commit_log(self) -> CommitReads: ...

    @property
    def bus(self) -> Notices: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def keys(self) -> KeyStore: ...

    @property
    def rates(self) -> Rates: ...

    @property
    def service(self) -> ServiceProbe: ...

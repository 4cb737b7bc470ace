"""In-memory stand-ins for the ports, which remember how they were called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from candlewick.bus.rates import LocalRates
from candlewick.domain.access import ApiKey, ApiKeyId, Role
from candlewick.domain.backtest import (
    Backtest,
    BacktestFilter,
    BacktestId,
    BacktestRequest,
    EquityPoint,
    RoundTrip,
)
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.bar_series import Bar, BarPosition, BarQuery, BarSeries, BuildBarsRequest, SeriesId
from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.commit import Commit, CommitKind, CommitNotice
from candlewick.domain.coverage import Coverage
from candlewick.domain.day import Factor
from candlewick.domain.errors import NotYet, UnknownAsset, UnknownCalendar, UnknownJob, UnknownLetter
from candlewick.domain.freshness import Freshness
from candlewick.domain.gap import Gap, GapEvidence, GapId, GapState
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator_query import IndicatorLine, IndicatorPage, IndicatorQuery
from candlewick.domain.interval import Duration
from candlewick.domain.job import (
    BackfillRequest,
    ImportRequest,
    IngestRequest,
    Job,
    JobFilter,
    JobId,
    JobKind,
    JobProgress,
    JobStatus,
)
from candlewick.domain.kept import Kept, KeptChange, KeptId, KeptKey, KeptPage, KeptPoint, Standing
from candlewick.domain.letter import KeptLetter, LetterFilter, LetterId, Retried, RetryResult
from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Side,
    Tape,
    Venue,
    VenueId,
)
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import Mover, MoverRank, Movers, Universe, before
from candlewick.domain.page import (
    AssetFilter,
    CandleQuery,
    InstrumentFilter,
    Page,
    QuotePosition,
    QuoteQuery,
    TradePosition,
    TradeQuery,
    TradeRow,
)
from candlewick.domain.price import AssetName, PriceBook, PriceQuestion
from candlewick.domain.quote import QuoteRow
from candlewick.domain.raw import DeadLetter, LetterKind, RawId, RawRecord
from candlewick.domain.ruler import Ruler, local_ruler
from candlewick.domain.service import DatabaseEdition
from candlewick.domain.source import SourceCapability, SourceFigures, SourceProfile, SourceState, SourceStatus
from candlewick.domain.time import MICROSECOND, Window, microseconds
from candlewick.domain.watch import Watched
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.indicators.catalogue import indicator
from candlewick.ports import CommitKey
from candlewick.providers.sources import look_at_start

START = datetime(2024, 8, 8, tzinfo=UTC)
ALL_TIME = Window(datetime(2009, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
READER, SECRET = "cwk_reader", "cwk_operator"


def page[Row](rows: Sequence[Row], limit: int, *, newest: bool) -> Page[Row]:
    """The newest or the oldest `limit` of the rows."""
    kept = rows[-limit:] if newest else rows[:limit]
    return Page(kept, more=len(rows) > limit)


@dataclass
class Recorded:
    """Calls by method name, with their arguments."""

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    failure: Exception | None = None

    def note(self, method: str, *arguments: Any) -> None:
        self.calls.append((method, arguments))
        if self.failure is not None:
            raise self.failure


class FakeInstruments(Recorded):
    """Some instruments of one venue, all priced in USDT."""

    def __init__(self, bases: Sequence[str] = ("BTC", "ETH", "SOL")) -> None:
        super().__init__()
        self.venue = Venue(VenueId(1), "binance", "Binance")
        codes = ["USDT", *bases]
        self.asset_rows = [Asset(AssetId(i), code, AssetClass.CRYPTO) for i, code in enumerate(codes, 1)]
        self.rows = [self._instrument(number, asset) for number, asset in enumerate(self.asset_rows[1:], 1)]

    def _instrument(self, number: int, base: Asset) -> Instrument:
        return Instrument(
            id=InstrumentId(number),
            key=InstrumentKey("binance", base.code, "USDT"),
            symbol=f"{base.code}USDT",
            venue_id=self.venue.id,
            base_id=base.id,
            quote_id=AssetId(1),
            asset_class=AssetClass.CRYPTO,
            tape=Tape.TRADES,
            status=InstrumentStatus.TRADING,
            tick_size=Decimal("0.01"),
        )

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]:
        self.note("by_keys", tuple(keys))
        return {row.key: row for row in self.rows if row.key in keys}

    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]:
        self.note("by_ids", tuple(ids))
        return {row.id: row for row in self.rows if row.id in ids}

    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]:
        self.note("assets_by_ids", tuple(ids))
        return {row.id: row for row in self.asset_rows if row.id in ids}

    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]:
        self.note("venues_by_ids", tuple(ids))
        return {self.venue.id: self.venue} if self.venue.id in ids else {}

    async def instruments(
        self,
        where: InstrumentFilter,
        first: int,
        after: InstrumentKey | None,
        before: InstrumentKey | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Instrument]:
        self.note("instruments", where, first, after)
        rows = sorted(self.rows, key=lambda row: str(row.key))
        found = [row for row in rows if where.search is None or where.search.lower() in str(row.key).lower()]
        found = [row for row in found if after is None or str(row.key) > str(after)]
        return page([row for row in found if before is None or str(row.key) < str(before)], first, newest=backwards)

    async def assets(
        self,
        where: AssetFilter,
        first: int,
        after: tuple[str, AssetClass] | None,
        before: tuple[str, AssetClass] | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Asset]:
        self.note("assets", where, first, after)
        rows = sorted(self.asset_rows, key=lambda row: row.code)
        rows = [row for row in rows if after is None or (row.code, row.asset_class) > after]
        rows = [row for row in rows if before is None or (row.code, row.asset_class) < before]
        return page(rows, first, newest=backwards)


class FakeCandles(Recorded):
    """The same hundred-odd candles from START on, for every instrument and width."""

    def __init__(self, count: int = 250) -> None:
        super().__init__()
        self.count = count
        self.clean = True

    async def settled(self, spans: Mapping[InstrumentId, Window]) -> bool:
        self.note("settled", dict(spans))
        return self.clean

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> dict[InstrumentId, Page[Candle]]:
        self.note("read", tuple(instrument_ids), query)
        await self.ruler(TimeBar(query.duration, query.hours))
        opens = [query.duration.after(query.duration.floor(START), number) for number in range(self.count)]
        window = query.window
        inside = [moment for moment in opens if window is None or window.start <= moment < window.end]
        rows = [self._candle(moment, query) for moment in inside]
        return {instrument_id: page(rows, query.limit, newest=query.newest) for instrument_id in instrument_ids}

    async def read_written(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, template: RowTemplate
    ) -> Mapping[InstrumentId, WrittenPage | Page[Candle]]:
        """Cannot write."""
        del template
        return await self.read(instrument_ids, query)

    async def ruler(self, bar: TimeBar) -> Ruler:
        if bar.hours.session not in {None, "XNYS"}:
            raise UnknownCalendar(bar.hours.session or "", ["XNYS"])
        return local_ruler(bar) or bar.every

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> dict[InstrumentId, CandleColumns]:
        pages = await self.read(instrument_ids, query)
        self.calls[-1] = ("read_columns", (*self.calls[-1][1], choice))
        return {key: self._columns(found, choice) for key, found in pages.items()}

    def _columns(self, found: Page[Candle], choice: ColumnChoice) -> CandleColumns:
        return CandleColumns(
            open_time=[microseconds(row.open_time) // 1000 for row in found.rows],
            close_time=[microseconds(row.close_time) // 1000 for row in found.rows],
            exact={name: [getattr(row, name) for row in found.rows] for name in choice.exact},
            floats={name: [_float(getattr(row, name)) for row in found.rows] for name in choice.floats},
            trade_count=[row.trade_count for row in found.rows],
            status=[row.status for row in found.rows],
            origin=[row.origin for row in found.rows],
            coverage=[row.coverage for row in found.rows if row.coverage],
            more=found.more,
        )

    def _candle(self, opened: datetime, query: CandleQuery) -> Candle:
        wave = f"{61000 + (opened.day * 37 + opened.hour * 113) % 900}.50000000"
        return Candle(
            open_time=opened,
            close_time=query.duration.after(opened),
            open="61234.10000000",
            high="62000.00000001",
            low="61000.00000000",
            close=wave,
            volume="12.340000000000000000001",
            quote_volume="755000.1",
            vwap="61183.152350081037277147",
            trade_count=42,
            taker_buy_volume=None,
            origin=query.origin or CandleOrigin.TRADES,
            status=CandleStatus.FINAL,
            version=1,
            coverage=Coverage.COMPLETE if query.coverage else None,
        )


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


def a_candle(minute: int, version: int = 1, status: CandleStatus = CandleStatus.FINAL, close: str = "1") -> Candle:
    """The candle of that minute after START."""
    opened = START + timedelta(minutes=minute)
    numbers = ("1", "1", "1", close, "1", "1", "1", 1, None)
    fields = (opened, opened + timedelta(minutes=1), *numbers, CandleOrigin.TRADES, status, version)
    return Candle(*fields)


class LiveCandles(Recorded):
    """Minute candles that tests put in: the same for every instrument and width."""

    def __init__(self, *rows: Candle) -> None:
        super().__init__()
        self.rows = {row.open_time: row for row in rows}

    def put(self, *rows: Candle) -> None:
        self.rows |= {row.open_time: row for row in rows}

    async def ruler(self, bar: TimeBar) -> Ruler:
        return local_ruler(bar) or bar.every

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> dict[InstrumentId, Page[Candle]]:
        self.note("read", tuple(instrument_ids), query)
        window = query.window
        rows = [self.rows[key] for key in sorted(self.rows) if window is None or window.start <= key < window.end]
        return {instrument_id: page(rows, query.limit, newest=query.newest) for instrument_id in instrument_ids}


class FakeDays(Recorded):
    """Three factors of every instrument."""

    async def factors(
        self, instrument_ids: Sequence[InstrumentId], limit: int
    ) -> Mapping[InstrumentId, Sequence[Factor]]:
        self.note("factors", tuple(instrument_ids), limit)
        days = [START.date() + timedelta(days=number) for number in range(3)]
        rows = [Factor(day, Decimal("0.9"), Decimal("0.03571430"), Decimal("645.57")) for day in days]
        return dict.fromkeys(instrument_ids, rows[-limit:])


class FakeGaps(Recorded):
    """Three gaps of every instrument, an hour apart from START on."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], window: Window | None, limit: int
    ) -> Mapping[InstrumentId, Sequence[Gap]]:
        self.note("read", tuple(instrument_ids), window, limit)
        return {key: [self._gap(number, key) for number in range(3)][-limit:] for key in instrument_ids}

    async def changed(self, instrument_id: InstrumentId, after: int, upto: int, limit: int) -> Sequence[Gap]:
        self.note("changed", instrument_id, after, upto, limit)
        return [self._gap(number, instrument_id) for number in range(after, upto)]

    def _gap(self, number: int, key: InstrumentId) -> Gap:
        opened = START + timedelta(hours=number)
        first = 9007199254740993 + number
        return Gap(
            GapId(number + 1), key, "binance", GapEvidence.MISSING_SEQUENCES,
            Window(opened, opened + timedelta(seconds=7)), GapState.UNREPAIRABLE, opened, first, first + 9, 10,
            "it has none", tries=4, closed_at=opened + timedelta(minutes=61),
        )  # fmt: skip


class FakeTrades(Recorded):
    """Trades seven seconds apart from START on."""

    def __init__(self, count: int = 50) -> None:
        super().__init__()
        self.rows = [self._trade(number) for number in range(count)]

    def _trade(self, number: int) -> TradeRow:
        ts = START + timedelta(seconds=7 * number, microseconds=123456)
        minute = ts.replace(second=0, microsecond=0)
        sequence = 9007199254740993 + number
        received_at = ts + timedelta(seconds=1)
        return TradeRow(
            minute, sequence, "61234.10000000", "0.00100000", Side.BUY, ts, received_at, 1, InstrumentId(1)
        )  # fmt: skip

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: TradeQuery
    ) -> dict[InstrumentId, Page[TradeRow]]:
        self.note("read", tuple(instrument_ids), query)
        rows = [row for row in self.rows if _matches(row, query)]
        return {instrument_id: page(rows, query.limit, newest=query.newest) for instrument_id in instrument_ids}


def _matches(row: TradeRow, query: TradeQuery) -> bool:
    position = TradePosition(row.minute, row.sequence)
    within = query.window is None or query.window.start <= row.ts < query.window.end
    follows = query.after is None or position > query.after
    return within and follows and (query.before is None or position < query.before)


def a_quote(number: int, source: str = "binance", **figures: str) -> QuoteRow:
    """The quote of that second after START."""
    ts = START + timedelta(seconds=number)
    said: dict[str, str | None] = dict.fromkeys(QuoteRow._fields[2:8]) | {"price": f"{100 + number}.50"} | figures
    return QuoteRow(ts=ts, source=source, received_at=ts, version=1, **said)


class FakeQuotes(Recorded):
    """Quotes a second apart from START on, the same for every instrument but the third, which has none."""

    def __init__(self, count: int = 250) -> None:
        super().__init__()
        self.rows = [a_quote(number, ("binance", "other")[number % 2]) for number in range(count)]

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
    ) -> dict[InstrumentId, Page[QuoteRow]]:
        self.note("read", tuple(instrument_ids), query)
        rows = [row for row in self.rows if _is_wanted(row, query)]
        found = {key: rows if key != 3 else [] for key in instrument_ids}
        return {key: page(each, query.limit, newest=query.newest) for key, each in found.items()}

    async def latest(self, instrument_ids: Sequence[InstrumentId]) -> dict[InstrumentId, QuoteRow]:
        self.note("latest", tuple(instrument_ids))
        return {key: self.rows[-1] for key in instrument_ids if key != 3}


def _is_wanted(row: QuoteRow, query: QuoteQuery) -> bool:
    position = QuotePosition(row.ts, row.source)
    within = query.window is None or query.window.start <= row.ts < query.window.end
    follows = query.after is None or position > query.after
    comes_before = query.before is None or position < query.before
    return within and follows and comes_before and query.source in {None, row.source}


class FakeFreshness(Recorded):
    """The first instrument is ten seconds old; nothing is known of the others."""

    async def read(self, instrument_ids: Sequence[InstrumentId]) -> dict[InstrumentId, Freshness]:
        self.note("read", tuple(instrument_ids))
        known = Freshness(START - timedelta(seconds=10), None, START - timedelta(minutes=1), START, open_gaps=2)
        return {key: known for key in instrument_ids if key == 1}


class FakePayloads(Recorded):
    """Version 1 of each instrument came from payload 7, version 2 from an archive file, the others are gone."""

    def __init__(self) -> None:
        super().__init__()
        file, answer = "BTCUSDT-trades-2024-08-08.zip", "/api/v3/aggTrades?symbol=BTCUSDT&fromId=1"
        self.rows = {
            7: RawRecord(RawId(7), "binance", answer, "ab" * 32, 9, START, archived=False),
            8: RawRecord(RawId(8), "binance", file, "cd" * 32, 2**33, START, archived=True),
        }
        self.bodies = {RawId(7): b'[{"a":\xff]'}

    async def records(self, raw_ids: Sequence[RawId]) -> Mapping[RawId, RawRecord]:
        self.note("records", tuple(raw_ids))
        return {raw_id: self.rows[raw_id] for raw_id in raw_ids if raw_id in self.rows}

    async def of_commits(self, commits: Sequence[CommitKey]) -> Mapping[CommitKey, RawRecord]:
        self.note("of_commits", tuple(commits))
        numbers = {1: 7, 2: 8}
        return {(key, version): self.rows[numbers[version]] for key, version in commits if version in numbers}

    async def beginnings(self, raw_ids: Sequence[RawId], most: int) -> Mapping[RawId, bytes]:
        self.note("beginnings", tuple(raw_ids), most)
        return {raw_id: self.bodies[raw_id][:most] for raw_id in raw_ids if raw_id in self.bodies}


def a_letter(number: int, kind: LetterKind = LetterKind.MALFORMED, **changed: Any) -> KeptLetter:
    """A row of payload 7; a step of job 3."""
    job = kind is LetterKind.JOB
    letter = DeadLetter(
        "binance", "binance:BTC-USDT", kind, f"row {number}: it is no object", "[1]",
        None if job else RawId(7), 3 if job else None, 1 if job else None,
    )  # fmt: skip
    seen = START + timedelta(seconds=number)
    return replace(KeptLetter(LetterId(number), letter, 2, START, seen), **changed)


class FakeLetters(Recorded):
    """Some letters, of which the fifth is resolved."""

    def __init__(self) -> None:
        super().__init__()
        rows = [a_letter(number) for number in range(1, 5)]
        rows += [a_letter(5, resolved_at=START), a_letter(6, LetterKind.JOB)]
        self.rows = {row.id: row for row in rows}

    async def letters(
        self,
        where: LetterFilter,
        first: int,
        after: LetterId | None,
        before: LetterId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[KeptLetter]:
        self.note("letters", where, first, after)
        found = [row for row in reversed(self.rows.values()) if after is None or row.id < after]
        found = [row for row in found if before is None or row.id > before]
        if where.resolved is not None:
            found = [row for row in found if (row.resolved_at is not None) == where.resolved]
        return page(found, first, newest=backwards)

    async def by_ids(self, ids: Sequence[LetterId]) -> Mapping[LetterId, KeptLetter]:
        self.note("by_ids", tuple(ids))
        return {letter_id: self.rows[letter_id] for letter_id in ids if letter_id in self.rows}


class FakeRetries(Recorded):
    """Letter 1 is resolved, 2 still dead, 3 not possible, all others are left to job 9."""

    def __init__(self, letters: FakeLetters) -> None:
        super().__init__()
        self.letters = letters

    async def run(self, ids: Sequence[LetterId], *, requested_by: str) -> Sequence[Retried]:
        self.note("run", tuple(ids), requested_by)
        for letter_id in ids:
            if letter_id not in self.letters.rows:
                raise UnknownLetter(letter_id)
        return [self._retried(self.letters.rows[letter_id]) for letter_id in ids]

    def _retried(self, letter: KeptLetter) -> Retried:
        match letter.id:
            case 1:
                return Retried(replace(letter, resolved_at=START), RetryResult.RESOLVED)
            case 2:
                return Retried(letter, RetryResult.STILL_DEAD, "it is still no object")
            case 3:
                return Retried(letter, RetryResult.NOT_POSSIBLE, "it is gone")
            case _:
                return Retried(letter, RetryResult.QUEUED, job_id=9)


class FakePricing(Recorded):
    """A book that tests put in for each pair of assets; without one, an asset is unknown."""

    def __init__(self, *books: PriceBook) -> None:
        super().__init__()
        self.rows = {(each.asset.code, each.quote.code): each for each in books}

    async def books(self, questions: Sequence[PriceQuestion]) -> Sequence[PriceBook | UnknownAsset | NotYet]:
        self.note("books", tuple(questions))
        return [self._book(question) for question in questions]

    def _book(self, asked: PriceQuestion) -> PriceBook | UnknownAsset | NotYet:
        if asked.at is not None and asked.at > START:
            return NotYet(asked.at, START)
        return self.rows.get((asked.asset.code, asked.quote.code)) or UnknownAsset(str(asked.asset))


class FakeMarkets(Recorded):
    """What tests put in."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Mover] = []
        self.stats: MarketFigures | None = None

    async def movers(self, rank: MoverRank, universe: Universe, width: Duration, first: int) -> Movers:
        self.note("movers", rank, universe, width, first)
        return Movers(Window(before(START, width), START), "USD", self.rows[:first])

    async def figures(
        self, asset_class: AssetClass | None, quote: AssetName, source: str | None
    ) -> MarketFigures | None:
        self.note("figures", asset_class, quote, source)
        return self.stats


class FakeKeys(Recorded):
    """Two keys: READER's may read, SECRET's is an operator's."""

    def __init__(self) -> None:
        super().__init__()
        self.roles = {READER: Role.READ, SECRET: Role.OPERATOR}

    async def authenticate(self, secret: str) -> ApiKey | None:
        self.note("authenticate", secret)
        role = self.roles.get(secret)
        return ApiKey(ApiKeyId(1), "test", role, secret[:8], START) if role else None


class FakeProbe:
    """Ready, unless told otherwise."""

    edition = DatabaseEdition.TIMESCALEDB_COMMUNITY
    capabilities = ("hypertables", "continuous aggregates", "columnstore")

    def __init__(self) -> None:
        self.components: dict[str, str | None] = {"database": None, "migrations": None, "redis": None}

    async def ready(self) -> Mapping[str, str | None]:
        return self.components


class FakeClock:
    """A clock that is moved by hand."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def a_job(number: int = 1, status: JobStatus = JobStatus.RUNNING, **changed: Any) -> Job:
    """A backfill, halfway through after a hundred seconds."""
    fields: dict[str, Any] = {
        "kind": JobKind.BACKFILL,
        "arguments": {
            "instruments": ["binance:BTC-USDT"],
            "kind": "TRADES",
            "window": ["2024-08-01T00:00:00+00:00", "2024-08-03T00:00:00+00:00"],
        },
        "progress": JobProgress(steps=2, done=1, failed=0, running=1, part=0.5, stored=1000, repeated=3, dead=0),
        "created_at": START - timedelta(seconds=101),
        "started_at": START - timedelta(seconds=100),
        "requested_by": "cwk_oper",
    }
    return Job(id=JobId(number), status=status, **(fields | changed))


class FakeJobs(Recorded):
    """Jobs by number."""

    def __init__(self, *rows: Job) -> None:
        super().__init__()
        self.rows = {row.id: row for row in rows}

    async def job(self, job_id: JobId) -> Job | None:
        self.note("job", job_id)
        return self.rows.get(job_id)

    async def jobs(
        self,
        where: JobFilter,
        first: int,
        after: JobId | None,
        before: JobId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Job]:
        self.note("jobs", where, first, after)
        rows = [row for row in self.rows.values() if after is None or row.id < after]
        rows = [row for row in rows if before is None or row.id > before]
        return page(sorted(rows, key=lambda row: -row.id), first, newest=backwards)

    async def cancel(self, job_id: JobId) -> Job:
        self.note("cancel", job_id)
        return replace(self._found(job_id), status=JobStatus.CANCELLED)

    async def retry(self, job_id: JobId) -> Job:
        self.note("retry", job_id)
        return replace(self._found(job_id), status=JobStatus.QUEUED)

    def _found(self, job_id: JobId) -> Job:
        if job_id not in self.rows:
            raise UnknownJob(job_id)
        return self.rows[job_id]


class FakeBackfills(Recorded):
    """Makes job 7 of every request."""

    async def submit(self, request: BackfillRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        self.note("submit", request, idempotency_key, requested_by)
        return a_job(7, JobStatus.QUEUED, started_at=None)


class FakeBacktesting(Recorded):
    """Makes job 9 of every request."""

    async def submit(self, request: BacktestRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        self.note("submit", request, idempotency_key, requested_by)
        return a_job(9, JobStatus.QUEUED, kind=JobKind.BACKTEST, started_at=None)


class FakeBacktests(Recorded):
    """Results by number, all of them with the same curve and trades."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[BacktestId, Backtest] = {}
        self.curve: Sequence[EquityPoint] = ()
        self.positions: Sequence[RoundTrip] = ()

    async def by_ids(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Backtest]:
        return {each: self.rows[each] for each in ids if each in self.rows}

    async def of_jobs(self, job_ids: Sequence[JobId]) -> Mapping[JobId, Sequence[Backtest]]:
        return {job_id: [each for each in self.rows.values() if each.job_id == job_id] for job_id in job_ids}

    async def backtests(
        self, where: BacktestFilter, first: int, *between: BacktestId | None, backwards: bool = False
    ) -> Page[Backtest]:
        self.note("backtests", where, first, *between)
        return page(list(self.rows.values()), first, newest=backwards)

    async def curves(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Sequence[EquityPoint]]:
        return dict.fromkeys(ids, self.curve)

    async def trades(
        self,
        backtest_id: BacktestId,
        first: int,
        after: int | None,
        before: int | None = None,
        *,
        backwards: bool = False,
    ) -> Page[RoundTrip]:
        self.note("trades", backtest_id, first, after, before)
        rows = [each for each in self.positions if each.number > (after or 0)]
        return page([each for each in rows if before is None or each.number < before], first, newest=backwards)


class FakeIngests(Recorded):
    """Makes job 8 of every request."""

    async def submit(self, request: IngestRequest, *, requested_by: str) -> Job:
        self.note("submit", request, requested_by)
        return a_job(8, JobStatus.QUEUED, kind=JobKind.INGEST, started_at=None)


class FakeBarBuilding(Recorded):
    """Makes job 9 of every request."""

    async def submit(self, request: BuildBarsRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        self.note("submit", request, idempotency_key, requested_by)
        return a_job(9, JobStatus.QUEUED, kind=JobKind.BUILD_BARS, started_at=None)


class FakeBars(Recorded):
    """Ten bars of each instrument but the last one, of whatever is asked for; one series of it is told."""

    async def series(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[BarSeries]]:
        self.note("series", tuple(instrument_ids))
        spec = EventBarSpec(
            BarMeasure.VALUE, Decimal("1000.50"), BarRule.RUNS, split=True, expectation=Expectation(20, 10, 100)
        )
        return {key: [BarSeries(SeriesId(1), key, spec, START, bars=10, reached=START)] for key in instrument_ids[:1]}

    async def read(self, instrument_ids: Sequence[InstrumentId], query: BarQuery) -> Mapping[InstrumentId, Page[Bar]]:
        self.note("read", tuple(instrument_ids), query)
        rows = [self._bar(number) for number in range(10)]
        places = [BarPosition(row.open_time, row.number) for row in rows]
        asked = [
            row
            for row, place in zip(rows, places, strict=True)
            if (query.after is None or place > query.after) and (query.before is None or place < query.before)
        ]
        return {key: page(asked, query.limit, newest=query.newest) for key in instrument_ids if key != 3}

    @staticmethod
    def _bar(number: int) -> Bar:
        opened = START + timedelta(seconds=number // 2)  # two of them open at once, as parts of a split trade do
        status = CandleStatus.PROVISIONAL if number == 9 else CandleStatus.FINAL
        return Bar(
            opened, opened + timedelta(seconds=1), "1", "2", "0.5", "1.5", "100", "125", "1.25", 7, "50",
            CandleOrigin.TRADES, status, number, 10 * number, 10 * number + 9, Coverage.COMPLETE,
        )  # fmt: skip


class FakeWatching(Recorded):
    """A watch list on which one instrument stands by the settings."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = {key: Watched(key) for key in [InstrumentKey("binance", "BTC", "USDT")]}

    async def all(self) -> Sequence[Watched]:
        self.note("all")
        return sorted(self.rows.values(), key=lambda row: str(row.key))

    async def watch(self, keys: Sequence[InstrumentKey], requested_by: str) -> Sequence[Watched]:
        self.note("watch", tuple(keys), requested_by)
        self.rows = {key: Watched(key, START, requested_by) for key in keys} | self.rows
        return await self.all()

    async def unwatch(self, keys: Sequence[InstrumentKey]) -> Sequence[Watched]:
        self.note("unwatch", tuple(keys))
        self.rows = {key: row for key, row in self.rows.items() if row.fixed or key not in keys}
        return await self.all()


class FakeOverseer(Recorded):
    """Two sources: one that works, one that nobody asked."""

    def __init__(self) -> None:
        super().__init__()
        capabilities = [SourceCapability.STREAM, SourceCapability.QUOTES]
        self.profiles = {
            "binance": SourceProfile("binance", "Binance", capabilities),
            "ecb": SourceProfile("ecb", "European Central Bank", [SourceCapability.QUOTES]),
        }
        self.rows = {code: SourceStatus(code, SourceState.IDLE, SourceFigures()) for code in self.profiles}

    async def statuses(self) -> Mapping[str, SourceStatus]:
        self.note("statuses")
        return self.rows


class FakeBus:
    """Says what tests put in."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[CommitNotice | Exception | None] = asyncio.Queue()
        self.listening = asyncio.Event()

    async def listen(self) -> AsyncIterator[CommitNotice | None]:
        self.listening.set()
        while True:
            notice = await self.said.get()
            if isinstance(notice, Exception):
                raise notice
            yield notice


class FakeCommits(Recorded):
    """Commits of trades, by instrument; told to a bus as they are made."""

    def __init__(self, bus: FakeBus | None = None) -> None:
        super().__init__()
        self.bus = bus
        self.made: dict[InstrumentId, list[tuple[CommitNotice, list[TradeRow]]]] = {}

    def make(
        self,
        instrument_id: int,
        *trades: TradeRow,
        window: Window | None = None,
        told: bool = True,
        kind: CommitKind = CommitKind.TRADES,
    ) -> CommitNotice:
        """The next commit of the instrument, with these trades."""
        key = InstrumentId(instrument_id)
        commits = self.made.setdefault(key, [])
        version = len(commits) + 1
        minutes = [trade.minute for trade in trades] or [START]
        span = window or Window(min(minutes), max(minutes) + timedelta(minutes=1))
        notice = CommitNotice(key, version, kind, span)
        commits.append((notice, [trade._replace(version=version) for trade in trades]))
        if told and self.bus is not None:
            self.bus.said.put_nowait(notice)
        return notice

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]:
        self.note("versions", tuple(instrument_ids))
        return {key: len(self.made.get(key, ())) for key in instrument_ids}

    async def since(self, instrument_id: InstrumentId, version: int, limit: int) -> Sequence[Commit]:
        self.note("since", instrument_id, version, limit)
        notices = [notice for notice, _ in self.made.get(instrument_id, ())][version : version + limit]
        return [Commit(notice.version, notice, 1, START) for notice in notices]

    async def trades_since(
        self, instrument_id: InstrumentId, after: int, upto: int, limit: int, beyond: TradePosition | None = None
    ) -> Page[TradeRow]:
        self.note("trades_since", instrument_id, after, upto, limit, beyond)
        rows = [row for _, trades in self.made.get(instrument_id, ())[after:upto] for row in sorted(trades)]
        if beyond is not None:
            rows = [row for row in rows if row.version > after + 1 or (row.minute, row.sequence) > beyond]
        return page(rows, limit, newest=False)


def a_trade(sequence: int, minute: datetime = START) -> TradeRow:
    """A trade in that minute; a commit gives it its version."""
    return TradeRow(minute, sequence, "61234.1", "0.001", Side.BUY, minute, minute, 0, InstrumentId(1))


class FakeImports(Recorded):
    """Makes a job of every file, after a look at its bytes."""

    def __init__(self, jobs: FakeJobs) -> None:
        super().__init__()
        self.jobs = jobs
        self.files: list[bytes] = []
        self.paths: list[Path] = []
        self.requests: list[ImportRequest] = []

    def look(self, start: bytes, name: str) -> None:
        look_at_start(start, name)

    async def submit(
        self, request: ImportRequest, path: Path, *, idempotency_key: str | None, requested_by: str
    ) -> Job:
        self.requests.append(request)
        self.paths.append(path)
        self.files.append(path.read_bytes())  # noqa: ASYNC240
        self.note("submit", idempotency_key, requested_by)
        arguments = {
            "instruments": [str(request.instrument)],
            "kind": "TRADES",
            "file": {"name": request.name, "sha256": "00", "unused": []},
        }
        made = Job(
            JobId(len(self.files) + 100), JobKind.IMPORT, JobStatus.QUEUED, arguments,
            JobProgress(1, 0, 0, 0, 0.0, 0, 0, 0), START,
        )  # fmt: skip
        self.jobs.rows[made.id] = made
        return made


class FakeIndicators(Recorded):
    """Each value is its position; the first output of the first three candles has none, and these are not stable."""

    async def page(self, query: IndicatorQuery) -> IndicatorPage:
        self.note("page", query)
        opens = [microseconds(query.bar.every.after(START, number)) for number in range(query.limit)]
        lines = [
            IndicatorLine(
                [[None, None, None, *map(float, range(3, query.limit))]] * len(indicator(each.name).outputs), 3
            )
            for each in query.choices
        ]
        return IndicatorPage(opens, lines)


class FakeKept:
    """RSI and OBV of hours of the first instrument, as a worker would store them."""

    def __init__(self) -> None:
        self.names: dict[str, KeptId] = {"rsi(length=14)": KeptId(1), "obv": KeptId(2)}
        self.points: dict[KeptId, dict[datetime, tuple[KeptPoint, int]]] = {KeptId(1): {}, KeptId(2): {}}
        self.log: dict[KeptId, list[KeptChange]] = {KeptId(1): [], KeptId(2): []}
        self.asked = 0
        self.alive = True

    def store(self, series: int, *hours: int, value: float = 0.0) -> None:
        """The values of these hours, in one transaction."""
        key, opens = KeptId(series), [START + timedelta(hours=hour) for hour in hours]
        revision = len(self.log[key]) + 1
        for opened in opens:
            self.points[key][opened] = KeptPoint(opened, [value], stable=True), revision
        self.log[key].append(KeptChange(key, revision, Window(min(opens), max(opens) + MICROSECOND)))

    async def of_instrument(self, instrument_id: InstrumentId, bar: str) -> dict[str, Kept]:
        if (instrument_id, bar) != (1, "PT1H"):
            return {}
        standing = Standing(1, START)
        return {
            name: Kept(key, KeptKey(instrument_id, bar, name), standing, self.alive) for name, key in self.names.items()
        }

    async def revisions(self, series_ids: Sequence[KeptId]) -> dict[KeptId, int]:
        self.asked += 1
        return {key: self._revision(key) for key in series_ids if key in self.log}

    async def newest(self, series_ids: Sequence[KeptId], limit: int) -> dict[KeptId, tuple[int, KeptPage]]:
        pages = await self.read_changed({key: (-1, 2**62) for key in series_ids if key in self.log}, ALL_TIME, limit)
        return {key: (self._revision(key), page) for key, page in pages.items()}

    async def changes(self, after: Mapping[KeptId, int], limit: int) -> list[KeptChange]:
        return [each for key, told in after.items() for each in self.log[key] if each.revision > told][:limit]

    async def read_changed(
        self, revisions: Mapping[KeptId, tuple[int, int]], window: Window, limit: int
    ) -> dict[KeptId, KeptPage]:
        pages = {}
        for key, (after, upto) in revisions.items():
            rows = sorted(self.points[key].values())
            found = [p for p, r in rows if after < r <= upto and window.start <= p.open_time < window.end]
            pages[key] = KeptPage(found[-limit:], len(found) > limit)
        return pages

    def _revision(self, key: KeptId) -> int:
        return self.log[key][-1].revision if self.log[key] else 0


class FakeQuestions:
    """Some were answered."""

    outcomes: Mapping[str, int] = {"kept": 3, "answered": 4}
    waiting = 2


class FakeServices:
    """All of them."""

    def __init__(self) -> None:
        bus = FakeBus()
        self.bus: Any = bus
        self.commit_log: Any = FakeCommits(bus)
        self.jobs: Any = FakeJobs()
        self.backfills: Any = FakeBackfills()
        self.imports: Any = FakeImports(self.jobs)
        self.ingests: Any = FakeIngests()
        self.bars: Any = FakeBars()
        self.bar_building: Any = FakeBarBuilding()
        self.backtesting: Any = FakeBacktesting()
        self.backtests: Any = FakeBacktests()
        self.watching: Any = FakeWatching()
        self.overseer: Any = FakeOverseer()
        self.clock: Any = FakeClock()
        self.instruments: Any = FakeInstruments()
        self.trades: Any = FakeTrades()
        self.candles: Any = FakeCandles()
        self.quotes: Any = FakeQuotes()
        self.latest: Any = self.quotes
        self.pricing: Any = FakePricing()
        self.markets: Any = FakeMarkets()
        self.indicators: Any = FakeIndicators()
        self.questions: Any = FakeQuestions()
        self.kept: Any = FakeKept()
        self.freshness: Any = FakeFreshness()
        self.days: Any = FakeDays()
        self.gaps: Any = FakeGaps()
        self.raw_reads: Any = FakePayloads()
        self.dead_letters: Any = FakeLetters()
        self.letter_retry: Any = FakeRetries(self.dead_letters)
        self.keys: Any = FakeKeys()
        self.rates: Any = LocalRates(lambda: self.clock.now().timestamp())
        self.service: Any = FakeProbe()

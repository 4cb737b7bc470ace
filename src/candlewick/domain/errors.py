"""Every error that Candlewick raises on purpose, as one tree.

CandlewickError
├── InvalidInput            the caller asked for something that cannot be: never retried
│   ├── InvalidInstrumentKey, UnknownVenue, UnknownInstrument, TapeMismatch
│   ├── EmptyWindow, NaiveDateTime, TimeOutOfRange, InvalidDuration, InvalidLimit, UnsupportedInterval
│   ├── UnknownTimeZone, UnknownCalendar
│   ├── InvalidCandle, InvalidDayCandle, InvalidTrade, InvalidQuote
│   ├── BelowRetentionFloor, SupersededFile, UnknownRevision, UnknownSource
│   ├── WatchListFull, CannotBeWatched, CannotBeIngested, ForeignInstrument
│   ├── UnknownTrade, UnknownPayload, UnknownLetter, UnknownAsset, InvalidAssetName, NotYet
│   ├── InvalidMapping, UnknownAssetClass, MadeSequences
│   ├── InvalidBarSpec, TooManyBars, TradesOutOfOrder
│   ├── BarsNotBuilt, BarsBeginElsewhere, TooManyBarsInSeries, TooManySeries, TradesNotKept
│   ├── UnknownIndicator, UnknownParameter, InvalidParameter, TooFewCandles, NotANumber
│   ├── InvalidBacktest, UnknownStrategy, UnknownBacktest
│   ├── InvalidKeeping, NotKept
│   ├── MissingFigure, TooLongHistory, RefusedByWorker
│   └── InvalidRange, TooManySteps, UnknownJob, JobFinished, JobNotFailed, JobConflict, JobSuperseded
├── NormaliseError          a provider's bytes cannot be read: kept as a dead letter
│   ├── MalformedRow, MalformedPayload, UnknownSymbol, UnknownFormat
│   ├── DamagedFile, DamagedPayload, ChecksumMismatch, MislabelledFile
│   └── WrongEncoding, MisleadingColumns, TooManyRejected
├── SettingsError           the configuration is wrong: says which setting, what was given, what is allowed
└── ServiceError            something outside does not do its part
    ├── DatabaseUnavailable, DatabaseFull, DatabaseReadOnly          (worth a retry)
    ├── TransactionConflict, InstrumentBusy                          (worth a retry)
    ├── SourceUnavailable, SourceResting, RateLimited, StreamSilent  (worth a retry)
    ├── TimedOut, CandlesChanging                                    (worth a retry)
    ├── SourceRefused, LeaseLost
    ├── UnsupportedDatabase, SchemaOutOfDate
    ├── ArchiveStoreUnavailable, RedisUnavailable                    (worth a retry)
    ├── WorkersBusy, WorkerSilent, WorkerFailed                      (worth a retry)
    ├── PrivateServiceFailed, PortInUse
    └── cli: ProcessEnded, NotReady · embedded: its errors of a private service

Beside these, `graphql.faults` has the InvalidInput of requests, `cli` has AnotherSeed, HistoryFailed and
SimulatorPortInUse, the simulator its Refusal, InvalidFault, InvalidMessage, InvalidRate and UnknownSymbols.

A class says what happened, its attributes carry the facts, `retryable` says whether trying again makes sense.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar


class CandlewickError(Exception):
    """The root: everything below is raised on purpose, with a message for the person who reads it."""

    retryable: ClassVar[bool] = False


class InvalidInput(CandlewickError):
    """What was asked for cannot be."""


class InvalidInstrumentKey(InvalidInput):
    """The text is no instrument key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r} is no instrument key: write venue:BASE-QUOTE, for example binance:BTC-USDT")
        self.key = key


class UnknownVenue(InvalidInput):
    """No provider of ours serves the venue."""

    def __init__(self, venue: str, known: Iterable[str]) -> None:
        self.venue, self.known = venue, sorted(known)
        super().__init__(f"venue {venue!r} is not known; known venues: {', '.join(self.known)}")


class UnknownSource(InvalidInput):
    """There is no source of that code."""

    def __init__(self, source: str, known: Iterable[str]) -> None:
        self.source, self.known = source, sorted(known)
        super().__init__(f"there is no source {source!r}; there are {', '.join(self.known)}")


class UnknownInstrument(InvalidInput):
    """The key is well formed, but there is no such instrument."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no instrument {key!r}; `instruments(filter: {{search: …}})` lists what there is")
        self.key = key


class InvalidBarSpec(InvalidInput):
    """There can be no such event bars."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"that is no event bar: {reason}")
        self.reason = reason


class TooManyBars(InvalidInput):
    """One trade would be cut into more bars than anybody wants."""

    def __init__(self, sequence: int, limit: int) -> None:
        super().__init__(
            f"trade {sequence} alone would fill more than {limit} bars: give a larger threshold, or do not split"
        )
        self.sequence, self.limit = sequence, limit


class NoRoomForBars(InvalidInput):
    """Trades fill more bars than there is room for."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"trade {sequence} fills a bar that there is no room for: give a larger threshold")
        self.sequence = sequence


class TradesOutOfOrder(InvalidInput):
    """Bars depend on the order of trades: by sequence, each once."""

    def __init__(self, sequence: int, after: int) -> None:
        super().__init__(f"trade {sequence} comes after trade {after}: bars are built in the order of the sequence")
        self.sequence, self.after = sequence, after


class BarsNotBuilt(InvalidInput):
    """Event bars are read from what was built, and nobody has built these."""

    def __init__(self, key: str, spec: str) -> None:
        super().__init__(
            f"{key} has no {spec} here: build them once with the mutation `buildBars` or with `candlewick build-bars`; "
            "from then on workers carry them on"
        )
        self.key, self.spec = key, spec


class BarsBeginElsewhere(InvalidInput):
    """Bars depend on where they begin: another beginning makes other bars of all."""

    def __init__(self, key: str, begin: datetime | None, asked: datetime) -> None:
        since = f"at {begin:%Y-%m-%d %H:%M:%S%z}" if begin else "with the first trade there is"
        super().__init__(
            f"these bars of {key} begin {since}, not at {asked:%Y-%m-%d %H:%M:%S%z}, and each depends on all before "
            "it: leave out `from` to go on with them, or say `restart` to build them anew"
        )
        self.key, self.begin, self.asked = key, begin, asked


class TooManyBarsInSeries(InvalidInput):
    """The threshold is so small that there are more bars than anybody wants."""

    def __init__(self, key: str, spec: str, limit: int) -> None:
        super().__init__(
            f"{key} has more than {limit} {spec}: give a larger threshold, or a later `from` with `restart`"
        )
        self.key, self.spec, self.limit = key, spec, limit


class TooManySeries(InvalidInput):
    """Each is carried on with every trade: an instrument has so many."""

    def __init__(self, key: str, limit: int) -> None:
        super().__init__(f"{key} has {limit} series of event bars already, as many as an instrument may have")
        self.key, self.limit = key, limit


class TradesNotKept(InvalidInput):
    """Candles say that there were trades which are not here any more."""

    def __init__(self, key: str, start: datetime, end: datetime, expected: int, found: int) -> None:
        super().__init__(
            f"{key} had {expected} trades between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M}, of which {found} "
            "are kept: no bars can be built of the rest; begin later, with `from` and `restart`"
        )
        self.key, self.start, self.end = key, start, end


class UnknownAsset(InvalidInput):
    """No instrument here has such an asset."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no asset {name!r}; `assets(filter: {{search: …}})` lists what there is. "
            "Case matters: write BTC, or CRYPTO:BTC where another class has the code too"
        )
        self.name = name


class InvalidAssetName(InvalidInput):
    """The text names no asset, be there one or not."""

    def __init__(self, name: str, classes: Iterable[str]) -> None:
        super().__init__(
            f"{name!r} is no asset's name: write its code, such as BTC, or its class and its code, such as "
            f"CRYPTO:BTC; the classes are {', '.join(classes)}"
        )
        self.name = name


class NotYet(InvalidInput):
    """A moment that nobody can know anything of."""

    def __init__(self, moment: datetime, now: datetime) -> None:
        super().__init__(f"{moment.isoformat()} is still to come, it is {now.isoformat()}: leave the time out for now")
        self.moment, self.now = moment, now


class UnknownIndicator(InvalidInput):
    """The catalogue has none of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, sorted(known)
        super().__init__(f"there is no indicator {name[:64]!r}; there are {', '.join(self.known)}")


class UnknownParameter(InvalidInput):
    """The indicator has no parameter of that name."""

    def __init__(self, indicator: str, name: str, known: Iterable[str]) -> None:
        self.indicator, self.name, self.known = indicator, name, list(known)
        has = f"it has {', '.join(self.known)}" if self.known else "it has none"
        super().__init__(f"{indicator} has no parameter {name[:64]!r}; {has}")


class InvalidParameter(InvalidInput):
    """A parameter is out of its bounds."""

    def __init__(self, indicator: str, name: str, value: float, least: float, most: float, *, whole: bool) -> None:
        self.indicator, self.name, self.value, self.least, self.most = indicator, name, value, least, most
        kind = "a whole number" if whole else "a number"
        super().__init__(f"{indicator}.{name} is {value:g}: give {kind} from {least:g} to {most:g}")


class TooFewCandles(InvalidInput):
    """Not one value can be made of so few."""

    def __init__(self, indicator: str, needed: int, given: int) -> None:
        self.indicator, self.needed, self.given = indicator, needed, given
        super().__init__(
            f"{indicator} takes {needed} candles for its first value, there are {given}: ask for a longer range, "
            "for narrower candles or for smaller parameters"
        )


class NotANumber(InvalidInput):
    """A candle says nothing where the indicator needs a number."""

    def __init__(self, indicator: str, column: str, position: int) -> None:
        self.indicator, self.column, self.position = indicator, column, position
        super().__init__(
            f"candle {position + 1} has no finite {column}, which {indicator} takes: leave empty candles out"
        )


class InvalidBacktest(InvalidInput):
    """No backtest can be run like this."""

    def __init__(self, argument: str, reason: str) -> None:
        super().__init__(f"{argument} {reason}")
        self.argument, self.reason = argument, reason


class UnknownStrategy(InvalidInput):
    """There is no strategy of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, list(known)
        super().__init__(f"there is no strategy {name[:64]!r}; there are {', '.join(self.known)}")


class UnknownBacktest(InvalidInput):
    """There is no backtest of that number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no backtest {number}; `candlewick backtests list` shows those there are")
        self.number = number


class InvalidKeeping(InvalidInput):
    """The text does not say which indicators are to be kept ready."""

    def __init__(self, part: str, reason: str) -> None:
        self.part, self.reason = part[:100], reason
        super().__init__(
            f"{self.part!r} does not say what to keep ready: {reason}. Write for example "
            "`ema(length=20) rsi on M5 H1; obv on D1 of binance:BTC-USDT`"
        )


class NotKept(InvalidInput):
    """No worker keeps these indicators ready."""

    def __init__(self, key: str, spec: str, missing: Iterable[str], kept: Iterable[str]) -> None:
        self.key, self.spec = key, spec
        self.missing, self.kept = ", ".join(missing), ", ".join(sorted(kept))
        there = f"kept are {self.kept}" if self.kept else "none is kept of these candles"
        super().__init__(
            f"{self.missing} of {key}, {spec}, is not kept ready, so nobody hears of it as candles close; {there}. The "
            "setting `indicators.kept` of the workers says which are; a query computes any other"
        )


class MissingFigure(InvalidInput):
    """A stored candle does not have what the indicator takes, such as the volume of a source that publishes none."""

    def __init__(self, indicator: str, column: str, open_time: datetime) -> None:
        self.indicator, self.column, self.open_time = indicator, column, open_time
        super().__init__(
            f"{indicator} takes the {column} of candles, and that of {open_time.isoformat()} is not known: choose "
            "another origin, another range, or an indicator that does without"
        )


class TooLongHistory(InvalidInput):
    """The indicator adds up from the first candle on, and there are more candles than are read for one answer."""

    def __init__(self, indicator: str, limit: int) -> None:
        self.indicator, self.limit = indicator, limit
        super().__init__(
            f"{indicator} adds up all candles from the first on, and there are more than {limit} of them before the "
            "range: ask for wider candles"
        )


class RefusedByWorker(InvalidInput):
    """A worker found that what was asked for cannot be: its message and its facts."""

    def __init__(self, message: str, facts: Mapping[str, object]) -> None:
        super().__init__(message)
        for name, value in facts.items():
            setattr(self, name, value)


class UnknownTrade(InvalidInput):
    """The instrument has no trade of that sequence."""

    def __init__(self, key: str, sequence: int) -> None:
        super().__init__(f"{key} has no trade with the sequence {sequence} here")
        self.key, self.sequence = key, sequence


class UnknownLetter(InvalidInput):
    """There is no dead letter of that number."""

    def __init__(self, letter_id: int) -> None:
        super().__init__(f"there is no dead letter {letter_id}; `candlewick dead-letters list` shows those there are")
        self.letter_id = letter_id


class UnknownPayload(InvalidInput):
    """There are no raw bytes of that number."""

    def __init__(self, raw_id: int) -> None:
        super().__init__(
            f"there is no payload {raw_id}; what sources sent is kept for as long as storage.raw_kept_for says"
        )
        self.raw_id = raw_id


class TapeMismatch(InvalidInput):
    """Trades of the other tape were offered: their ids are another space, mixed they would count volume twice."""

    def __init__(self, key: str, kept: str, offered: str) -> None:
        super().__init__(
            f"{key} keeps the {kept} tape, this feed carries {offered}: the two number trades differently "
            f"and together would count volume twice. Import {kept} data instead"
        )
        self.key, self.kept, self.offered = key, kept, offered


class EmptyWindow(InvalidInput):
    """A window whose end is not after its start."""

    def __init__(self, start: datetime, end: datetime) -> None:
        super().__init__(f"the range from {start.isoformat()} to {end.isoformat()} is empty: `to` must be after `from`")
        self.start, self.end = start, end


class NaiveDateTime(InvalidInput):
    """A time without a time zone."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{value!s} has no time zone: write for example 2024-08-08T00:00:00Z")
        self.value = value


class TimeOutOfRange(InvalidInput):
    """A time before markets were recorded or in the future: usually seconds, ms and µs mixed up."""

    def __init__(self, value: object, earliest: datetime, latest: datetime) -> None:
        super().__init__(
            f"{value!s} is not a time between {earliest.isoformat()} and {latest.isoformat()}: "
            "check the unit (seconds, milliseconds, microseconds)"
        )
        self.value, self.earliest, self.latest = value, earliest, latest


class InvalidDuration(InvalidInput):
    """The text is no ISO 8601 duration that candles can have."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is no duration for candles: {reason}")
        self.text, self.reason = text, reason


class UnknownTimeZone(InvalidInput):
    """There is no time zone of that name."""

    def __init__(self, name: str, similar: Iterable[str]) -> None:
        self.name, self.similar = name[:64], sorted(similar)
        hint = f"did you mean {' or '.join(self.similar)}? " if self.similar else ""
        super().__init__(
            f"{self.name!r} is no time zone: {hint}write a name of the IANA time zone database, for example "
            "America/New_York, Europe/London, Asia/Tokyo or UTC"
        )


class UnknownCalendar(InvalidInput):
    """No calendar of that name is here."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name[:64], sorted(known)
        here = f"there are {', '.join(self.known)}" if self.known else "there is none yet"
        super().__init__(
            f"no calendar {self.name!r} is here, {here}. Workers take over the calendars of the venues that are here "
            "and those that the setting `storage.calendars` names"
        )


class InvalidLimit(InvalidInput):
    """A page of no rows."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a page has at least one row, not {limit}")
        self.limit = limit


class UnsupportedInterval(InvalidInput):
    """Candles of this interval cannot be stored here."""

    def __init__(self, interval: str, advice: str) -> None:
        super().__init__(f"candles of interval {interval!r} cannot be stored: {advice}")
        self.interval = interval


class InvalidCandle(InvalidInput):
    """A candle that contradicts itself."""

    def __init__(self, open_time: datetime, reason: str) -> None:
        super().__init__(f"the candle of {open_time.isoformat()} contradicts itself: {reason}")
        self.open_time, self.reason = open_time, reason


class InvalidDayCandle(InvalidInput):
    """A day, or the factors of one, that contradicts itself."""

    def __init__(self, day: date, reason: str) -> None:
        super().__init__(f"the candle of {day.isoformat()} contradicts itself: {reason}")
        self.day, self.reason = day, reason


class InvalidQuote(InvalidInput):
    """A quote that nobody can have observed."""

    def __init__(self, ts: datetime, reason: str) -> None:
        super().__init__(f"the quote of {ts.isoformat()} is invalid: {reason}")
        self.ts, self.reason = ts, reason


class InvalidTrade(InvalidInput):
    """A trade that cannot have happened."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(f"trade {sequence} is invalid: {reason}")
        self.sequence, self.reason = sequence, reason


class InvalidMapping(InvalidInput):
    """A mapping of columns that cannot be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the mapping cannot be used: {reason}")
        self.reason = reason


class UnknownAssetClass(InvalidInput):
    """A new instrument is to be made, and nothing says what kind of thing it is."""

    def __init__(self, key: str, asset: str, field: str) -> None:
        super().__init__(
            f"{key} is new here, and nothing says what kind of asset {asset} is: give its {field} "
            "(CRYPTO, FIAT, EQUITY, COMMODITY or INDEX)"
        )
        self.key, self.asset, self.field = key, asset, field


class MadeSequences(InvalidInput):
    """Trades without ids, for an instrument whose venue gives ids: the two numberings would count volume twice."""

    def __init__(self, venue: str) -> None:
        super().__init__(
            f"the trades have no ids, but {venue} numbers its trades itself: a mapping says which column has the ids; "
            "or import them as another venue's, for example csv:BTC-USDT"
        )
        self.venue = venue


class NormaliseError(CandlewickError):
    """A provider's bytes cannot be read. They are kept, with this reason."""


class MalformedRow(NormaliseError):
    """One row of a file or one element of a payload is not what the provider's format says."""

    def __init__(self, source: str, row: int, reason: str) -> None:
        super().__init__(f"{source}, row {row}: {reason}")
        self.source, self.row, self.reason = source, row, reason


class UnknownSymbol(NormaliseError):
    """The venue's symbol maps to no instrument, or to another one than was asked for."""

    def __init__(self, source: str, symbol: str, expected: str | None = None) -> None:
        detail = f"it is not {expected}" if expected else "it maps to no instrument"
        super().__init__(f"{source} symbol {symbol!r}: {detail}")
        self.source, self.symbol, self.expected = source, symbol, expected


class UnknownFormat(NormaliseError):
    """The file is none that this source publishes."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is no file that can be imported: {reason}")
        self.name, self.reason = name, reason


class DamagedFile(NormaliseError):
    """The file cannot be read to its end."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is damaged: {reason}. Nothing of it was lost here: download it again and re-import")
        self.name, self.reason = name, reason


class DamagedPayload(NormaliseError):
    """What is kept of a payload is not what was received."""

    def __init__(self, raw_id: int, reason: str) -> None:
        super().__init__(f"payload {raw_id} is damaged where it is kept: {reason}. Restore it from a backup")
        self.raw_id, self.reason = raw_id, reason


class MislabelledFile(NormaliseError):
    """The file's rows are not of the day or month that its name says."""

    def __init__(self, name: str, start: datetime, end: datetime, found: str) -> None:
        super().__init__(
            f"{name} should hold trades from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, but {found}: "
            "nothing more of it is stored. Check its name"
        )
        self.name, self.start, self.end, self.found = name, start, end, found


class ChecksumMismatch(NormaliseError):
    """The file is not the one that its CHECKSUM file names."""

    def __init__(self, name: str, expected: str, actual: str) -> None:
        super().__init__(f"{name} has sha256 {actual}, its CHECKSUM says {expected}: download it again; nothing stored")
        self.name, self.expected, self.actual = name, expected, actual


class WrongEncoding(NormaliseError):
    """The file is no text in UTF-8."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(
            f"{name} is no text in UTF-8: {reason}, in line {line}. Nothing of it is stored: save it as UTF-8"
        )
        self.name, self.line, self.reason = name, line, reason


class MisleadingColumns(NormaliseError):
    """The values of columns are not what they were taken for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name} does not hold what its columns say: {reason}. Nothing of it is stored: a mapping says what is what"
        )
        self.name, self.reason = name, reason


class TooManyRejected(NormaliseError):
    """More of the rows than it may be cannot be read."""

    def __init__(self, name: str, rejected: int, rows: int, most: Decimal, example: str) -> None:
        super().__init__(
            f"{rejected:,} of the {rows:,} rows of {name} cannot be read, more than the {most:%} that may be dead "
            f"letters; the first is {example}. Nothing of it is stored: correct the file or its mapping, or allow more "
            "with `max_rejected` there"
        )
        self.name, self.rejected, self.rows, self.most, self.example = name, rejected, rows, most, example


class MalformedPayload(NormaliseError):
    """A provider's answer is not what its documentation says."""

    def __init__(self, source: str, endpoint: str, reason: str) -> None:
        super().__init__(f"{source} answered {endpoint} with something else than expected: {reason}")
        self.source, self.endpoint, self.reason = source, endpoint, reason


class InvalidRange(InvalidInput):
    """There cannot be data in that range."""

    def __init__(self, start: datetime, end: datetime, reason: str) -> None:
        super().__init__(f"the range from {start.isoformat()} to {end.isoformat()} {reason}")
        self.start, self.end, self.reason = start, end, reason


class TooManySteps(InvalidInput):
    """The job would be larger than one may be."""

    def __init__(self, steps: int, most: int) -> None:
        super().__init__(f"this would be {steps} steps, a job may have {most}: ask for fewer instruments or less time")
        self.steps, self.most = steps, most


class WatchListFull(InvalidInput):
    """More would be taken live than one list may have."""

    def __init__(self, wanted: int, most: int) -> None:
        super().__init__(
            f"the watch list would have {wanted} instruments, it may have {most}: take others off it first"
        )
        self.wanted, self.most = wanted, most


class CannotBeWatched(InvalidInput):
    """The source has neither a stream nor quotes to ask for."""

    def __init__(self, key: str, source: str) -> None:
        super().__init__(f"{key} cannot be watched: {source} has neither a stream nor quotes; it can be imported")
        self.key, self.source = key, source


class CannotBeIngested(InvalidInput):
    """Nobody said of which instruments, and the source cannot be asked for all or the largest."""

    def __init__(self, source: str) -> None:
        super().__init__(f"{source} has no quotes to ask for: name instruments, or watch some")
        self.source = source


class ForeignInstrument(InvalidInput):
    """An instrument of one source was asked of another."""

    def __init__(self, key: str, source: str) -> None:
        super().__init__(f"{key} is no instrument of {source}: the part before the colon says whose it is")
        self.key, self.source = key, source


class UnknownJob(InvalidInput):
    """There is no job of that number."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no job {job_id}; `candlewick jobs list` shows those there are")
        self.job_id = job_id


class JobFinished(InvalidInput):
    """It is over: nothing is left to cancel."""

    def __init__(self, job_id: int, status: str) -> None:
        super().__init__(f"job {job_id} is over ({status.lower()}): there is nothing to cancel")
        self.job_id, self.status = job_id, status


class JobNotFailed(InvalidInput):
    """Only what failed or was cancelled can be tried again."""

    def __init__(self, job_id: int, status: str) -> None:
        super().__init__(f"job {job_id} is {status.lower()}: only one that failed or was cancelled can be tried again")
        self.job_id, self.status = job_id, status


class JobConflict(InvalidInput):
    """The idempotency key stands for another request."""

    def __init__(self, idempotency_key: str, job_id: int) -> None:
        super().__init__(
            f"the idempotency key {idempotency_key!r} was used for job {job_id} with other arguments: take another key"
        )
        self.idempotency_key, self.job_id = idempotency_key, job_id


class JobSuperseded(InvalidInput):
    """Another job does the same by now, and the two must not overlap."""

    def __init__(self, job_id: int, exclusive: str) -> None:
        super().__init__(
            f"job {job_id} cannot be tried again while another one named {exclusive!r} is unfinished: "
            "wait for that one, or cancel it"
        )
        self.job_id, self.exclusive = job_id, exclusive


class SupersededFile(InvalidInput):
    """An archive file whose place a newer one has taken: its rows were replaced, putting them back would undo that."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a newer version of {name} was imported after this one and replaced it: nothing stored")
        self.name = name


class SettingsError(CandlewickError):
    """A setting is wrong: the message names it, what was given and what is allowed."""


class ServiceError(CandlewickError):
    """Something outside of us does not do its part."""


class DatabaseUnavailable(ServiceError):
    """The database does not answer."""

    retryable = True

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"the database at {where} does not answer: {reason}. `candlewick doctor` looks closer")
        self.where, self.reason = where, reason


class DatabaseFull(ServiceError):
    """The database has no room (or no memory, no connection) left for this: nothing of it was stored."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database has no room for this, nothing of it is stored: {reason}")
        self.reason = reason


class DatabaseReadOnly(ServiceError):
    """The database takes no writes: it is a standby, or its provider protects a disk that is nearly full."""

    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "the database takes no writes: it is a standby, or set to read only, as providers do when its disk is "
            "nearly full. Make room, or name the primary in CANDLEWICK_DATABASE__URL"
        )


class TransactionConflict(ServiceError):
    """Two transactions waited for each other; the database undid this one so that the other could go on."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"another transaction stood in the way, nothing of this one is stored: {reason}")
        self.reason = reason


class SourceUnavailable(ServiceError):
    """A provider does not answer, or not in a way that can be used: it may do so later."""

    retryable = True

    def __init__(self, source: str, reason: str, retry_after: float | None = None) -> None:
        wait = f" (try again in {retry_after:g} s)" if retry_after else ""
        super().__init__(f"{source} cannot be asked right now: {reason}{wait}")
        self.source, self.reason, self.retry_after = source, reason, retry_after
        """`retry_after`: seconds, if the provider or our circuit breaker said so."""


class SourceResting(SourceUnavailable):
    """It failed several times in a row, and is left alone for a while: nothing was asked."""


class RateLimited(SourceUnavailable):
    """The provider says that we ask too often, and for how long it will not answer."""


class StreamSilent(SourceUnavailable):
    """A stream delivers nothing of an instrument that is traded, as its history says."""

    def __init__(self, source: str, instrument: str) -> None:
        super().__init__(source, f"its stream leaves out {instrument}, which is traded: it is connected to anew")
        self.instrument = instrument


class SourceRefused(ServiceError):
    """A provider will not answer this request, however often it is asked: no such symbol, no access from here."""

    def __init__(self, source: str, status: int, reason: str) -> None:
        super().__init__(f"{source} refuses with status {status}: {reason}")
        self.source, self.status, self.reason = source, status, reason


class TimedOut(ServiceError):
    """Something took longer than it may."""

    retryable = True

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} took too long and was given up for now")
        self.what = what


class CandlesChanging(ServiceError):
    """Candles were written again and again while they were read."""

    retryable = True

    def __init__(self, key: str, tries: int) -> None:
        super().__init__(f"candles of {key} changed while they were read, {tries} times in a row: try again later")
        self.key, self.tries = key, tries


class LeaseLost(ServiceError):
    """Somebody else does this by now, or it was cancelled: what was about to be written is not."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the lease {name} is no longer held: nothing was written")
        self.name = name


class ArchiveStoreUnavailable(ServiceError):
    """A file cannot be kept: no room, no permission, no such folder."""

    retryable = True

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the archive store {folder} cannot take a file: {reason}. Make room or give permission, "
            "or set CANDLEWICK_STORAGE__ARCHIVE_DIR to another folder"
        )
        self.folder, self.reason = folder, reason


class InstrumentBusy(ServiceError):
    """Another writer has held the instrument for too long: a correction of a long file, say."""

    retryable = True

    def __init__(self, instrument_id: int, seconds: float) -> None:
        super().__init__(f"instrument {instrument_id} was written by somebody else for {seconds:g} s: try again")
        self.instrument_id, self.seconds = instrument_id, seconds


class UnsupportedDatabase(ServiceError):
    """The database answers, but is too old or not ours to use."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(f"this database is {found}; Candlewick needs {needed}")
        self.found, self.needed = found, needed


class SchemaOutOfDate(ServiceError):
    """The tables are of another version than the code."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(
            f"the database is at migration {found or 'none'}, this version needs {needed}: run `candlewick migrate`"
        )
        self.found, self.needed = found, needed


class UnknownRevision(InvalidInput):
    """A migration that this version does not have: mistyped, or made by a newer version."""

    def __init__(self, reason: str, known: Iterable[str]) -> None:
        self.reason, self.known = reason, list(known)
        super().__init__(f"{reason}; this version knows {', '.join(self.known)}, head and base")


class RedisUnavailable(ServiceError):
    """Redis does not answer."""

    retryable = True

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"Redis at {where} does not answer: {reason}. `candlewick doctor` looks closer")
        self.where, self.reason = where, reason


class WorkersBusy(ServiceError):
    """So much is waiting for workers that no more is taken."""

    retryable = True

    def __init__(self, waiting: int, limit: int) -> None:
        super().__init__(
            f"{waiting} questions wait for workers already, {limit} may: try again soon, or run more workers with the "
            "duty `indicators`"
        )
        self.waiting, self.limit = waiting, limit


class WorkerSilent(ServiceError):
    """No worker has taken the question in time, or the one that had has ended."""

    retryable = True

    def __init__(self, seconds: float, *, taken: bool) -> None:
        self.seconds, self.taken = round(seconds, 3), taken
        what = "the worker that computed this has ended" if taken else "no worker with the duty `indicators` answered"
        super().__init__(f"{what} within {self.seconds:g} s: try again")


class WorkerFailed(ServiceError):
    """A worker could not compute it, for a reason that its log has."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"a worker could not compute this: {reason}")
        self.reason = reason


class PrivateServiceFailed(ServiceError):
    """A PostgreSQL or Valkey of our own did not start."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"the private {service} did not start: {reason}")
        self.service, self.reason = service, reason


class PortInUse(ServiceError):
    """Another program listens where we were told to."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} of {host} is in use: stop what listens there, or set CANDLEWICK_HTTP__PORT to another"
        )
        self.host, self.port = host, port


class BelowRetentionFloor(InvalidInput):
    """Trades from before what the instrument still keeps: a replay would count them twice."""

    def __init__(self, key: str, floor: datetime, age: timedelta) -> None:
        super().__init__(f"{key} keeps trades from {floor.isoformat()} on; these are {age} older and are refused")
        self.key, self.floor, self.age = key, floor, age

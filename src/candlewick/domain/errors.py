"""Every error that Candlewick raises on purpose, as one tree.

CandlewickError
├── InvalidInput            the caller asked for something that cannot be: never retried
│   ├── InvalidInstrumentKey, UnknownVenue, UnknownInstrument, TapeMismatch
│   ├── EmptyWindow, NaiveDateTime, TimeOutOfRange, InvalidDuration, InvalidLimit, UnsupportedInterval
│   └── InvalidCandle, InvalidTrade, BelowRetentionFloor, SupersededFile, UnknownRevision
├── NormaliseError          a provider's bytes cannot be read: kept as a dead letter
│   ├── MalformedRow, UnknownSymbol, UnknownFormat
│   └── DamagedFile, ChecksumMismatch, MislabelledFile
├── SettingsError           the configuration is wrong: says which setting, what was given, what is allowed
└── ServiceError            something outside does not do its part
    ├── DatabaseUnavailable, InstrumentBusy                          (worth a retry)
    ├── UnsupportedDatabase, SchemaOutOfDate
    ├── ArchiveStoreUnavailable, RedisUnavailable                    (worth a retry)
    ├── PrivateServiceFailed, PortInUse
    └── cli: ProcessEnded, NotReady · embedded: its errors of a private service

Beside these, `graphql.faults` has the InvalidInput of requests, `cli` has AnotherSeed.

A class says what happened, its attributes carry the facts, `retryable` says whether trying again makes sense.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
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


class UnknownInstrument(InvalidInput):
    """The key is well formed, but there is no such instrument."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no instrument {key!r}; `instruments(filter: {{search: …}})` lists what there is")
        self.key = key


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


class InvalidTrade(InvalidInput):
    """A trade that cannot have happened."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(f"trade {sequence} is invalid: {reason}")
        self.sequence, self.reason = sequence, reason


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

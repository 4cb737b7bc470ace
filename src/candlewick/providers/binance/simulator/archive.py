"""The archive: a zip a day or month, made when somebody first asks for it, the same bytes each time.

Source: github.com/binance/binance-public-data, README: names, columns, CHECKSUM, and when files appear.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

from candlewick.domain.interval import Interval
from candlewick.domain.market import Tape
from candlewick.domain.time import Window, microseconds
from candlewick.providers.binance.simulator import klines
from candlewick.providers.binance.simulator.options import SimulatorOptions
from candlewick.providers.binance.simulator.wire import ARCHIVES_IN_MICROSECONDS, TimeUnit, archive_lines
from candlewick.providers.simulation.candles import MINUTE, MadeCandle, candles
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.faults import Faults
from candlewick.providers.simulation.ledger import runs

_PATH: Final = re.compile(
    r"data/spot/(?P<span>daily|monthly)/(?P<kind>trades|aggTrades|klines)/(?P<symbol>[^/]+)/(?:(?P<interval>1m)/)?"
    r"(?P<stem>(?P=symbol)-(?P<label>trades|aggTrades|1m)-(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?)"
    r"\.zip(?P<checksum>\.CHECKSUM)?",
    re.ASCII,
)
_TAPES: Final = {"trades": Tape.TRADES, "aggTrades": Tape.AGGREGATED}
_KEPT: Final = 32
"""Files that are kept; the one that was asked for least recently goes first."""
_HOUR: Final = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class ArchiveRequest:
    """Which file is asked for."""

    symbol: str
    tape: Tape | None
    """None: klines of one minute."""
    window: Window
    stem: str
    """The file's name without its ending."""
    wants_checksum: bool

    @classmethod
    def parse(cls, path: str) -> ArchiveRequest | None:
        """Read a path; None where no file can be."""
        match = _PATH.fullmatch(path)
        if match is None or (match["span"] == "daily") != bool(match["day"]):
            return None
        if (match["interval"], match["label"]) != (
            ("1m", "1m") if match["kind"] == "klines" else (None, match["kind"])
        ):
            return None
        try:
            start = datetime(int(match["year"]), int(match["month"]), int(match["day"] or 1), tzinfo=UTC)
        except ValueError:
            return None
        width = Interval.D1 if match["day"] else Interval.MO1
        window = Window(start, width.duration.after(start))
        return cls(match["symbol"], _TAPES.get(match["kind"]), window, match["stem"], bool(match["checksum"]))

    @property
    def due(self) -> datetime:
        """When it is there: with the next day, or with the first Monday after the month."""
        end = self.window.end
        is_daily = end - self.window.start <= timedelta(days=1)
        return end if is_daily else end + timedelta(days=-end.weekday() % 7)


@dataclass(frozen=True, slots=True)
class ArchiveZip:
    """A file that was made."""

    path: Path
    sha256: str
    trades: list[tuple[int, int]]
    """The numbers of the trades in it, as ranges: first and last."""


class Archive:
    """Makes the files, one at a time, and keeps some of them in a folder while it is open."""

    def __init__(self, exchange: Exchange, faults: Faults, options: SimulatorOptions) -> None:
        self._exchange = exchange
        self._faults = faults
        self._options = options
        self._folder = Path()
        self._made: OrderedDict[tuple[object, ...], ArchiveZip] = OrderedDict()
        self._count = 0
        self._turn = asyncio.Lock()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Have a folder, until the block ends."""
        with tempfile.TemporaryDirectory(prefix="candlewick-simulator-") as folder:
            self._folder = Path(folder)
            yield
            self._made.clear()

    async def find(self, request: ArchiveRequest) -> ArchiveZip | None:
        """The file; None if there is none (yet)."""
        symbol = self._exchange.symbols.get(request.symbol)
        if symbol is None or microseconds(request.due + self._options.archive_delay) > self._exchange.now():
            return None
        key = (request.stem, self._faults.gone_version(symbol.name))
        async with self._turn:
            made = self._made.get(key) or await asyncio.to_thread(self._make, symbol, request)
            if made is not None:
                self._keep(key, made)
            return made

    def _keep(self, key: tuple[object, ...], made: ArchiveZip) -> None:
        self._made[key] = made
        self._made.move_to_end(key)
        if len(self._made) > _KEPT:
            _, oldest = self._made.popitem(last=False)
            oldest.path.unlink()

    def _make(self, symbol: Symbol, request: ArchiveRequest) -> ArchiveZip | None:
        window = request.window
        first, end = (self._exchange.first_at(symbol, microseconds(at)) for at in (window.start, window.end))
        if not 0 < end - first <= self._options.largest_archive:
            return None
        self._count += 1
        path = self._folder / f"{self._count}.zip"
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(f"{request.stem}.csv", "w") as file,
        ):
            trades = self._write(file, symbol, request, first, end)
        with path.open("rb") as written:
            return ArchiveZip(path, hashlib.file_digest(written, "sha256").hexdigest(), trades)

    def _write(
        self, file: IO[bytes], symbol: Symbol, request: ArchiveRequest, first: int, end: int
    ) -> list[tuple[int, int]]:
        """Write the lines; the trades among them as ranges."""
        if request.tape is None:
            for kline in self._klines(symbol, request.window):
                unit = TimeUnit.MICROSECOND if kline.opened >= ARCHIVES_IN_MICROSECONDS else TimeUnit.MILLISECOND
                file.write(klines.line(kline, unit).encode())
            return []
        written: list[tuple[int, int]] = []
        for batch in self._exchange.between(symbol, first, end):
            file.write(archive_lines(batch, request.tape).encode())
            written += runs(batch.sequence)
        return written

    def _klines(self, symbol: Symbol, window: Window) -> Iterator[MadeCandle]:
        """An hour at a time, so that not all trades of a month are in memory."""
        for start in range(microseconds(window.start), microseconds(window.end), _HOUR):
            yield from candles(self._exchange, symbol, MINUTE, start, start + _HOUR)

"""Binance's archive files, where they can be had: data.binance.vision.

Layout and days of publication: github.com/binance/binance-public-data, README.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from candlewick.domain.errors import ChecksumMismatch, InvalidRange, SourceUnavailable, UnknownFormat
from candlewick.domain.interval import Interval
from candlewick.domain.market import DataKind, Instrument, Tape
from candlewick.domain.time import Window
from candlewick.providers import checksum
from candlewick.providers.http import ProviderHttp

_DAY: Final = timedelta(days=1)
_TAPES: Final = {Tape.TRADES: "trades", Tape.AGGREGATED: "aggTrades"}
_ENDPOINT: Final = "archives"
_CHECKSUM_BYTES: Final = 64 * 1024


class BinanceShelf:
    """The ArchiveShelf of Binance's daily and monthly zips."""

    def __init__(self, http: ProviderHttp, source: str) -> None:
        self._http = http
        self._source = source

    def windows(self, window: Window, now: datetime) -> Sequence[Window]:
        """See `ArchiveShelf.windows`. A day is due when it is over, a month on the first Monday after it."""
        return list(_windows(_midnight(window.start), window.end, now))

    async def fetch(self, instrument: Instrument, kind: DataKind, window: Window, folder: Path) -> Path | None:
        """See `ArchiveShelf.fetch`. The CHECKSUM comes first: a file that lies there can be verified.

        One that does not fit its CHECKSUM cannot be had now: while Binance replaces a file, the two are of different
        versions for a moment.
        """
        path = _path(instrument, kind, window)
        target = folder / path.rsplit("/", 1)[1]
        beside = target.with_name(f"{target.name}.CHECKSUM")
        url = quote(path)
        if not await self._http.download(f"{url}.CHECKSUM", beside, endpoint=_ENDPOINT, largest=_CHECKSUM_BYTES):
            if await self._http.exists(url, endpoint=_ENDPOINT):
                raise SourceUnavailable(self._source, f"{target.name} has no CHECKSUM yet")
            return None
        present = False
        try:
            present = await self._http.download(url, target, endpoint=_ENDPOINT, magic=b"PK")
            if present:
                await self._verify(target)
        except SourceUnavailable:
            target.unlink(missing_ok=True)
            present = False
            raise
        finally:
            if not present:
                beside.unlink(missing_ok=True)
        return target if present else None

    async def _verify(self, target: Path) -> None:
        try:
            await asyncio.to_thread(checksum.verify, target)
        except (ChecksumMismatch, UnknownFormat) as exc:
            raise SourceUnavailable(self._source, str(exc)) from exc


def _windows(start: datetime, end: datetime, now: datetime) -> Iterator[Window]:
    while start < end:
        month = Window(start, Interval.MO1.duration.after(start)) if start.day == 1 else None
        whole = month if month and month.end <= end and _first_monday(month.end) <= now else Window(start, start + _DAY)
        if whole.end > now:
            return
        yield whole
        start = whole.end


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _first_monday(month: datetime) -> datetime:
    return month + timedelta(days=-month.weekday() % 7)


def _path(instrument: Instrument, kind: DataKind, window: Window) -> str:
    """`/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2024-08-08.zip`.

    Raises:
        InvalidRange: no file has that window.
    """
    symbol, start = instrument.symbol, window.start
    if start != _midnight(start) or "/" in symbol:
        raise InvalidRange(window.start, window.end, f"is no day or month of which {symbol} has a file")
    if window.end == start + _DAY:
        period, date = "daily", f"{start:%Y-%m-%d}"
    elif start.day == 1 and window.end == Interval.MO1.duration.after(start):
        period, date = "monthly", f"{start:%Y-%m}"
    else:
        raise InvalidRange(window.start, window.end, "is neither a day nor a month: no archive file covers it")
    if kind is DataKind.CANDLES:
        return f"/data/spot/{period}/klines/{symbol}/1m/{symbol}-1m-{date}.zip"
    tape = _TAPES[instrument.tape]
    return f"/data/spot/{period}/{tape}/{symbol}/{symbol}-{tape}-{date}.zip"

"""Binance's archive files, from disk to the lines in them: what they hold, whether they are whole, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from candlewick.domain.day import DayLines
from candlewick.domain.market import DataKind, InstrumentKey, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import ArchiveContents, CandleLines, TradeLines
from candlewick.ports import Clock, Listing
from candlewick.providers import checksum, container
from candlewick.providers.binance import normalise, shape
from candlewick.providers.binance.listing import BINANCE, Exchange
from candlewick.providers.binance.names import ArchiveName
from candlewick.providers.event_time import EventTimes


class BinanceArchives:
    """The ArchiveSource for data.binance.vision: daily and monthly zips, and the CSV files out of them."""

    def __init__(self, clock: Clock, block_bytes: int = container.BLOCK, exchange: Exchange = BINANCE) -> None:
        self._clock = clock
        self._block_bytes = block_bytes
        self._exchange = exchange

    @property
    def source(self) -> str:
        """See `ArchiveSource.source`."""
        return self._exchange.code

    def listing(self, key: InstrumentKey, tape: Tape) -> Listing:
        """See `ArchiveSource.listing`."""
        return self._exchange.list_instrument(key, tape)

    def inspect(self, path: Path, name: str | None = None) -> ArchiveContents:
        """See `ArchiveSource.inspect`. Cheap refusals come first: name, CHECKSUM, then one pass over all bytes."""
        name = name or path.name
        known = ArchiveName.parse(name)
        checksum.verify(path)
        found = container.survey(path, name)
        if known is None:
            tape = shape.kind(name, found.head, self._times())
            return ArchiveContents(name, found.lines, _kind(tape), tape)
        shape.check(name, found.head, known.tape)
        return ArchiveContents(name, found.lines, _kind(known.tape), known.tape, known.symbol, known.window)

    def trades(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[TradeLines]:
        """See `ArchiveSource.trades`."""
        times, tape = self._times(), contents.tape or Tape.TRADES
        for block in self._blocks(path, contents, skip):
            yield normalise.trades(block.text, tape, first_line=block.first_line, times=times)

    def candles(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[CandleLines]:
        """See `ArchiveSource.candles`."""
        times = self._times()
        for block in self._blocks(path, contents, skip):
            yield normalise.candles(block.text, first_line=block.first_line, times=times)

    def quotes(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[QuoteLines]:  # noqa: ARG002
        """See `ArchiveSource.quotes`. Binance archives none."""
        return iter(())

    def days(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[DayLines]:  # noqa: ARG002
        """See `ArchiveSource.days`. Binance archives none: days are built from minutes."""
        return iter(())

    def _blocks(self, path: Path, contents: ArchiveContents, skip: int) -> Iterator[container.Block]:
        return container.blocks(path, contents.name, skip=skip, size=self._block_bytes)

    def _times(self) -> EventTimes:
        return EventTimes.until_tomorrow(self._clock.now())


def _kind(tape: Tape | None) -> DataKind:
    return DataKind.CANDLES if tape is None else DataKind.TRADES

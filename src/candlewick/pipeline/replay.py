"""Replay: what is kept of sources, read again into the same rows. Doing it twice, or in vain, changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, assert_never

import structlog

from candlewick.domain.errors import (
    ArchiveStoreUnavailable,
    InvalidMapping,
    MalformedPayload,
    NormaliseError,
    UnknownFormat,
    UnknownInstrument,
    UnknownSource,
    UnknownSymbol,
)
from candlewick.domain.job import Lease
from candlewick.domain.market import DataKind, Instrument, InstrumentId, InstrumentKey
from candlewick.domain.raw import ArchiveContents, ArchiveFile, KeptPayload, Payload, RawId, TradeLines
from candlewick.domain.time import Window
from candlewick.pipeline.ahead import ahead
from candlewick.pipeline.batches import gather
from candlewick.pipeline.importing import Stores, registered_name
from candlewick.pipeline.loading import MOST_DIRT, Block
from candlewick.pipeline.redelivery import Redelivery, Replayed
from candlewick.pipeline.spelling import Spellings
from candlewick.ports import ArchiveSource, Contents, LetterDesk, PayloadPosition, RawReads, Readers

log = structlog.get_logger(__name__)

FILES_AT_ONCE: Final = 100
"""Archive files that are listed in one read."""
_NAME: Final = re.compile(r"(?:(?P<key>[^/]+:[^/]+-[^/]+)/)?(?P<name>[^/]+?)(?: \((?:[^()]+)\))?")
"""As `registered_name` writes it."""

Tell = Callable[[Replayed, KeptPayload | None], None]
"""Takes what was gone through so far, and the last payload of it."""


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What to read again: of which sources (none: all), received when, for which instruments (none: all)."""

    sources: Sequence[str] = ()
    window: Window | None = None
    instruments: Sequence[InstrumentKey] = ()


class Replay:
    """Reads kept bytes again, and delivers their rows. What is here already is only counted."""

    def __init__(self, readers: Readers, stores: Stores, raw: RawReads, letters: LetterDesk) -> None:
        self._readers = readers
        self._stores = stores
        self._raw = raw
        self._letters = letters

    async def run(self, request: ReplayRequest, tell: Tell | None = None) -> Replayed:
        """All of it, source after source.

        Raises:
            UnknownSource: nothing is kept of a source that was named, or nobody here can read it.
            UnknownInstrument: one of the instruments.
        """
        only, total = await self.find(request.instruments), Replayed()
        for source in await self.sources(request.sources):
            total += await self.source(source, request.window, only, tell=tell)
        await self._stores.candles.settle()
        return total

    async def sources(self, named: Sequence[str] = ()) -> Sequence[str]:
        """Those of whom something is kept that can be read, or the named ones. Raises UnknownSource."""
        kept = await self._raw.sources()
        readable = [each for each in kept if self._readers.payloads(each) or self._readers.files(each)]
        for source in named:
            if source not in readable:
                raise UnknownSource(source, readable)
        if unreadable := [source for source in kept if source not in readable]:
            log.warning("sources_not_replayed", sources=unreadable)
        return list(dict.fromkeys(named)) or readable

    async def find(self, keys: Sequence[InstrumentKey]) -> frozenset[InstrumentId] | None:
        """The instruments of these keys; None, if there are no keys. Raises UnknownInstrument."""
        known = await self._stores.instruments.by_keys(keys) if keys else {}
        for key in keys:
            if key not in known:
                raise UnknownInstrument(str(key))
        return frozenset(known[key].id for key in keys) if keys else None

    async def source(
        self,
        source: str,
        window: Window | None,
        only: frozenset[InstrumentId] | None = None,
        *,
        files: bool = True,
        lease: Lease | None = None,
        tell: Tell | None = None,
    ) -> Replayed:
        """What was received of the source in the window, in that order: a row is from whatever brought it first."""
        after, redelivery = None, await self._redelivery(only, lease)
        while (page := await self._raw.payloads(source, window, after)).rows:
            await self._deliver(redelivery, [kept for kept in page.rows if files or not kept.archived])
            after = _position(page.rows[-1])
            if tell is not None:
                tell(redelivery.done, page.rows[-1])
            await self._bound_dirt(lease)
        await redelivery.finish()
        return redelivery.done

    async def payload(self, raw_id: RawId) -> Replayed:
        """One payload.

        Raises:
            UnknownPayload: it is not in the database. UnknownSource: nobody here can read its source.
        """
        kept = await self._raw.payload(raw_id)
        if self._readers.payloads(kept.payload.source) is None:
            raise UnknownSource(kept.payload.source, await self.sources())
        redelivery = await self._redelivery()
        await self._deliver(redelivery, [kept])
        await redelivery.finish()
        return redelivery.done

    async def files(self, source: str, window: Window | None) -> AsyncGenerator[ArchiveFile]:
        """The source's archive files of which something is stored, but for those that a later one replaced."""
        after, more = RawId(0), self._readers.files(source) is not None
        while more:
            page = await self._raw.files(source, window, after, FILES_AT_ONCE)
            for file in page.rows:
                if not file.superseded:
                    yield file
                after = file.id
            more = page.more

    async def file(
        self, file: ArchiveFile, only: frozenset[InstrumentId] | None = None, *, lease: Lease | None = None
    ) -> Replayed:
        """The lines of an archive file that were stored. Its progress stays as it is.

        Raises:
            UnknownSource: nobody here can read its source.
            ArchiveStoreUnavailable: it is not where it was kept.
        """
        if self._readers.files(file.source) is None:
            raise UnknownSource(file.source, await self.sources())
        redelivery = await self._redelivery(only, lease)
        await self._read_file(redelivery, file)
        await redelivery.finish()
        return redelivery.done

    async def _redelivery(self, only: frozenset[InstrumentId] | None = None, lease: Lease | None = None) -> Redelivery:
        instruments = await self._stores.instruments.by_ids(list(only)) if only is not None else None
        return Redelivery(
            self._stores,
            self._raw,
            self._letters,
            None if instruments is None else [*instruments.values()],
            since=await self._letters.now(),
            lease=lease,
        )

    async def _deliver(self, redelivery: Redelivery, payloads: Sequence[KeptPayload]) -> None:
        for kept, contents in await asyncio.to_thread(self._read, payloads):
            if kept.archived:
                file = await self._raw.file(kept.id)
                if file is not None and file.lines_stored and not file.superseded:
                    await self._read_file(redelivery, file)
            elif isinstance(contents, Contents):
                redelivery.done += Replayed(payloads=1)
                await redelivery.take(kept, contents)
                await redelivery.was_read(kept.id)
            elif contents is not None:
                redelivery.done += Replayed(payloads=1)
                await redelivery.unreadable(kept, contents)

    def _read(self, payloads: Sequence[KeptPayload]) -> list[tuple[KeptPayload, Contents | str | None]]:
        """What each payload holds, or why nothing can be read; None for what nobody here reads. Blocking."""
        read: list[tuple[KeptPayload, Contents | str | None]] = []
        for kept in payloads:
            reader = None if kept.archived else self._readers.payloads(kept.payload.source)
            try:
                read.append((kept, kept.damage or (reader.read(kept.payload) if reader else None)))
            except MalformedPayload as error:
                read.append((kept, error.reason))
        return read

    async def _read_file(self, redelivery: Redelivery, file: ArchiveFile) -> None:
        name, path = _NAME.fullmatch(file.name), self._stores.raw.open_path(file)
        try:
            archive = self._readers.files(file.source, file.mapping)
            if archive is None or name is None:
                raise UnknownFormat(file.name, "nothing here reads it")
            contents = await asyncio.to_thread(archive.inspect, path, name["name"])
            instrument = await self._instrument(file, archive, contents, name["key"])
            if registered_name(instrument.key, contents) != file.name:
                raise UnknownFormat(name["name"], "it was read in another way when it was imported")
        except (NormaliseError, InvalidMapping) as error:
            log.warning("file_not_replayed", source=file.source, file=file.name, reason=str(error))
            return
        except OSError as exc:
            raise ArchiveStoreUnavailable(path.parent, exc.strerror or str(exc)) from exc
        if redelivery.concerns(instrument):
            await self._lines(redelivery, archive, _FileLines(file, path, contents, instrument))
            await redelivery.was_read(file.id)
        redelivery.done += Replayed(files=1)

    async def _lines(self, redelivery: Redelivery, archive: ArchiveSource, lines: _FileLines) -> None:
        kept, instrument, contents = lines.kept, lines.instrument, lines.contents
        match contents.kind:
            case DataKind.TRADES:
                same_tape = contents.tape is instrument.tape
                put = partial(redelivery.trades, kept, instrument, same_tape=same_tape)
                await self._each(redelivery, lines.trades(archive), put)
            case DataKind.CANDLES:
                candles = lines.stored(archive.candles(lines.path, contents))
                await self._each(redelivery, candles, partial(redelivery.candles, kept, instrument))
            case DataKind.QUOTES:
                quotes = lines.stored(archive.quotes(lines.path, contents))
                await self._each(redelivery, quotes, partial(redelivery.quotes, kept, instrument))
            case DataKind.DAYS:
                days = lines.stored(archive.days(lines.path, contents))
                await self._each(redelivery, days, partial(redelivery.days, kept, instrument))
            case _:
                assert_never(contents.kind)

    async def _each[Lines](
        self, redelivery: Redelivery, blocks: Iterator[Lines], put: Callable[[Lines], Awaitable[None]]
    ) -> None:
        async with aclosing(ahead(blocks)) as parsed:
            async for block in parsed:
                await put(block)
                await self._bound_dirt(redelivery.lease)

    async def _instrument(
        self, file: ArchiveFile, archive: ArchiveSource, contents: ArchiveContents, key: str | None
    ) -> Instrument:
        """Whose file it is: kept with it, or said by its name."""
        if file.instrument_id is not None:
            return (await self._stores.instruments.by_ids([file.instrument_id]))[file.instrument_id]
        if key is not None:
            known = await self._stores.instruments.by_keys([InstrumentKey.parse(key)])
            return known[InstrumentKey.parse(key)]
        moment = contents.window.start if contents.window else file.received_at
        found = await Spellings(self._stores.instruments).at(archive.source, [contents.symbol or ""], moment)
        if contents.symbol not in found:
            raise UnknownSymbol(archive.source, contents.symbol or "")
        return found[contents.symbol]

    async def _bound_dirt(self, lease: Lease | None) -> None:
        """With a lease, a worker's refresher does it."""
        if lease is None and timedelta(minutes=await self._stores.candles.dirty_minutes()) > MOST_DIRT:
            await self._stores.candles.settle()


@dataclass(frozen=True, slots=True)
class _FileLines:
    """The lines of a file that were stored."""

    file: ArchiveFile
    path: Path
    contents: ArchiveContents
    instrument: Instrument

    @property
    def kept(self) -> KeptPayload:
        return KeptPayload(self.file.id, Payload(self.file.source, self.file.name, b"", self.file.received_at))

    @property
    def last(self) -> int:
        return self.contents.lines if self.file.complete else self.file.lines_stored

    def stored[Lines: Block](self, blocks: Iterator[Lines]) -> Iterator[Lines]:
        """In blocks, as the import stored them."""
        for block in blocks:
            if block.last_line > self.last:
                return
            yield block

    def trades(self, archive: ArchiveSource) -> Iterator[TradeLines]:
        """In batches that end where a minute ends."""
        for batch in gather(archive.trades(self.path, self.contents)):
            stored = batch.lines <= self.last
            rejected = [each for each in batch.rejected if each.row <= self.last]
            yield replace(batch, trades=batch.trades[stored], lines=batch.lines[stored], rejected=rejected)
            if batch.last_line >= self.last:
                return


def _position(kept: KeptPayload) -> PayloadPosition:
    return kept.payload.received_at, kept.id

"""Sources by their code: those that can be asked over the network, and those whose files can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from candlewick.domain.errors import UnknownVenue
from candlewick.domain.job import ImportRequest
from candlewick.domain.market import InstrumentKey
from candlewick.ports import ArchiveSource, Clock, MarketSource, TableSource
from candlewick.providers.provider import Access, Budgets
from candlewick.providers.registry import CODES, provider, providers

if TYPE_CHECKING:
    from candlewick.providers.csv.mapping import FileMapping


def archives_of(key: InstrumentKey, clock: Clock) -> ArchiveSource:
    """What reads files of the instrument, if nothing is said about them: its venue's archives, else any table."""
    archives = provider(key.venue).archives if key.venue in CODES else None
    return archives(clock) if archives is not None else tables_of(key, clock)


def tables_of(key: InstrumentKey, clock: Clock, mapping: FileMapping | None = None) -> TableSource:
    """What reads tables of the instrument, by a mapping or by their header."""
    from candlewick.providers.csv.archive import CsvFiles  # noqa: PLC0415 (see registry.CODES)

    numbered = key.venue in CODES and provider(key.venue).source is not None
    return CsvFiles(clock, mapping, ids_of=key.venue if numbered else None)


def requested_tables(clock: Clock, request: ImportRequest) -> TableSource:
    """What reads the table of a request.

    Raises:
        InvalidMapping: its mapping cannot be used, or contradicts what is said beside it.
    """
    from candlewick.providers.csv.mapping import FileMapping  # noqa: PLC0415

    mapping = FileMapping.given(
        request.mapping, kind=request.kind, base_class=request.base_class, quote_class=request.quote_class
    )
    return tables_of(request.instrument, clock, mapping)


def mapped_tables(clock: Clock, mapping: str) -> TableSource:
    """What reads tables again that were imported by that mapping.

    Raises:
        InvalidMapping: it cannot be used.
    """
    from candlewick.providers.csv.archive import CsvFiles  # noqa: PLC0415
    from candlewick.providers.csv.mapping import FileMapping  # noqa: PLC0415

    return CsvFiles(clock, FileMapping.parse(mapping))


def look_at_start(start: bytes, name: str) -> None:
    """Refuse a table by its first bytes. Raises WrongEncoding."""
    from candlewick.providers.container import is_packed  # noqa: PLC0415
    from candlewick.providers.csv.text import check_start  # noqa: PLC0415

    if not is_packed(start):
        check_start(start, name)


@asynccontextmanager
async def market_sources(
    access: Mapping[str, Access], clock: Clock, budgets: Budgets
) -> AsyncIterator[Mapping[str, MarketSource]]:
    """The sources of those codes, by code, for as long as the block lasts; then their connections are closed.

    Nothing is asked yet: a source that is away is noticed by whoever asks it.

    Raises:
        UnknownVenue: no provider of that code can be asked over the network.
    """
    async with AsyncExitStack() as stack:
        sources: dict[str, MarketSource] = {}
        for code, each in access.items():
            opened = provider(code).source if code in CODES else None
            if opened is None:
                raise UnknownVenue(code, (known.code for known in providers() if known.source))
            sources[code] = await stack.enter_async_context(opened(each, clock, budgets))
        yield sources

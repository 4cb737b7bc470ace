"""What reads kept bytes again, by their source."""

from __future__ import annotations

from collections.abc import Mapping

from candlewick.ports import ArchiveSource, Clock, MarketSource, PayloadReader
from candlewick.providers.registry import CODES, provider
from candlewick.providers.sources import mapped_tables


class SourceReaders:
    """The Readers over the sources that are open, and the providers whose files can be read without asking them."""

    def __init__(self, sources: Mapping[str, MarketSource], clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    def payloads(self, source: str) -> PayloadReader | None:
        """See `Readers.payloads`."""
        known = self._sources.get(source)
        return known.reader if known else None

    def files(self, source: str, mapping: str | None = None) -> ArchiveSource | None:
        """See `Readers.files`."""
        if mapping is not None:
            return mapped_tables(self._clock, mapping)
        known = self._sources.get(source)
        if known is not None and known.archive_files is not None:
            return known.archive_files
        archives = provider(source).archives if source in CODES else None
        return archives(self._clock) if archives else None

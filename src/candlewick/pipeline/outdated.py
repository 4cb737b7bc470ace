"""Which imported archive files their source has replaced since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from candlewick.domain.raw import ArchiveFile, ReplacedFile
from candlewick.ports import RawReads


class FileState(StrEnum):
    """How an imported file stands to the one that its source has now."""

    OUTDATED = "OUTDATED"
    """Its rows are those of the former file."""
    CURRENT = "CURRENT"
    """Its rows are those of the new file."""
    OTHER = "OTHER"
    """Its rows are of neither: it was replaced before, or again."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A replaced file of which something is here."""

    listed: ReplacedFile
    imported: ArchiveFile
    """The version whose rows are here."""

    @property
    def state(self) -> FileState:
        if self.imported.sha256 == self.listed.old:
            return FileState.OUTDATED
        return FileState.CURRENT if self.imported.sha256 == self.listed.new else FileState.OTHER


async def replacements(source: str, listed: Sequence[ReplacedFile], raw: RawReads) -> Sequence[Replacement]:
    """Those of the listed files that were imported, in the order of the list."""
    imported = await raw.imported(source, [each.name for each in listed])
    return [Replacement(each, imported[each.name]) for each in listed if each.name in imported]

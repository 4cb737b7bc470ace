"""Imports files one after the other: a bad one is reported, the next one goes in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from rich.progress import Progress

from candlewick.domain.errors import CandlewickError, InvalidMapping, ServiceError
from candlewick.domain.market import AssetClass, DataKind, InstrumentKey
from candlewick.pipeline.file_job import ImportProgress, Report
from candlewick.pipeline.importing import Imported
from candlewick.providers.csv.mapping import FileMapping


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file."""

    path: Path
    seconds: float
    imported: Imported | None = None
    error: CandlewickError | None = None

    @property
    def whole(self) -> bool:
        """Whether every row of it is stored."""
        return self.imported is not None and not (self.imported.outcome.dead or self.imported.outcome.refused)

    @property
    def unused(self) -> Sequence[str]:
        """Columns of it that nothing was made of."""
        return self.imported.contents.unused if self.imported is not None else ()

    def row(self) -> tuple[object, ...]:
        """For a table."""
        if self.imported is None:
            return (self.path.name, "-", "-", "-", "-", "-", f"{self.seconds:.1f}", "refused")
        numbers = (self.imported.contents.lines, *asdict(self.imported.outcome).values())
        return (self.path.name, *(f"{number:,}" for number in numbers), f"{self.seconds:.1f}", _note(self.imported))

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        common = {"file": str(self.path), "seconds": round(self.seconds, 3)}
        if self.imported is None:
            return common | {"status": "refused", "error": type(self.error).__name__, "message": str(self.error)}
        return common | {
            "status": "imported" if self.whole else "partly",
            "instrument": str(self.imported.instrument.key),
            "kind": self.imported.contents.kind.value,
            "lines": self.imported.contents.lines,
            **asdict(self.imported.outcome),
            "already": self.imported.already,
            "corrected": self.imported.corrected,
            "unused": list(self.unused),
        }


def _note(imported: Imported) -> str:
    if imported.already:
        return "was imported before"
    return "corrects an earlier file" if imported.corrected else ""


def read_mapping(
    path: Path | None, kind: DataKind | None, base_class: AssetClass | None, quote_class: AssetClass | None
) -> FileMapping | None:
    """What was said about the tables; None if nothing was.

    Raises:
        InvalidMapping: it cannot be.
    """
    if path is None and kind is None and base_class is None and quote_class is None:
        return None
    try:
        text = path.read_text(encoding="utf-8") if path is not None else ""
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidMapping(f"{path} cannot be read: {exc}") from exc
    return FileMapping.given(text, kind=kind, base_class=base_class, quote_class=quote_class)


class Importer(Protocol):
    """What is needed of the use case (`pipeline.importing.ArchiveImport`)."""

    async def run(
        self, path: Path, key: InstrumentKey, *, again: bool = False, report: Report | None = None
    ) -> Imported: ...


async def import_each(
    importer: Importer, files: Iterable[Path], key: InstrumentKey, *, again: bool, bars: Progress
) -> list[FileResult]:
    """Import the files in their order.

    Raises:
        ServiceError: the next file would not fare better. What is stored stays; the same command goes on from there.
    """
    return [await _import_one(importer, path, key, again=again, bars=bars) for path in files]


async def _import_one(importer: Importer, path: Path, key: InstrumentKey, *, again: bool, bars: Progress) -> FileResult:
    bar = bars.add_task(path.name, total=None)
    began = monotonic()

    def report(progress: ImportProgress) -> None:
        bars.update(bar, completed=progress.lines, total=progress.total_lines)

    try:
        imported = await importer.run(path, key, again=again, report=report)
    except ServiceError:
        raise
    except CandlewickError as error:
        return FileResult(path, monotonic() - began, error=error)
    return FileResult(path, monotonic() - began, imported)

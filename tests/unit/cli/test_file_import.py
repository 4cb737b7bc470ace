"""Importing several files: each for itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from candlewick.cli.file_import import FileResult, import_each
from candlewick.cli.progress import progress_bars
from candlewick.domain.errors import DamagedFile, DatabaseUnavailable
from candlewick.domain.market import (
    AssetClass,
    AssetId,
    DataKind,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Tape,
    VenueId,
)
from candlewick.domain.raw import ArchiveContents, ArchiveFile, RawId
from candlewick.pipeline.file_job import ImportProgress, Report
from candlewick.pipeline.importing import Imported
from candlewick.ports import Outcome

KEY = InstrumentKey.parse("binance:BTC-USDT")


BITCOIN = Instrument(
    InstrumentId(1), KEY, "BTCUSDT", VenueId(1), AssetId(1), AssetId(2), AssetClass.CRYPTO, Tape.TRADES,
    InstrumentStatus.TRADING,
)  # fmt: skip


class Importer:
    """Imports what it is told to, and fails as it is told to."""

    def __init__(self, **outcomes: Outcome | Exception) -> None:
        self.outcomes = outcomes
        self.seen: list[str] = []

    async def run(
        self, path: Path, key: InstrumentKey, *, again: bool = False, report: Report | None = None
    ) -> Imported:
        assert key == KEY
        assert not again
        self.seen.append(path.stem)
        outcome = self.outcomes[path.stem]
        if isinstance(outcome, Exception):
            raise outcome
        if report is not None:
            report(ImportProgress(5, 10))
        file = ArchiveFile(RawId(1), "binance", path.name, "00", datetime(2024, 8, 8, tzinfo=UTC), 10, complete=True)
        return Imported(file, ArchiveContents(path.name, 10, DataKind.TRADES, Tape.TRADES), BITCOIN, outcome)


async def import_all(importer: Importer) -> list[FileResult]:
    with progress_bars(visible=False) as bars:
        return await import_each(
            importer, [Path(f"{name}.zip") for name in importer.outcomes], KEY, again=False, bars=bars
        )


async def test_a_bad_file_does_not_keep_the_next_one_out() -> None:
    bad, good = await import_all(Importer(bad=DamagedFile("bad.zip", "cut"), good=Outcome(stored=10)))

    assert isinstance(bad.error, DamagedFile)
    assert not bad.whole
    assert good.whole


async def test_without_a_database_the_next_file_is_not_tried() -> None:
    importer = Importer(first=DatabaseUnavailable("db", "gone"), second=Outcome())

    with pytest.raises(DatabaseUnavailable):
        await import_all(importer)
    assert importer.seen == ["first"]


@pytest.mark.parametrize(
    ("outcome", "whole"),
    [
        (Outcome(stored=10), True),
        (Outcome(repeated=10), True),
        (Outcome(stored=9, dead=1), False),
        (Outcome(stored=9, refused=1), False),
    ],
)
async def test_a_file_is_whole_if_every_row_is_stored(outcome: Outcome, whole: bool) -> None:
    (result,) = await import_all(Importer(file=outcome))

    assert result.whole is whole
    assert result.fields()["status"] == ("imported" if whole else "partly")


async def test_a_refused_file_says_why_to_programs() -> None:
    (result,) = await import_all(Importer(bad=DamagedFile("bad.zip", "cut")))

    fields = result.fields()
    assert (fields["status"], fields["error"]) == ("refused", "DamagedFile")
    assert "bad.zip is damaged: cut" in fields["message"]

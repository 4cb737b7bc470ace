"""From a trade to the bytes that it was read from, on every edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from candlewick.domain.market import Side, Trade
from candlewick.domain.page import TradeQuery
from candlewick.domain.raw import Payload, RawId, ReplacedFile
from candlewick.pipeline.outdated import FileState, replacements
from candlewick.storage.engine import Database
from candlewick.storage.raw import RawFiles
from candlewick.storage.raw_reads import RawPayloads
from candlewick.storage.trades import Trades
from markets import LATER, delivery, new_instrument

START = datetime(2024, 8, 8, tzinfo=UTC)


def a_trade(sequence: int, minute: int = 0) -> Trade:
    return Trade(sequence, Decimal(61_000), Decimal("0.5"), Side.BUY, START + timedelta(minutes=minute))


async def kept(database: Database, folder: Path, endpoint: str) -> RawId:
    return await RawFiles(database, folder).keep_payload(Payload("test", endpoint, endpoint.encode(), LATER))


async def test_each_commit_leads_to_what_its_rows_were_read_from(database: Database, tmp_path: Path) -> None:
    instrument, trades, reads = await new_instrument(database), Trades(database), RawPayloads(database)
    first, second = await kept(database, tmp_path, "/first"), await kept(database, tmp_path, "/second")
    await trades.insert(replace(delivery(instrument, [a_trade(1)]), raw_id=first))
    await trades.insert(replace(delivery(instrument, [a_trade(1), a_trade(2)]), raw_id=second))
    await trades.insert(delivery(instrument, [a_trade(3)]))

    rows = (await trades.read([instrument.id], TradeQuery(limit=10)))[instrument.id].rows
    found = await reads.of_commits([(row.instrument_id, row.version) for row in rows])

    assert [found[row.instrument_id, row.version].endpoint for row in rows[:2]] == ["/first", "/second"]
    assert (rows[2].instrument_id, rows[2].version) not in found
    assert await reads.of_commits([]) == {}


async def test_a_trade_is_found_by_its_sequence_in_whatever_minute(database: Database, tmp_path: Path) -> None:
    instrument, trades, reads = await new_instrument(database), Trades(database), RawPayloads(database)
    raw_id = await kept(database, tmp_path, "/page")
    await trades.insert(replace(delivery(instrument, [a_trade(n, n) for n in range(1, 9)]), raw_id=raw_id))
    await trades.insert(delivery(instrument, [a_trade(5, 60 * 24 * 30)]))

    once, twice = await reads.of_trade(instrument.id, 4), await reads.of_trade(instrument.id, 5)

    assert [(row.sequence, row.minute, record and record.id) for row, record in once] == [
        (4, START + timedelta(minutes=4), raw_id)
    ]
    assert [(row.minute, record and record.id) for row, record in twice] == [
        (START + timedelta(minutes=5), raw_id),
        (START + timedelta(days=30), None),
    ]
    assert await reads.of_trade(instrument.id, 99) == []


async def test_facts_are_known_without_the_bytes(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"1,2,3\n")
    archive = await RawFiles(database, tmp_path).keep_file("test", "facts.csv", file, received_at=LATER)
    raw_id = await kept(database, tmp_path, "/facts")
    reads = RawPayloads(database)

    found = await reads.records([archive.id, raw_id, RawId(999_999_999)])

    assert found.keys() == {archive.id, raw_id}
    assert (found[archive.id].endpoint, found[archive.id].sha256, found[archive.id].archived) == (
        "facts.csv", archive.sha256, True
    )  # fmt: skip
    assert (found[raw_id].byte_count, found[raw_id].received_at, found[raw_id].archived) == (6, LATER, False)
    assert await reads.beginnings([archive.id, raw_id], 3) == {raw_id: b"/fa"}


async def test_of_a_file_the_version_whose_rows_are_here_is_told(database: Database, tmp_path: Path) -> None:
    files, reads, source = RawFiles(database, tmp_path), RawPayloads(database), f"source-{uuid4().hex[:8]}"
    kept_files = []
    for name, body in (("a.csv", "old"), ("a.csv", "new"), ("a.csv", "refused"), ("b.csv", "nothing")):
        path = tmp_path / name
        path.write_text(body)
        kept_files.append(await files.keep_file(source, name, path, received_at=LATER))
    async with database.driver() as driver:
        for file in kept_files[:2]:
            await driver.execute("UPDATE archive_file SET lines_stored = 9 WHERE raw_id = $1", file.id)
    listed = [ReplacedFile(name, kept_files[0].sha256, "0" * 64) for name in ("b.csv", "a.csv", "c.csv")]

    [found] = await replacements(source, listed, reads)

    assert (found.imported.id, found.state) == (kept_files[1].id, FileState.OTHER)
    for old, new, state in (
        (kept_files[1].sha256, "0" * 64, FileState.OUTDATED),
        ("0" * 64, kept_files[1].sha256, FileState.CURRENT),
    ):
        [found] = await replacements(source, [ReplacedFile("a.csv", old, new)], reads)
        assert found.state is state

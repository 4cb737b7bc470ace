"""The folder of archive files, when it cannot take one; payloads in the database."""

from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.domain.errors import ArchiveStoreUnavailable
from candlewick.domain.raw import DeadLetter, LetterKind, Payload, RawId
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.raw import RawFiles
from markets import LATER, new_instrument

DAY = timedelta(days=1)


async def test_a_store_that_cannot_be_made_says_so_and_is_worth_a_retry(database: Database, tmp_path: Path) -> None:
    taken, file = tmp_path / "taken", tmp_path / "a.csv"
    taken.write_text("no folder")
    file.write_text("1,2,3")

    with pytest.raises(ArchiveStoreUnavailable, match="CANDLEWICK_STORAGE__ARCHIVE_DIR") as caught:
        await RawFiles(database, taken).keep_file("test", "a.csv", file, received_at=LATER)

    assert caught.value.retryable


async def test_a_file_that_cannot_be_read_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "archive"

    with pytest.raises(ArchiveStoreUnavailable, match="No such file"):
        await RawFiles(database, folder).keep_file("test", "b.csv", tmp_path / "missing.csv", received_at=LATER)

    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("body", [b"", b'[{"id":1}]' * 5_000])
async def test_a_payload_is_kept_compressed_and_comes_back_as_it_was(
    database: Database, tmp_path: Path, body: bytes
) -> None:
    payload = Payload("test", "/api/v3/aggTrades?symbol=BTCUSDT&fromId=1", body, LATER)

    raw_id = await RawFiles(database, tmp_path).keep_payload(payload)

    async with database.driver() as driver:
        kept = await driver.fetchrow("SELECT * FROM raw_payload WHERE id = $1", raw_id)
    assert kept is not None
    assert (kept["source"], kept["endpoint"], kept["received_at"]) == (payload.source, payload.endpoint, LATER)
    assert (kept["sha256"], kept["byte_count"]) == (hashlib.sha256(body).digest(), len(body))
    assert kept["encoding"] == "gzip"
    assert gzip.decompress(kept["body"]) == body
    assert len(kept["body"]) < 1_000


async def test_old_payloads_go_and_what_is_young_or_has_a_dead_letter_stays(database: Database, tmp_path: Path) -> None:
    venue = (await new_instrument(database)).key.venue
    raw = RawFiles(database, tmp_path)

    async def kept(ago: timedelta) -> RawId:
        return await raw.keep_payload(Payload(venue, "/x", b"{}", LATER - ago))

    old, lettered, young = await kept(DAY * 40), await kept(DAY * 41), await kept(DAY)
    await DeadLetters(database).keep([DeadLetter(venue, "x", LetterKind.MALFORMED, "row 1", "?", lettered)])

    assert await raw.prune(LATER - 30 * DAY) >= 1

    async with database.driver() as driver:
        found = await driver.fetch("SELECT id FROM raw_payload WHERE id = ANY($1)", [old, lettered, young])
    assert {row["id"] for row in found} == {lettered, young}

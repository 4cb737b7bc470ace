"""The folder of archive files, when it cannot take one; payloads in the database."""

from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.domain.errors import ArchiveStoreUnavailable, DamagedPayload, UnknownPayload
from candlewick.domain.raw import DeadLetter, LetterKind, Payload, RawId
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.raw import RawFiles
from candlewick.storage.raw_reads import RawPayloads
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
    assert kept["encoding"] == "zstd"
    assert len(kept["body"]) < 1_000
    assert await RawPayloads(database).body(raw_id) == body


async def test_a_payload_that_an_earlier_version_kept_can_still_be_read(database: Database) -> None:
    body = b'[{"id":1}]' * 500
    async with database.driver() as driver:
        raw_id = await driver.fetchval(
            "INSERT INTO raw_payload (source, endpoint, sha256, byte_count, received_at, encoding, body) "
            "VALUES ('test', '/x', $1, $2, $3, 'gzip', $4) RETURNING id",
            hashlib.sha256(body).digest(), len(body), LATER, gzip.compress(body),
        )  # fmt: skip
    reads = RawPayloads(database)

    assert await reads.body(raw_id) == body
    assert await reads.beginnings([raw_id], 12) == {raw_id: body[:12]}


async def test_what_says_the_same_as_the_last_of_its_endpoint_is_not_kept_again(
    database: Database, tmp_path: Path
) -> None:
    raw, endpoint = RawFiles(database, tmp_path), "/prices?ids=" + "bitcoin," * 2_000

    async def said(body: bytes, where: str = endpoint) -> RawId:
        return await raw.keep_news(Payload("news", where, body, LATER))

    first, same, other, back = [await said(body) for body in (b"1", b"1", b"2", b"1")]

    assert first == same
    assert len({first, other, back}) == 3
    assert await said(b"1", "/prices") not in {first, back}


@pytest.mark.parametrize("change", ["body = substr(body, 1, 9)", "encoding = 'lzma'", "sha256 = sha256('other')"])
async def test_a_payload_that_is_not_what_was_received_is_not_handed_out(
    database: Database, tmp_path: Path, change: str
) -> None:
    raw_id = await RawFiles(database, tmp_path).keep_payload(Payload("test", "/x", b"[1, 2, 3]" * 9, LATER))
    async with database.driver() as driver:
        await driver.execute(f"UPDATE raw_payload SET {change} WHERE id = $1", raw_id)

    with pytest.raises(DamagedPayload, match=f"payload {raw_id} is damaged"):
        await RawPayloads(database).body(raw_id)


async def test_a_payload_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(UnknownPayload, match="there is no payload 999999999"):
        await RawPayloads(database).body(RawId(999_999_999))


@pytest.mark.parametrize("listed", [True, False], ids=["a venue's source", "a source that is no venue"])
async def test_old_payloads_go_and_what_is_young_or_has_a_dead_letter_stays(
    database: Database, tmp_path: Path, listed: bool
) -> None:
    venue = (await new_instrument(database)).key.venue if listed else "elsewhere"
    raw = RawFiles(database, tmp_path)

    async def kept(ago: timedelta) -> RawId:
        return await raw.keep_payload(Payload(venue, "/x", b"{}", LATER - ago))

    old, lettered, young = await kept(DAY * 40), await kept(DAY * 41), await kept(DAY)
    await DeadLetters(database).keep([DeadLetter(venue, "x", LetterKind.MALFORMED, "row 1", "?", lettered)])

    assert await raw.prune(LATER - 30 * DAY) >= 1

    async with database.driver() as driver:
        found = await driver.fetch("SELECT id FROM raw_payload WHERE id = ANY($1)", [old, lettered, young])
    assert {row["id"] for row in found} == {lettered, young}


async def test_what_a_letter_was_made_of_goes_when_the_letter_is_resolved(database: Database, tmp_path: Path) -> None:
    raw = RawFiles(database, tmp_path)
    raw_id = await raw.keep_payload(Payload("resolving", "/x", b"{}", LATER - DAY * 40))
    await DeadLetters(database).keep([DeadLetter("resolving", "x", LetterKind.MALFORMED, "row 1", "?", raw_id)])
    async with database.driver() as driver:
        await driver.execute("UPDATE dead_letter SET resolved_at = now() WHERE raw_id = $1", raw_id)

    await raw.prune(LATER - 30 * DAY)

    assert await RawPayloads(database).records([raw_id]) == {}

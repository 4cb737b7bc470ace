"""Tables through `POST /import` and a worker, into a real database: whole, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import io
import zipfile
from collections.abc import AsyncIterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from candlewick.domain.access import Role
from candlewick.domain.job import Job, JobFilter, JobId, JobKind
from candlewick.domain.market import InstrumentKey
from candlewick.domain.page import TradeQuery
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.uploads.options import UploadOptions
from candlewick.jobs.steps import StepRunner
from candlewick.pipeline.uploads import Uploads
from candlewick.providers.sources import look_at_start, requested_tables
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.keys import ApiKeys
from candlewick.storage.leases import StoredLeases
from candlewick.storage.raw_reads import RawPayloads
from candlewick.storage.trades import Trades
from graphql_client import Services
from importers import stores_of
from markets import FrozenClock
from tables import trade_row, trade_table
from working import HANGS, due_of

_NUMBER = count(1)
CLOCK = FrozenClock()


class Scene:
    """A server on a database, a worker that does a job when it is told to, and an instrument that nobody knows."""

    def __init__(self, database: Database, folder: Path, secret: str) -> None:
        self.database = database
        self.folder = folder
        self.jobs = Jobs(database)
        self.key = InstrumentKey("uploads", f"U{next(_NUMBER)}", "USD")
        tables, stores, raw = partial(requested_tables, CLOCK), stores_of(database, folder), RawPayloads(database)
        self.uploads = Uploads(tables, look_at_start, stores, raw, self.jobs, CLOCK)
        services = Services(database)
        services.imports = self.uploads
        app = create_app(services, HttpOptions(uploads=UploadOptions(folder / "uploads", largest=64 * 1024**2)))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", headers={"x-api-key": secret}
        )

    async def post(self, body: bytes, content_type: str = "text/csv", **query: str) -> httpx.Response:
        where = {"instrument": str(self.key), "base_class": "crypto", **query}
        return await self.client.post("/import", params=where, content=body, headers={"content-type": content_type})

    async def work(self, response: httpx.Response) -> dict[str, Any]:
        """Do the job of that answer; what the server says of it then."""
        job = await self.jobs.job(JobId(response.json()["job"]))
        assert job is not None
        for ref in await due_of(self.database, job):
            runner = StepRunner(self.jobs, StoredLeases(self.database), {JobKind.IMPORT: self.uploads.run})
            await runner.run(ref)
        found: dict[str, Any] = (await self.client.get(response.headers["location"])).json()
        return found

    async def stored(self) -> int:
        known = (await Instruments(self.database).by_keys([self.key])).get(self.key)
        if known is None:
            return 0
        page = (await Trades(self.database).read([known.id], TradeQuery(limit=5_000)))[known.id]
        return len(page.rows)

    @property
    def kept(self) -> list[Path]:
        """The files of the archive, and those that still wait."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    _, secret = await ApiKeys(database, CLOCK).create(f"uploads {next(_NUMBER)}", Role.OPERATOR, None)
    scene = Scene(database, tmp_path, secret)
    async with scene.client:
        yield scene


async def test_a_table_is_stored_by_its_job(scene: Scene) -> None:
    response = await scene.post(trade_table(500).encode(), name="mine.csv")
    assert response.status_code == 202, response.text
    assert response.json()["kind"] == "TRADES"
    assert await scene.stored() == 0
    done = await scene.work(response)
    assert (done["status"], done["stored"], done["repeated"], done["dead"], done["part"]) == ("SUCCEEDED", 500, 0, 0, 1)
    assert await scene.stored() == 500
    assert len(scene.kept) == 1


@pytest.mark.parametrize("content_type", ["application/zip", "application/gzip"])
async def test_a_packed_table_is_stored_as_well(scene: Scene, content_type: str) -> None:
    body = gzip.compress(trade_table(200).encode())
    if content_type == "application/zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("trades.csv", trade_table(200))
        body = packed.getvalue()
    assert (await scene.work(await scene.post(body, content_type)))["stored"] == 200


async def test_the_same_table_again_is_all_repeated(scene: Scene) -> None:
    await scene.work(await scene.post(trade_table(50).encode()))
    again = await scene.work(await scene.post(trade_table(50).encode()))
    assert (again["status"], again["stored"], again["repeated"]) == ("SUCCEEDED", 0, 50)
    assert len(scene.kept) == 1


async def test_a_mapping_comes_with_the_table(scene: Scene) -> None:
    mapping = 'header = false\ncolumns = {time = 1, price = 2, size = 3}\ntime.unit = "s"'
    response = await scene.post(b"1723109400,10,1\n1723109401,10,1\n", mapping=mapping)
    assert (await scene.work(response))["stored"] == 2


async def test_one_idempotency_key_is_one_job(scene: Scene) -> None:
    scene.client.headers["idempotency-key"] = f"key {next(_NUMBER)}"
    first, second = [await scene.post(trade_table(5).encode()) for _ in range(2)]
    assert first.json()["job"] == second.json()["job"]
    other = await scene.post(trade_table(6).encode())
    assert (other.status_code, other.json()["errors"][0]["extensions"]["code"]) == (422, "JOB_CONFLICT")


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (trade_table(100).encode("utf-16"), "text/csv", "WRONG_ENCODING"),
        (bytes(1_000_000), "text/csv", "WRONG_ENCODING"),
        ("time,price,size\n1723109400,1,1\n# Müller\n".encode("latin-1"), "text/csv", "WRONG_ENCODING"),
        (b"time,price,size\n" + b"1723109400,AAPL,1\n" * 50, "text/csv", "MISLEADING_COLUMNS"),
        (b"1,2,3\n4,5,6\n", "text/csv", "UNKNOWN_FORMAT"),
        (b"<html><body>no table</body></html>", "text/csv", "UNKNOWN_FORMAT"),
        (b"PK\x03\x04 but no zip", "application/zip", "DAMAGED_FILE"),
        (b"\x1f\x8b but no gzip", "application/gzip", "DAMAGED_FILE"),
    ],
)
async def test_what_can_be_told_at_once_is_refused_at_once(
    scene: Scene, body: bytes, content_type: str, code: str
) -> None:
    response = await scene.post(body, content_type)
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (422, code)
    assert scene.kept == []
    assert await scene.stored() == 0


async def test_a_zip_bomb_is_refused_at_once(scene: Scene) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.csv", "w") as member:
        for _ in range(80):
            member.write(b"0" * (1 << 20))
    response = await scene.post(packed.getvalue(), "application/zip")
    assert "a zip bomb" in response.json()["errors"][0]["message"]
    assert scene.kept == []


async def test_an_instrument_of_an_unknown_kind_is_asked_for(scene: Scene) -> None:
    response = await scene.client.post(
        "/import", params={"instrument": str(scene.key)}, content=trade_table(5), headers={"content-type": "text/csv"}
    )
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (422, "UNKNOWN_ASSET_CLASS")


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        ("1,2,3\n" * 4000, "4,000 of the 20,000 rows of upload.csv cannot be read"),
        ("2024-08-08T09:30:00Z,9999,=cmd,1,buy\n" * 4000, "price '=cmd' is a formula"),
        ("M\xfcller\n", "byte 0xfc is none of it, as in Latin-1, in line 16002"),
        ("\0" * 5000, "it has bytes that are zero, in line 16002"),
    ],
)
async def test_what_only_the_whole_file_tells_fails_its_job_before_a_row_is_stored(
    scene: Scene, tail: str, said: str
) -> None:
    body = trade_table(16_000).encode() + tail.encode("latin-1")
    done = await scene.work(await scene.post(body))
    assert done["status"] == "FAILED"
    assert said in done["errors"][0]["message"]
    assert (await scene.stored(), done["stored"], done["dead"]) == (0, 0, 0)
    assert await Instruments(scene.database).by_keys([scene.key]) == {}


async def test_a_few_bad_rows_are_dead_letters(scene: Scene) -> None:
    body = trade_table(95) + "".join(f"{trade_row(n, price='=1+1')}\n" for n in range(5))
    done = await scene.work(await scene.post(body.encode()))
    assert (done["status"], done["stored"], done["dead"]) == ("SUCCEEDED", 95, 5)


async def test_a_client_may_wait_for_the_end(scene: Scene) -> None:
    waiting = asyncio.create_task(scene.post(trade_table(50).encode(), wait="60"))
    jobs: list[Job] = []
    async with asyncio.timeout(HANGS):
        while not jobs:
            await asyncio.sleep(0.05)
            page = await scene.jobs.jobs(JobFilter(JobKind.IMPORT), 50, None)
            jobs = [job for job in page.rows if job.arguments["instruments"] == [str(scene.key)]]
    runner = StepRunner(scene.jobs, StoredLeases(scene.database), {JobKind.IMPORT: scene.uploads.run})
    for ref in await due_of(scene.database, jobs[0]):
        await runner.run(ref)
    response = await waiting
    assert (response.status_code, response.json()["stored"]) == (200, 50)

"""`POST /import` over HTTP: who may send what, what is refused and how, and that nothing is left of what was."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import ArchiveStoreUnavailable, JobConflict, MisleadingColumns
from candlewick.domain.job import ImportRequest, Job, JobId, JobKind, JobProgress, JobStatus
from candlewick.domain.market import AssetClass, DataKind, InstrumentKey
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.uploads.options import UploadOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import READER, SECRET, FakeServices, a_job

TABLE = b"time,price,size\n1723109400,1,1\n"
WHERE = "/import?instrument=csv:BTC-USD"
KEY = {"x-api-key": SECRET}
CSV = KEY | {"content-type": "text/csv"}
LARGEST = 100_000
ARGUMENTS = {"instruments": ["csv:BTC-USD"], "kind": "TRADES", "file": {}}


@pytest.fixture
def uploads(tmp_path: Path) -> UploadOptions:
    return UploadOptions(tmp_path / "uploads", largest=LARGEST, patience=timedelta(seconds=0.2), at_once=2)


@pytest.fixture
def options(uploads: UploadOptions) -> HttpOptions:
    return HttpOptions(anonymous=True, uploads=uploads)


@pytest.fixture(autouse=True)
def nothing_is_left(uploads: UploadOptions) -> Iterator[None]:
    yield
    assert not uploads.folder.exists() or list(uploads.folder.iterdir()) == []


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"], error["message"]


async def test_a_file_becomes_a_job(client: httpx.AsyncClient, services: FakeServices) -> None:
    where = f"{WHERE}&kind=trades&base_class=crypto&quote_class=FIAT&mapping=decimal%20%3D%20%22,%22&name=a/b.csv"
    response = await client.post(where, content=TABLE, headers=CSV | {"idempotency-key": "mine"})

    assert response.status_code == 202
    assert response.headers["location"] == "/import/101"
    assert response.json() == {
        "job": 101,
        "status": "QUEUED",
        "part": 0.0,
        "stored": 0,
        "repeated": 0,
        "dead": 0,
        "instrument": "csv:BTC-USD",
        "kind": "TRADES",
        "file": {"name": "b.csv", "sha256": "00", "unused": []},
        "location": "/import/101",
    }
    assert services.imports.files == [TABLE]
    assert services.imports.requests == [
        ImportRequest(
            InstrumentKey("csv", "BTC", "USD"), "b.csv", 'decimal = ","', DataKind.TRADES, AssetClass.CRYPTO,
            AssetClass.FIAT,
        )
    ]  # fmt: skip
    assert services.imports.calls == [("submit", ("mine", "cwk_oper"))]


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("text/csv; charset=UTF-8", "upload.csv"),
        ("application/zip", "upload.zip"),
        ("application/x-gzip", "upload.csv.gz"),
    ],
)
async def test_a_file_without_a_name_is_called_by_its_type(
    client: httpx.AsyncClient, services: FakeServices, content_type: str, name: str
) -> None:
    body = TABLE if content_type.startswith("text") else b"PK\x03\x04" + bytes(100)
    await client.post(WHERE, content=body, headers=KEY | {"content-type": content_type})
    assert services.imports.requests[0].name == name


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "UNAUTHENTICATED"),
        ({"x-api-key": "wrong"}, 401, "UNAUTHENTICATED"),
        ({"x-api-key": READER}, 403, "FORBIDDEN"),
    ],
)
async def test_only_an_operator_may_send_a_file(
    client: httpx.AsyncClient, services: FakeServices, headers: Mapping[str, str], status: int, code: str
) -> None:
    for method, where in (("POST", WHERE), ("GET", "/import/101")):
        response = await client.request(method, where, headers={"content-type": "text/csv", **headers})
        assert error_of(response)[:2] == (status, code)
    assert services.imports.files == []


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "text/csv; charset=latin-1", "x"])
async def test_another_content_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post(WHERE, content=TABLE, headers=KEY | {"content-type": content_type})
    assert error_of(response)[:2] == (415, "BAD_REQUEST")


async def test_another_content_encoding_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post(WHERE, content=TABLE, headers=CSV | {"content-encoding": "br"})).status_code == 415


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Say `instrument`"),
        ("?instrument=BTC", "'BTC' is no instrument key"),
        ("?instrument=csv:BTC-USD&kind=ticks", "`kind` is one of trades, candles, quotes, days, not 'ticks'"),
        ("?instrument=csv:BTC-USD&base_class=share", "`base_class` is one of crypto"),
        ("?instrument=csv:BTC-USD&wait=61", "`wait` is a whole number of seconds up to 60"),
        ("?instrument=csv:BTC-USD&wait=-1", "`wait` is a whole number"),
        ("?instrument=csv:BTC-USD&name=%00", "`name` is a file's name"),
        ("?instrument=csv:BTC-USD&instruments=x", "There is no 'instruments' here; there are instrument, kind"),
    ],
)
async def test_what_is_said_beside_the_file_is_checked(client: httpx.AsyncClient, query: str, said: str) -> None:
    response = await client.post(f"/import{query}", content=TABLE, headers=CSV)
    assert response.status_code in {400, 422}
    assert said in error_of(response)[2]


async def test_an_empty_body_is_refused(client: httpx.AsyncClient) -> None:
    status, code, message = error_of(await client.post(WHERE, content=b"", headers=CSV))
    assert (status, code) == (400, "BAD_REQUEST")
    assert "The body is empty" in message


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(client: httpx.AsyncClient) -> None:
    headers = CSV | {"content-length": str(LARGEST + 1)}
    status, code, message = error_of(await client.post(WHERE, content=TABLE, headers=headers))
    assert (status, code) == (413, "TOO_LARGE")
    assert "larger than 100,000 bytes" in message


async def test_a_body_that_turns_out_too_large_is_refused(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"1,1,1\n" * 1000

    response = await client.post(WHERE, content=endless(), headers=CSV)
    assert error_of(response)[:2] == (413, "TOO_LARGE")


async def test_wide_text_and_zeros_are_refused_while_they_come(
    client: httpx.AsyncClient, services: FakeServices
) -> None:
    for body in ((TABLE * 1000).decode().encode("utf-16"), bytes(50_000), TABLE.decode().encode("utf-16-le")):
        status, code, message = error_of(await client.post(WHERE, content=body, headers=CSV))
        assert (status, code) == (422, "WRONG_ENCODING")
        assert "Nothing of it is stored" in message
    assert services.imports.files == []


async def test_what_the_use_case_refuses_is_said_with_its_name(
    client: httpx.AsyncClient, services: FakeServices
) -> None:
    services.imports.failure = MisleadingColumns("a.csv", "column 'price' was taken for price")
    status, code, message = error_of(await client.post(WHERE, content=TABLE, headers=CSV))
    assert (status, code) == (422, "MISLEADING_COLUMNS")
    assert "column 'price' was taken for price" in message
    services.imports.failure = JobConflict("mine", 7)
    assert error_of(await client.post(WHERE, content=TABLE, headers=CSV))[:2] == (422, "JOB_CONFLICT")


async def test_a_full_disk_is_not_told_to_strangers(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.imports.failure = ArchiveStoreUnavailable(Path("/secret"), "no space left")
    response = await client.post(WHERE, content=TABLE, headers=CSV)
    assert error_of(response)[:2] == (503, "SERVICE_UNAVAILABLE")
    assert "secret" not in response.text


async def test_a_mistake_of_ours_is_told_in_brief(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.imports.failure = RuntimeError("secret")
    response = await client.post(WHERE, content=TABLE, headers=CSV)
    assert error_of(response)[:2] == (500, "INTERNAL_SERVER_ERROR")
    assert "secret" not in response.text


async def test_an_idempotency_key_is_bounded(client: httpx.AsyncClient) -> None:
    response = await client.post(WHERE, content=TABLE, headers=CSV | {"idempotency-key": "x" * 101})
    assert response.status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/import", headers=KEY)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def messages_of(services: FakeServices, options: HttpOptions, *received: Mapping[str, Any]) -> list[Any]:
    """What the application sends while it receives these, and nothing more."""
    headers = [(b"x-api-key", SECRET.encode()), (b"content-type", b"text/csv"), (b"host", b"test")]
    scope = {
        "type": "http", "method": "POST", "path": "/import", "raw_path": b"/import", "http_version": "1.1",
        "query_string": b"instrument=csv:BTC-USD", "headers": headers, "scheme": "http", "server": ("test", 80),
    }  # fmt: skip
    waiting, sent = list(received), []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await create_app(services, options)(scope, receive, send)
    return sent


async def test_a_body_that_was_cut_off_stores_nothing(services: FakeServices, options: HttpOptions) -> None:
    part = {"type": "http.request", "body": TABLE, "more_body": True}
    sent = await messages_of(services, options, part, {"type": "http.disconnect"})
    assert sent[0]["status"] == 400
    assert services.imports.files == []


async def test_a_body_that_stops_coming_is_given_up(services: FakeServices, options: HttpOptions) -> None:
    sent = await messages_of(services, options, {"type": "http.request", "body": TABLE, "more_body": True})
    assert sent[0]["status"] == 408
    assert services.imports.files == []


async def test_only_so_many_files_are_taken_at_once(services: FakeServices, options: HttpOptions) -> None:
    async with client_of(services, options) as client:
        held = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield TABLE
            await held.wait()

        first = [asyncio.create_task(client.post(WHERE, content=slow(), headers=CSV)) for _ in range(2)]
        await asyncio.sleep(0.05)
        response = await client.post(WHERE, content=TABLE, headers=CSV)
        assert error_of(response)[:2] == (503, "SERVICE_UNAVAILABLE")
        assert response.headers["retry-after"] == "5"
        held.set()
        assert [(await each).status_code for each in first] == [202, 202]
        assert (await client.post(WHERE, content=TABLE, headers=CSV)).status_code == 202


async def test_a_large_file_passes_through_little_memory(services: FakeServices, tmp_path: Path) -> None:
    size = 64 * 1024**2

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // 65_536):
            yield b"1723109400,1,1\n1" * 4096

    sizes: list[int] = []

    async def measure(_: ImportRequest, path: Path, **__: str | None) -> Job:
        sizes.append(path.stat().st_size)  # noqa: ASYNC240
        return a_job(7, JobStatus.QUEUED, kind=JobKind.IMPORT, arguments=ARGUMENTS)

    services.imports.submit = measure
    options = HttpOptions(uploads=UploadOptions(tmp_path / "uploads"))
    async with client_of(services, options) as client:
        tracemalloc.start()
        response = await client.post(WHERE, content=pieces(), headers=CSV)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (response.status_code, sizes) == (202, [size])
    assert peak < 8 * 1024**2


def form(*fields: tuple[str, str | None, bytes], boundary: str = "xYzZy") -> tuple[bytes, dict[str, str]]:
    """A form and its content type."""
    body = b"preamble\r\n"
    for name, filename, content in fields:
        of_file = f'; filename="{filename}"\r\nContent-Type: text/csv' if filename else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{of_file}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), {"content-type": f'multipart/form-data; boundary="{boundary}"'}


FIELDS = (
    ("instrument", None, b"csv:BTC-USD"),
    ("mapping", "map.toml", b'kind = "trades"\n'),
    ("file", "20131008 spy.csv", TABLE),
)


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_a_form_may_carry_the_file_and_its_mapping(
    client: httpx.AsyncClient, services: FakeServices, size: int
) -> None:
    body, content_type = form(*FIELDS)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    response = await client.post("/import", content=pieces(), headers=KEY | content_type)
    assert response.status_code == 202, response.text
    [request] = services.imports.requests
    assert (str(request.instrument), request.name, request.mapping) == (
        "csv:BTC-USD", "20131008 spy.csv", 'kind = "trades"\n',
    )  # fmt: skip
    assert services.imports.files == [TABLE]


async def test_a_form_as_clients_make_it_is_read(client: httpx.AsyncClient, services: FakeServices) -> None:
    response = await client.post(
        "/import",
        data={"instrument": "csv:BTC-USD"},
        files={"file": ("größe.csv", TABLE, "text/csv"), "mapping": ("m.toml", b"header = true")},
        headers=KEY,
    )
    assert response.status_code == 202, response.text
    assert services.imports.requests[0].name == "größe.csv"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([("file", "a.csv", TABLE), ("file", "b.csv", TABLE)], "'file' is none, or came twice"),
        ([("instrument", None, b"csv:BTC-USD"), ("table", "a.csv", TABLE)], "'table' is none"),
        ([("mapping", None, b"#" * 70_000), ("file", "a.csv", TABLE)], "'mapping' is longer than 65,536 bytes"),
        ([("mapping", None, b"\xff"), ("file", "a.csv", TABLE)], "'mapping' is no text in UTF-8"),
        ([("instrument", None, b"csv:BTC-USD")], "The body is empty"),
        ([("wait", None, b"0")] * 25, "came twice"),
    ],
)
async def test_a_form_of_other_fields_is_refused(
    client: httpx.AsyncClient, fields: list[tuple[str, str | None, bytes]], said: str
) -> None:
    body, content_type = form(*fields)
    response = await client.post("/import", content=body, headers=KEY | content_type)
    assert said in error_of(response)[2]


@pytest.mark.parametrize("cut", [10, 60, 100, 200, -1, -12, -14])
async def test_a_form_that_was_cut_off_stores_nothing(
    client: httpx.AsyncClient, services: FakeServices, cut: int
) -> None:
    body, content_type = form(*FIELDS)
    response = await client.post("/import", content=body[:cut], headers=KEY | content_type)
    if cut == -1:
        assert response.status_code == 202  # what comes after the last boundary is nothing
    else:
        assert error_of(response)[:2] == (400, "CUT_OFF")
        assert services.imports.files == []


async def test_a_form_without_a_boundary_is_none(client: httpx.AsyncClient) -> None:
    body, _ = form(*FIELDS)
    for content_type in (
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
    ):
        response = await client.post("/import", content=body, headers=KEY | {"content-type": content_type})
        assert response.status_code == 400


async def test_a_job_can_be_looked_at(client: httpx.AsyncClient, services: FakeServices) -> None:
    await client.post(WHERE, content=TABLE, headers=CSV)
    done = replace(
        services.jobs.rows[JobId(101)], status=JobStatus.SUCCEEDED, progress=JobProgress(1, 1, 0, 0, 1.0, 5, 3, 2)
    )
    services.jobs.rows[JobId(101)] = done
    response = await client.get("/import/101", headers=KEY)
    body = response.json()
    assert (response.status_code, body["status"], body["stored"], body["repeated"], body["dead"]) == (
        200, "SUCCEEDED", 5, 3, 2,
    )  # fmt: skip


@pytest.mark.parametrize("number", ["7", "999", str(2**40)])
async def test_no_import_is_no_import(client: httpx.AsyncClient, services: FakeServices, number: str) -> None:
    services.jobs.rows[JobId(7)] = a_job(7)
    assert error_of(await client.get(f"/import/{number}", headers=KEY))[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("status", "answered"), [(JobStatus.SUCCEEDED, 200), (JobStatus.FAILED, 422), (JobStatus.CANCELLED, 409)]
)
async def test_a_client_may_wait_for_its_job(
    client: httpx.AsyncClient, services: FakeServices, status: JobStatus, answered: int
) -> None:
    waiting = asyncio.create_task(client.post(f"{WHERE}&wait=20", content=TABLE, headers=CSV))
    await asyncio.sleep(0.1)
    services.jobs.rows[JobId(101)] = replace(services.jobs.rows[JobId(101)], status=status, error="400 of 3,400 rows")
    response = await waiting
    assert response.status_code == answered
    if status is JobStatus.FAILED:
        assert error_of(response)[1:] == ("IMPORT_FAILED", "400 of 3,400 rows")

"""A table in, and what it costs: `POST /import` of a file through server and worker, and the import by itself, against
a bare COPY BINARY of the same rows into the same table in the same run.

Server and worker are processes of their own, on a private Redis. What they need of memory is the most that each had,
less what it had before the file came.

    python bench/uploads.py [--rows 1000000] [--rounds 3] [--edition POSTGRESQL]
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np

from candlewick.clock import SystemClock
from candlewick.domain.access import Role
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.embedded import private_services
from candlewick.pipeline.batches import gather
from candlewick.pipeline.importing import ArchiveImport
from candlewick.providers.csv.archive import CsvFiles
from candlewick.providers.csv.mapping import FileMapping
from candlewick.storage.copying import copy_binary
from candlewick.storage.engine import Database
from candlewick.storage.keys import ApiKeys
from ingest import bare_copy
from servers import Offer, Program, editions, free_port, fresh, python, stores_of

KEY = InstrumentKey("bench", "BTC", "USD")
MAPPING = "instrument.base_class = 'crypto'"
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Posted:
    """One file through server and worker."""

    seconds: float
    server_mb: float
    worker_mb: float


def write_table(folder: Path, rows: int, *, ids: bool) -> Path:
    """A day of a busy market as people export it: a header, ISO 8601 in milliseconds, sides in words."""
    chance = np.random.default_rng(1)
    start = datetime(2025, 3, 4, tzinfo=UTC)
    steps = np.sort(chance.integers(0, 86_400_000, rows)).tolist()
    prices = np.maximum(1, np.cumsum(chance.integers(-3, 4, rows)) + 8_700_000).tolist()
    sizes = ((chance.lognormal(0, 2, rows) * 1000).astype(np.int64) + 1).tolist()
    path = folder / f"trades-{'with' if ids else 'without'}-ids.csv"
    with path.open("w") as file:
        file.write(f"timestamp,{'id,' if ids else ''}price,size,side\n")
        for number, (step, price, size) in enumerate(zip(steps, prices, sizes, strict=True), 1):
            moment = (start + timedelta(milliseconds=step)).isoformat(timespec="milliseconds")
            shown = f"{price // 100}.{price % 100:02d},{size // 100_000}.{size % 100_000:05d}"
            side = "buy" if size % 2 else "sell"
            file.write(f"{moment.replace('+00:00', 'Z')},{f'{number},' if ids else ''}{shown},{side}\n")
    return path


def copy_streams(path: Path) -> list[bytes]:
    """The table's rows in COPY's own format, prepared beforehand."""
    source, now = CsvFiles(SystemClock()), datetime.now(UTC)
    contents = source.inspect(path)
    return [copy_binary(batch.trades, InstrumentId(1), 1, now) for batch in gather(source.trades(path, contents))]


async def imported(database: Database, path: Path, folder: Path, rows: int) -> float:
    """The use case alone, in this process."""
    source = CsvFiles(SystemClock(), FileMapping.parse(MAPPING))
    started = time.perf_counter()
    done = await ArchiveImport(source, stores_of(database, folder), SystemClock()).run(path, KEY)
    seconds = time.perf_counter() - started
    assert done.outcome.stored == rows, done.outcome
    return seconds


@contextmanager
def machine(folder: Path, database: str, redis: str) -> Iterator[tuple[str, Program, Program]]:
    """A server and a worker; where the API is."""
    port = free_port()
    known = {
        "CANDLEWICK_DATA_DIR": str(folder),
        "CANDLEWICK_DATABASE__URL": database,
        "CANDLEWICK_REDIS__URL": redis,
        "CANDLEWICK_HTTP__PORT": str(port),
    }
    with ExitStack() as stack:
        programs = []
        for name in ("serve", "worker"):
            program = Program(name, python("-m", "candlewick", name), known, folder / f"{name}.log")
            program.ensure()
            stack.callback(program.stop)
            programs.append(program)
        yield f"http://127.0.0.1:{port}", programs[0], programs[1]


async def posted(url: str, secret: str, path: Path, rows: int, server: Program, worker: Program) -> Posted:
    """Send the file and wait until its job is done."""
    before = [memory_mb(program, "VmRSS") for program in (server, worker)]
    for program in (server, worker):
        (process(program) / "clear_refs").write_text("5")  # the most begins anew
    async with httpx.AsyncClient(base_url=url, headers={"x-api-key": secret}, timeout=120) as client:
        started = time.perf_counter()
        response = await client.post(
            "/import",
            params={"instrument": str(KEY), "mapping": MAPPING, "wait": "60"},
            content=pieces(path),
            headers={"content-type": "text/csv"},
        )
        while response.status_code == 202 or response.json().get("status") in {"QUEUED", "RUNNING"}:
            assert time.perf_counter() - started < PATIENCE, response.text
            await asyncio.sleep(0.1)
            response = await client.get(response.json()["location"])
        seconds = time.perf_counter() - started
    assert response.json()["stored"] == rows, response.text
    after = [memory_mb(program, "VmHWM") for program in (server, worker)]
    return Posted(seconds, after[0] - before[0], after[1] - before[1])


async def pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 16):
            yield piece


def memory_mb(program: Program, what: str) -> float:
    lines = (process(program) / "status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{what}:"))) / 1024


def process(program: Program) -> Path:
    assert program.process is not None
    return Path(f"/proc/{program.process.pid}")


async def ready(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        for _ in range(600):
            with suppress(httpx.TransportError):  # it starts
                if (await client.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise TimeoutError("the server did not come up")


async def measure(offer: Offer, path: Path, rows: int, rounds: int, redis: str) -> None:
    streams = copy_streams(path)
    bare, alone, over_http = [], [], []
    for _ in range(rounds):
        bare.append(await bare_copy(offer, streams))
        with tempfile.TemporaryDirectory() as name:
            async with fresh(offer) as (_, database):
                alone.append(await imported(database, path, Path(name), rows))
        with tempfile.TemporaryDirectory() as name:
            async with fresh(offer) as (url, database):
                _, secret = await ApiKeys(database, SystemClock()).create(secrets.token_hex(4), Role.OPERATOR, None)
                with machine(Path(name), url, redis) as (api, server, worker):
                    await ready(api)
                    over_http.append(await posted(api, secret, path, rows, server, worker))
    ratios = [
        statistics.median(b / i for b, i in zip(bare, times, strict=True))
        for times in (alone, [each.seconds for each in over_http])
    ]
    size = path.stat().st_size / 1024**2  # noqa: ASYNC240
    print(f"{offer.edition} ({offer.version}), {path.stem}, {rows:,} rows, {size:,.0f} MB, median of {rounds}:")
    print(f"  bare COPY BINARY          {rows / statistics.median(bare):>9,.0f} rows/s")
    print(f"  import, all of it         {rows / statistics.median(alone):>9,.0f} rows/s")
    print(f"  POST until its job is done {rows / statistics.median(p.seconds for p in over_http):>8,.0f} rows/s")
    print(f"  server's memory grew by   {max(p.server_mb for p in over_http):>9,.0f} MB")
    print(f"  worker's memory grew by   {max(p.worker_mb for p in over_http):>9,.0f} MB")
    print(f"  ratio import : bare COPY  {ratios[0]:>9.2f}")
    print(f"  ratio POST : bare COPY    {ratios[1]:>9.2f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--edition", help="only this one, for example POSTGRESQL")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, private_services(Path(name), database=False) as private:
        assert private.redis is not None
        async with editions() as offers:
            for ids in (True, False):
                path = write_table(Path(name), given.rows, ids=ids)
                for offer in offers:
                    if given.edition in (None, offer.edition):
                        await measure(offer, path, given.rows, given.rounds, private.redis)


if __name__ == "__main__":
    asyncio.run(main())

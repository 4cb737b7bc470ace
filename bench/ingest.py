"""Archive zip → committed, deduplicated, minute candles ready; against a bare COPY BINARY of the same rows.

Both into the same indexed table (a hypertable where there is TimescaleDB), in turn, in one run. The import is a whole
`candlewick import` in its own process (its start, the check of the zip, the raw copy, the candle tree all included in
"whole command"; "import" is the use case alone).

    python bench/ingest.py [--rows 1000000] [--rounds 3] [--edition POSTGRESQL]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from candlewick.clock import SystemClock
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.pipeline.batches import gather
from candlewick.pipeline.importing import ArchiveImport, Stores
from candlewick.providers.binance.archive import BinanceArchives
from candlewick.storage.candles import Candles
from candlewick.storage.copying import COLUMNS, copy_binary, pieces
from candlewick.storage.days import Days
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw import RawFiles
from candlewick.storage.trades import Trades
from servers import Offer, editions, fresh

KEY = InstrumentKey("binance", "BTC", "USDT")
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    peak_mb: float


def write_archive(folder: Path, rows: int) -> Path:
    """A day of a busy market in Binance's spot layout: bursts, repeated prices, sizes over five decades."""
    chance = np.random.default_rng(1)
    start = int(datetime(2025, 3, 4, tzinfo=UTC).timestamp()) * 1_000_000
    ts = start + np.sort(chance.integers(0, DAY_US, rows))
    price = np.maximum(1, np.cumsum(chance.integers(-3, 4, rows)) + 8_700_000)
    size = (chance.lognormal(0, 2, rows) * 1000).astype(np.int64) + 1
    maker = chance.integers(0, 2, rows)
    path = folder / "BTCUSDT-trades-2025-03-04.zip"
    lines = "".join(
        f"{4_600_000_000 + n},{p // 100}.{p % 100:02d}000000,{s // 100_000}.{s % 100_000:05d}000,"
        f"{p * s / 10_000_000:.8f},{t},{'True' if m else 'False'},True\n"
        for n, (t, p, s, m) in enumerate(zip(ts.tolist(), price.tolist(), size.tolist(), maker.tolist(), strict=True))
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.with_suffix(".csv").name, lines)
    return path


async def bare_copy(offer: Offer, streams: list[bytes]) -> float:
    """The same rows, already in COPY's own format, into the same table."""
    async with fresh(offer) as (_, database), database.transaction() as driver:
        started = time.perf_counter()
        for stream in streams:
            await driver.copy_to_table("trade", source=pieces(stream), columns=COLUMNS, format="binary")
        return time.perf_counter() - started


async def copy_streams(path: Path) -> list[bytes]:
    """The archive's rows, prepared beforehand."""
    source = BinanceArchives(SystemClock())
    contents = source.inspect(path)
    batches, now = gather(source.trades(path, contents)), datetime.now(UTC)
    return [copy_binary(batch.trades, InstrumentId(1), 1, now) for batch in batches]


async def run_import(database: Database, path: Path, folder: Path) -> float:
    """The use case alone, in this process."""
    stores = Stores(
        Instruments(database),
        RawFiles(database, folder),
        Trades(database),
        Candles(database, SystemClock()),
        DeadLetters(database),
        Quotes(database),
        Days(database),
        StoredGaps(database),
    )
    started = time.perf_counter()
    imported = await ArchiveImport(BinanceArchives(SystemClock()), stores, SystemClock()).run(path, KEY)
    seconds = time.perf_counter() - started
    assert imported.outcome.stored + imported.outcome.repeated == imported.contents.lines, imported
    return seconds


async def without_candles(offer: Offer, path: Path) -> float:
    """Read, check and copy, but no minute candles and no ledger: what the candles cost."""
    async with fresh(offer) as (_, database), database.driver() as driver:
        source = BinanceArchives(SystemClock())
        started = time.perf_counter()
        contents = source.inspect(path)
        for batch in gather(source.trades(path, contents, skip=0)):
            stream = copy_binary(batch.trades, InstrumentId(1), 1, datetime.now(UTC))
            await driver.copy_to_table("trade", source=pieces(stream), columns=COLUMNS, format="binary")
        return time.perf_counter() - started


def in_own_process(url: str, path: Path, folder: Path) -> Measured:
    """The use case in a process of its own, for its peak memory."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", url, str(path), str(folder)], capture_output=True, check=True, text=True
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


async def child(url: str, path: Path, folder: Path) -> None:
    database = await Database.open(url)
    seconds = await run_import(database, path, folder)
    await database.close()
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """The most memory that this process had. Not ru_maxrss: on Linux that begins with what its parent had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1024


async def measure(offer: Offer, path: Path, streams: list[bytes], rows: int, rounds: int) -> None:
    bare, imported, plain, again = [], [], [], []
    for _ in range(rounds):
        bare.append(await bare_copy(offer, streams))
        plain.append(await without_candles(offer, path))
        with tempfile.TemporaryDirectory() as folder:
            async with fresh(offer) as (url, database):
                imported.append(in_own_process(url, path, Path(folder)))
                async with database.driver() as driver:
                    await driver.execute("UPDATE archive_file SET lines_stored = 0, complete = false")
                again.append(in_own_process(url, path, Path(folder)).seconds)
    ratio = statistics.median(b / i.seconds for b, i in zip(bare, imported, strict=True))
    print(f"{offer.edition} ({offer.version}), {rows:,} rows, median of {rounds}:")
    print(f"  bare COPY BINARY          {rows / statistics.median(bare):>9,.0f} rows/s")
    print(f"  import, all of it         {rows / statistics.median(i.seconds for i in imported):>9,.0f} rows/s")
    print(f"  the same without candles  {rows / statistics.median(plain):>9,.0f} rows/s")
    print(f"  the same file once more   {rows / statistics.median(again):>9,.0f} rows/s (every row a duplicate)")
    print(f"  peak memory of the import {max(i.peak_mb for i in imported):>9,.0f} MB")
    print(f"  ratio import : bare COPY  {ratio:>9.2f}  (at least 0.20 is promised)")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--edition", help="only this one, for example POSTGRESQL")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        await child(given.child[0], Path(given.child[1]), Path(given.child[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = write_archive(Path(folder), given.rows)
        streams = await copy_streams(path)
        async with editions() as offers:
            for offer in offers:
                if given.edition not in (None, offer.edition):
                    continue
                await measure(offer, path, streams, given.rows, given.rounds)


if __name__ == "__main__":
    asyncio.run(main())

"""An import that is killed goes on where it was, without loss or duplicate."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from binance_files import read_trades, trade_line, write_zip
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from importers import importer
from markets import as_expected, expected_candles, read_all

ROWS = 86_000
KEY = InstrumentKey("binance", "KILLED", "USDT")

_IMPORT = """
import asyncio, sys
from pathlib import Path
from importers import importer
from candlewick.domain.market import InstrumentKey
from candlewick.storage.engine import Database

async def main(url, folder, path):
    database = await Database.open(url)
    await importer(database, Path(folder), batch_rows=1_000).run(Path(path), InstrumentKey("binance", "KILLED", "USDT"))
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def stored(database: Database) -> int:
    async with database.driver() as driver:
        return int(
            await driver.fetchval(
                "SELECT count(*) FROM trade WHERE instrument_id = (SELECT id FROM instrument WHERE key = $1)", str(KEY)
            )
        )


async def test_a_killed_import_goes_on_without_loss_or_duplicate(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    path = write_zip(tmp_path / "KILLEDUSDT-trades-2024-08-08.zip", [trade_line(number) for number in range(ROWS)])
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    kills = 0
    while True:
        before = await stored(database)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _IMPORT, database_url, str(tmp_path), str(path), env=environment
        )
        while process.returncode is None and (kills == 3 or await stored(database) < before + 6_000):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        if process.returncode is not None:
            break
        process.send_signal(signal.SIGKILL)
        await process.wait()
        kills += 1
    assert (process.returncode, kills) == (0, 3)
    assert await stored(database) == ROWS
    assert (await importer(database, tmp_path).run(path, KEY)).already
    instrument = (await Instruments(database).by_keys([KEY]))[KEY]
    for interval in (Interval.M1, Interval.H1, Interval.MO1):
        found = [as_expected(candle) for candle in await read_all(database, instrument, interval.duration)]
        assert found == expected_candles(read_trades(path), interval.duration)

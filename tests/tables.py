"""Tables for tests, and the source that reads them."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from candlewick.providers.csv.archive import CsvFiles
from candlewick.providers.csv.mapping import FileMapping
from markets import LATER, FrozenClock

DAY = datetime(2024, 8, 8, tzinfo=UTC)
TRADES = "time,id,price,size,side"


def trade_row(number: int, *, price: str | None = None) -> str:
    """A trade a second, from `DAY` on."""
    moment = DAY + timedelta(seconds=number)
    side = "buy" if number % 2 else "sell"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ},{number},{price or f'{100 + number % 7}.25'},0.5,{side}"


def trade_table(count: int) -> str:
    """A table of so many trades."""
    return "\n".join([TRADES, *map(trade_row, range(count)), ""])


def write(folder: Path, content: str | bytes, name: str = "trades.csv") -> Path:
    """A file of that content, packed as its name says."""
    path, body = folder / name, content if isinstance(content, bytes) else content.encode()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name.removesuffix(".zip") + ".csv", body)
    else:
        path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
    return path


def files(mapping: str = "", block_bytes: int = 4096, ids_of: str | None = None, now: datetime = LATER) -> CsvFiles:
    """What reads them; blocks are small, so that a table has several."""
    return CsvFiles(FrozenClock(now), FileMapping.parse(mapping), block_bytes=block_bytes, ids_of=ids_of)


LEAN_TRADES = """
kind = "trades"
header = false
columns = {time = 1, price = 2, size = 3}
time = {unit = "ms", zone = "America/New_York", midnight_of = "name"}
scale = {price = "0.0001"}
instrument = {base_class = "equity"}
"""
LEAN_QUOTES = """
kind = "quotes"
header = false
columns = {time = 1, bid = 2, ask = 3}
time = {unit = "ms", zone = "America/New_York", midnight_of = "name"}
"""
LEAN_DAYS = """
kind = "days"
header = false
columns = {time = 1, open = 2, high = 3, low = 4, close = 5, volume = 6}
scale = {open = "0.0001", high = "0.0001", low = "0.0001", close = "0.0001"}
instrument = {base_class = "equity"}
"""
LEAN_FACTORS = """
kind = "days"
header = false
columns = {time = 1, price_factor = 2, split_factor = 3, reference_price = 4}
instrument = {base_class = "equity"}
"""
LEAN_NAMES = """
kind = "days"
header = false
columns = {time = 1, symbol = 2}
instrument = {base_class = "equity"}
"""
MONTHS = """
kind = "days"
time = {format = "%Y-%m"}
"""

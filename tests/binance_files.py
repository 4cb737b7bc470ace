"""Archive files in Binance's shape, made up, and an independent reading of them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from candlewick.domain.market import Side, Trade

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = datetime(2024, 8, 8, tzinfo=UTC)
NAME = "BTCUSDT-trades-2024-08-08.zip"


def trade_line(number: int, *, price: str = "61837.63000000", size: str = "0.02000000", maker: str = "True") -> str:
    """A line of a trades archive: the `number`th second of the day, in milliseconds."""
    moment = (DAY - EPOCH) // timedelta(milliseconds=1) + number * 1000
    return f"{3_735_683_000 + number},{price},{size},1236.75260000,{moment},{maker},True"


def trade_lines(count: int) -> list[str]:
    return [trade_line(number) for number in range(count)]


def candle_line(minute: int, *, high: str = "62.00", width: int = 60_000) -> str:
    """A line of a 1m klines archive, in milliseconds."""
    opened = (DAY - EPOCH) // timedelta(milliseconds=1) + minute * width
    return f"{opened},61.00,{high},60.50,61.50,10.0,{opened + width - 1},615.0,7,4.0,246.0,0"


def write_zip(path: Path, lines: Iterable[str], *, checksum: bool = False) -> Path:
    """A zip with the lines in a CSV of the same name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.with_suffix(".csv").name, "".join(f"{line}\n" for line in lines))
    if checksum:
        digest = sha256(path.read_bytes()).hexdigest()
        path.with_name(path.name + ".CHECKSUM").write_text(f"{digest}  {path.name}\n")
    return path


def write_csv(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def read_trades(path: Path) -> list[Trade]:
    """The trades of a zip, by the csv module and Decimal: nothing of ours reads them."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    return [
        Trade(
            int(row[0]),
            Decimal(row[1]),
            Decimal(row[2]),
            Side.SELL if row[5] == "True" else Side.BUY,
            EPOCH + timedelta(milliseconds=int(row[4])),
        )
        for row in csv.reader(text.splitlines())
    ]

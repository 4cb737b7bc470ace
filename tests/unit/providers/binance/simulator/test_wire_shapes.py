"""What the simulator writes has the fields that real answers had, each of the same JSON type."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from candlewick.domain.market import InstrumentKey, Tape
from candlewick.domain.time import microseconds
from candlewick.providers.binance.simulator.tickers import book_event
from candlewick.providers.binance.simulator.wire import TimeUnit, combined, frames
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Faults
from markets import FrozenClock
from recordings import recording
from simulated import NOW, asking, small_market

MARKET = small_market()
KEY = InstrumentKey("binance", "BTC", "USDT")
FAULTS = Faults(seed=1)
DAILY = "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2024-08-08.zip"

pytestmark = pytest.mark.shared_data


def shape(value: Any) -> Any:
    """The JSON types of a value; numbers in text by their decimals."""
    match value:
        case dict():
            return {name: shape(part) for name, part in sorted(value.items())}
        case list():
            return [shape(part) for part in value]
        case str() if re.fullmatch(r"-?\d+\.\d+", value):
            return f"text with {len(value.partition('.')[2])} decimals"
        case _:
            return type(value).__name__


def recorded(path: str, query: str) -> Any:
    """The body of a recorded answer."""
    with gzip.open(recording("binance/rest/gct_mock_v3.json.gz"), "rt") as file:
        answers = json.load(file)
    return next(each["body"] for each in answers if (each["path"], each["query"]) == (f"/api/v3/{path}", query))


@pytest.mark.parametrize(
    ("path", "query", "ours"),
    [
        ("trades", "limit=1000&symbol=BTCUSDT", "symbol=BTCUSDT&limit=3"),
        ("historicalTrades", "limit=5&symbol=BTCUSDT", "symbol=BTCUSDT&limit=3"),
        ("aggTrades", "limit=1000&symbol=BTCUSDT", "symbol=BTCUSDT&limit=3"),
        ("ticker/24hr", "symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D", 'symbols=["BTCUSDT"]'),
        ("klines", "interval=5m&limit=24&symbol=BTCUSDT", "symbol=BTCUSDT&interval=5m&limit=3"),
    ],
)
async def test_rows_of_rest(path: str, query: str, ours: str) -> None:
    real = recorded(path, query)
    async with asking(MARKET, FrozenClock(NOW)) as client:
        made = (await client.get(f"/api/v3/{path}?{ours}")).json()

    assert shape(made[0]) == shape(real[0])


async def test_a_book_ticker_of_rest() -> None:
    async with asking(MARKET, FrozenClock(NOW)) as client:
        made = (await client.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")).json()

    assert shape(made) == shape(recorded("ticker/bookTicker", "symbol=BTCUSDT"))


async def test_exchange_info() -> None:
    real = recorded("exchangeInfo", "")
    async with asking(MARKET, FrozenClock(NOW)) as client:
        made = (await client.get("/api/v3/exchangeInfo")).json()

    assert {name: type(part) for name, part in made.items()} == {name: type(part) for name, part in real.items()}
    symbol, other = made["symbols"][0], real["symbols"][0]
    assert {name: type(part) for name, part in symbol.items()} == {name: type(part) for name, part in other.items()}
    by_type = {each["filterType"]: each for each in other["filters"]}
    assert all(shape(each) == shape(by_type[each["filterType"]]) for each in symbol["filters"])


def test_frames_of_trades() -> None:
    with gzip.open(recording("binance/ws_spot/btcusdt_20240808.gz"), "rt") as file:
        real = next(line.partition(" ")[2] for line in file if "@trade" in line)
    batch = MARKET.from_sequence(KEY, 1_000, 1)
    (made,) = frames(batch, Tape.TRADES, "BTCUSDT", microseconds(NOW), TimeUnit.MILLISECOND)

    text = combined("btcusdt@trade", made)
    assert shape(json.loads(text)) == shape(json.loads(real))
    assert list(json.loads(text)["data"]) == list(json.loads(real)["data"])


def test_a_frame_of_a_book_ticker() -> None:
    with gzip.open(recording("binance/ws_spot/btcusdt_20240808.gz"), "rt") as file:
        real = json.loads(next(line.partition(" ")[2] for line in file if "@bookTicker" in line))
    exchange = Exchange([MARKET], FrozenClock(NOW), FAULTS.gone, FAULTS.skew)
    made = json.loads(book_event(exchange.symbol("BTCUSDT"), MARKET.from_sequence(KEY, 1_000, 1)))

    assert shape(made) == shape(real["data"])
    assert list(made) == list(real["data"])


def rows_of(source: Path | BytesIO) -> list[list[str]]:
    with zipfile.ZipFile(source) as archive:
        return list(csv.reader(archive.read(archive.namelist()[0]).decode().splitlines()))


async def test_lines_of_archives() -> None:
    real = recording(f"binance/archive_derived{DAILY}")
    async with asking(MARKET, FrozenClock(NOW)) as client:
        made = BytesIO((await client.get(DAILY)).content)
        checksum = (await client.get(f"{DAILY}.CHECKSUM")).text

    assert zipfile.ZipFile(made).namelist() == zipfile.ZipFile(real).namelist()
    assert [kind(field) for field in rows_of(made)[0]] == [kind(field) for field in rows_of(real)[0]]
    digest = re.compile(r"[0-9a-f]{64}(.*)", re.DOTALL)
    assert digest.sub(r"\1", checksum) == digest.sub(r"\1", real.with_name(f"{real.name}.CHECKSUM").read_text())


def kind(field: str) -> str:
    """What a field of a line is."""
    if field in {"True", "False"}:
        return "flag"
    if "." in field:
        return f"{len(field.partition('.')[2])} decimals"
    return "milliseconds" if len(field) == 13 else "number" if field.isdecimal() else field

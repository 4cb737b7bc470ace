"""Every recording of Binance is read with no row unaccounted for, or it says why it is not taken.

| recording | read by |
| --- | --- |
| archive_derived/…/BTCUSDT-trades-*.zip and their CHECKSUM | test_archive, test_normalise, tests/integration/main_job |
| rest/exchangeInfo_2021-10-12.json.gz | test_directory |
| rest/gct_mock_v3.json.gz (trades, historicalTrades, aggTrades, klines) | test_payloads; its other answers here |
| rest_recorded/ticker24hr_all_v1_2019.json.gz | test_tickers |
| rest_recorded/trades…, binanceus_trades…, exchangeInfo_v1_2019, depth… | here |
| ws_spot/btcusdt_20240808.gz | its trades in test_frames; all else here |
| archive/2022-10-04_aggregate_trade_updates.csv | nobody: a list of files, not of prices |
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import InstrumentStatus, Side
from candlewick.domain.raw import Payload
from candlewick.domain.time import microseconds
from candlewick.ports import Contents, Frame
from candlewick.providers.binance import frames
from candlewick.providers.binance.reader import BinanceReader
from recordings import recording

pytestmark = pytest.mark.shared_data

IN_2019 = datetime(2019, 10, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)


def body_of(name: str) -> bytes:
    path = recording(f"binance/rest_recorded/{name}")
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    body: str = orjson.loads(text)["body"]
    return body.encode()


def contents(endpoint: str, body: bytes, received_at: datetime = IN_2019) -> Contents:
    return BinanceReader().read(Payload("binance", endpoint, body, received_at))


def test_each_file_is_in_the_table_above() -> None:
    with recording("PROVENANCE.tsv").open() as file:
        names = [row["file"] for row in csv.DictReader(file, delimiter="\t") if row["file"].startswith("binance/")]
    known = (
        "archive_derived/", "rest/exchangeInfo_2021", "rest/gct_mock_v3", "rest_recorded/", "ws_spot/btcusdt_20240808",
        "archive/2022-10-04_aggregate_trade_updates.csv",
    )  # fmt: skip
    assert names
    assert [name for name in names if not name.removeprefix("binance/").startswith(known)] == []


@pytest.mark.parametrize("name", ["trades_BTCUSDC_v1_2019.json.gz", "binanceus_trades_BTCUSD_2019.json"])
def test_every_recorded_trade_is_one_digit_for_digit(name: str) -> None:
    body = body_of(name)
    rows = orjson.loads(body)
    lines = contents("/api/v1/trades?symbol=ANY", body).trades["ANY"]
    assert len(lines.trades) == len(rows) > 0
    assert not lines.rejected
    for trade, row in zip(lines.trades.trades(), rows, strict=True):
        assert (trade.sequence, trade.price, trade.size) == (row["id"], Decimal(row["price"]), Decimal(row["qty"]))
        assert microseconds(trade.ts) == row["time"] * 1000
        assert trade.side is (Side.SELL if row["isBuyerMaker"] else Side.BUY)


def test_every_symbol_of_2019_is_listed_with_its_status() -> None:
    body = body_of("exchangeInfo_v1_2019.json.gz")
    rows = {row["symbol"]: row for row in orjson.loads(body)["symbols"]}
    found = contents("/api/v1/exchangeInfo", body).listings
    assert {listing.symbol for listing in found} == {
        name for name, row in rows.items() if name != "123456" and row["baseAsset"] != "123"
    }, "Binance's own test symbol"
    for listing in found:
        row = rows[listing.symbol]
        assert (listing.key.base, listing.key.quote) == (row["baseAsset"], row["quoteAsset"])
        assert (listing.status is InstrumentStatus.TRADING) == (row["status"] == "TRADING")


def test_books_are_not_taken_and_say_so() -> None:
    with pytest.raises(MalformedPayload, match="order books are not taken"):
        contents("/api/v1/depth?symbol=BTCUSDC", body_of("depth_BTCUSDC_v1_2019.json.gz"))


def test_every_other_answer_of_the_mock_is_read_or_says_why_not() -> None:
    pages = orjson.loads(gzip.decompress(recording("binance/rest/gct_mock_v3.json.gz").read_bytes()))
    outcomes: Counter[str] = Counter()
    for page in pages:
        endpoint = f"{page['path']}?symbol=ANY"
        try:
            found = contents(endpoint, orjson.dumps(page["body"]), RECEIVED)
        except MalformedPayload as error:
            outcomes[error.reason.split(":")[0][:60]] += 1
            continue
        assert found != Contents(), endpoint
        outcomes["read"] += 1
    assert outcomes["read"] > 0
    assert outcomes.total() == len(pages)


def test_frames_of_the_stream_are_trades_or_told_with_their_reason() -> None:
    path: Path = recording("binance/ws_spot/btcusdt_20240808.gz")
    with gzip.open(path) as file:
        lines = [line.split(b" ", 1) for line in file]
    received = [Frame(body.strip(), datetime.fromtimestamp(int(ns) // 10**9, UTC)) for ns, body in lines]
    found = frames.read(received)
    trades = sum(len(lines.trades) for lines in found.values())
    rejected = [each for lines in found.values() for each in lines.rejected]
    assert trades + len(rejected) == len(received)
    assert trades == sum(b"@trade" in frame.body for frame in received)
    assert all(each.reason for each in rejected)

"""Every recording of Binance is read with no row unaccounted for, its values as they stand in the file.

The index of the recordings is walked: a recording that is not understood here fails the test.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import Side, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.time import from_microseconds, microseconds
from candlewick.ports import Contents, Frame
from candlewick.providers.binance import frames
from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.reader import BinanceReader
from candlewick.providers.binance.replaced import replaced_files
from candlewick.providers.quote_rows import NOBODY
from markets import LATER, FrozenClock
from recordings import DATA, recording

NOT_TAKEN: Final = {
    "depth": "order books are not taken",
    "avgPrice": "it says no more than the 24-hour ticker, which is taken",
    "ticker/price": "it says no more than the 24-hour ticker, which is taken",
}
"""Endpoints of which there are recordings that we do not take, and why."""
BOOKS: Final = frozenset({"depth@100ms", "snapshot"})
"""Frames of an order book, of which none is kept: its changes, and the whole of it over REST in between."""
INDEX: Final = DATA / "PROVENANCE.tsv"


def entries() -> list[str]:
    """The recordings of Binance that the index names."""
    if not INDEX.exists():
        return []
    rows = csv.reader(INDEX.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    return [row[0] for row in rows if row and row[0].startswith("binance/")]


def text_of(name: str) -> str:
    body = recording(name).read_bytes()
    return (gzip.decompress(body) if name.endswith(".gz") else body).decode()


@dataclass(frozen=True)
class Answer:
    """A recorded answer over REST."""

    endpoint: str
    body: Any
    received_at: datetime = LATER

    @property
    def path(self) -> str:
        return urlsplit(self.endpoint).path.split("/", 3)[3]

    def read(self) -> Contents:
        encoded = json.dumps(self.body).encode()
        return BinanceReader().read(Payload("binance", self.endpoint, encoded, self.received_at))


def answers() -> Iterator[Answer]:
    """All of them."""
    for name in entries():
        if name.startswith("binance/rest_recorded/"):
            recorded = json.loads(text_of(name))
            moment = datetime.strptime(recorded["recorded_at"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
            parts = urlsplit(recorded["uri"])
            yield Answer(f"{parts.path}?{parts.query}".rstrip("?"), json.loads(recorded["body"]), moment)
        elif name == "binance/rest/gct_mock_v3.json.gz":
            for each in json.loads(text_of(name)):
                yield Answer(f"{each['path']}?{each['query']}".rstrip("?"), each["body"])
        elif name.startswith("binance/rest/exchangeInfo"):
            yield Answer("/api/v3/exchangeInfo", json.loads(text_of(name)))


ANSWERS: Final = list(answers())
needs_recordings = pytest.mark.skipif(not ANSWERS, reason=f"no recordings of Binance in {DATA}")
pytestmark = [pytest.mark.shared_data, needs_recordings]


def of_path(path: str) -> list[Answer]:
    return [answer for answer in ANSWERS if answer.path == path]


def test_every_recording_of_the_index_is_read_here() -> None:
    read = (
        "binance/rest/", "binance/rest_recorded/", "binance/archive_derived/", "binance/archive/", "binance/ws_spot/"
    )  # fmt: skip
    assert [name for name in entries() if not name.startswith(read)] == []
    taken = {
        "aggTrades", "trades", "historicalTrades", "klines", "exchangeInfo", "ticker/24hr", "ticker/bookTicker"
    }  # fmt: skip
    assert {answer.path for answer in ANSWERS} == taken | set(NOT_TAKEN)


@pytest.mark.parametrize("path", NOT_TAKEN)
def test_what_is_not_taken_says_so(path: str) -> None:
    assert of_path(path)
    for answer in of_path(path):
        with pytest.raises(MalformedPayload, match=NOT_TAKEN[path]):
            answer.read()


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("trades", ("id", "price", "qty", "time", "isBuyerMaker")),
        ("historicalTrades", ("id", "price", "qty", "time", "isBuyerMaker")),
        ("aggTrades", ("a", "p", "q", "T", "m")),
    ],
)
def test_every_recorded_trade_is_stored_digit_for_digit_or_has_its_reason(path: str, names: tuple[str, ...]) -> None:
    counted: Counter[str] = Counter()
    for answer in of_path(path):
        [lines] = answer.read().trades.values()
        check_trades(lines, answer.body, names, counted)
    assert counted["stored"] > 0
    assert set(counted) <= {"stored", "it has no field 'm'"}  # rows that their recorder edited lack it


def check_trades(lines: TradeLines, rows: list[Any], names: tuple[str, ...], counted: Counter[str]) -> None:
    assert len(lines.trades) + len(lines.rejected) == len(rows)
    for line, trade in zip(lines.lines.tolist(), lines.trades.trades(), strict=True):
        sequence, price, size, time, maker = (rows[line - 1][name] for name in names)
        assert (trade.sequence, f"{trade.price:f}", f"{trade.size:f}") == (sequence, price, size)
        assert (microseconds(trade.ts) // 1000, trade.side is Side.SELL) == (time, maker)
        counted["stored"] += 1
    counted.update(each.reason for each in lines.rejected)


def test_every_recorded_kline_is_stored_digit_for_digit_or_is_no_minute() -> None:
    stored = 0
    for answer in of_path("klines"):
        [lines] = answer.read().candles.values()
        assert isinstance(lines, CandleLines)
        assert len(lines.candles) + len(lines.rejected) == len(answer.body)
        if "interval=1m" not in answer.endpoint:
            assert all("it is no minute candle" in each.reason for each in lines.rejected)
            assert not lines.candles
            continue
        assert not lines.rejected
        for candle, row in zip(lines.candles, answer.body, strict=True):
            assert microseconds(candle.open_time) == row[0] * 1000
            prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
            assert [f"{number:f}" for number in prices] == row[1:6]
            assert (f"{candle.quote_volume:f}", candle.trade_count) == (row[7], row[8])
            taken = (candle.taker_buy_volume, candle.taker_buy_quote_volume)
            assert [f"{number:f}" for number in taken] == row[9:11]
            stored += 1
    assert stored == 61


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("ticker/24hr", ("lastPrice", "bidPrice", "askPrice", "quoteVolume", "priceChangePercent")),
        ("ticker/bookTicker", (None, "bidPrice", "askPrice", None, None)),
    ],
)
def test_every_recorded_ticker_is_a_quote_digit_for_digit(path: str, names: tuple[str | None, ...]) -> None:
    for answer in of_path(path):
        found = answer.read().quotes
        rows = answer.body if isinstance(answer.body, list) else [answer.body]
        assert sum(len(lines.quotes) + len(lines.rejected) for lines in found.values()) == len(rows)
        for row in rows:
            [quote] = found[row["symbol"]].quotes
            said = (quote.price, quote.bid, quote.ask, quote.volume_24h, quote.change_24h)
            for number, name in zip(said, names, strict=True):
                assert number is None or (name is not None and f"{number:f}" == row[name])
            assert quote.ts == (
                from_microseconds(row["closeTime"] * 1000) if "closeTime" in row else answer.received_at
            )


def test_every_recorded_symbol_is_listed() -> None:
    for answer in of_path("exchangeInfo"):
        listings = answer.read().listings
        symbols = {row["symbol"] for row in answer.body["symbols"]}
        listed = {listing.symbol for listing in listings}
        assert listed <= symbols
        assert len(symbols - listed) <= 1, symbols - listed  # one pair is listed under two symbols
        bases = {row["symbol"]: (row["baseAsset"], row["quoteAsset"]) for row in answer.body["symbols"]}
        assert all((each.key.base, each.key.quote) == bases[each.symbol] for each in listings)


def test_every_frame_of_the_stream_is_a_trade_a_quote_or_of_an_order_book() -> None:
    lines = text_of("binance/ws_spot/btcusdt_20240808.gz").splitlines()
    heard = [
        Frame(body.encode(), from_microseconds(int(stamp) // 1000))
        for stamp, _, body in (line.partition(" ") for line in lines)
    ]
    messages = [json.loads(frame.body) for frame in heard]
    kinds = [message["stream"].partition("@")[2] if "stream" in message else "snapshot" for message in messages]
    trades, quotes = frames.read(heard), frames.quotes(heard)

    assert trades.keys() == {"BTCUSDT", NOBODY}
    events = [message["data"] for message, kind in zip(messages, kinds, strict=True) if kind == "trade"]
    counted: Counter[str] = Counter()
    numbered = {number: message.get("data") for number, message in enumerate(messages, 1)}
    by_line = [numbered.get(number) for number in range(1, len(messages) + 1)]
    check_stream_trades(trades["BTCUSDT"], by_line, counted)
    assert counted["stored"] == len(events) - len(trades["BTCUSDT"].rejected)
    books = [number for number, kind in enumerate(kinds, 1) if kind in BOOKS]
    assert [each.row for each in trades[NOBODY].rejected] == books
    assert Counter(kinds)["snapshot"] == 1
    check_books(quotes["BTCUSDT"], [message["data"] for message, kind in zip(messages, kinds, strict=True)
                                    if kind == "bookTicker"], heard, kinds)  # fmt: skip
    assert quotes.keys() == {"BTCUSDT"}


def check_stream_trades(lines: TradeLines, messages: list[Any], counted: Counter[str]) -> None:
    for line, trade in zip(lines.lines.tolist(), lines.trades.trades(), strict=True):
        event = messages[line - 1]
        assert (trade.sequence, f"{trade.price:f}", f"{trade.size:f}") == (event["t"], event["p"], event["q"])
        assert (microseconds(trade.ts) // 1000, trade.side is Side.SELL) == (event["T"], event["m"])
        counted["stored"] += 1


def check_books(lines: QuoteLines, events: list[Any], heard: list[Frame], kinds: list[str]) -> None:
    assert not lines.rejected
    times = [frame.received_at for frame, kind in zip(heard, kinds, strict=True) if kind == "bookTicker"]
    assert len(lines.quotes) == len(events)
    for quote, event, moment in zip(lines.quotes, events, times, strict=True):
        assert (f"{quote.bid:f}", f"{quote.ask:f}", quote.ts, quote.price) == (event["b"], event["a"], moment, None)


@pytest.mark.parametrize("day", ["2024-08-08", "2024-08-09"])
def test_every_line_of_the_archives_is_a_trade_digit_for_digit(day: str) -> None:
    name = f"BTCUSDT-trades-{day}.zip"
    path = recording(f"binance/archive_derived/data/spot/daily/trades/BTCUSDT/{name}")
    archives = BinanceArchives(FrozenClock())
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.reader(archive.read(archive.namelist()[0]).decode().splitlines()))

    contents = archives.inspect(path)
    blocks = list(archives.trades(path, contents))

    assert (contents.lines, contents.tape) == (len(rows), Tape.TRADES)
    assert not [rejected for block in blocks for rejected in block.rejected]
    trades = [trade for block in blocks for trade in block.trades.trades()]
    said = [
        (str(trade.sequence), f"{trade.price:f}", f"{trade.size:f}", str(microseconds(trade.ts) // 1000),
         "True" if trade.side is Side.SELL else "False")
        for trade in trades
    ]  # fmt: skip
    assert said == [(row[0], row[1], row[2], row[4], row[5]) for row in rows]


def test_every_line_of_the_list_of_replaced_archives_is_understood() -> None:
    text = text_of("binance/archive/2022-10-04_aggregate_trade_updates.csv")
    rows = list(csv.reader(text.splitlines()))[1:]

    found = replaced_files(text, "updates.csv")

    assert [(each.name, each.old, each.new) for each in found] == [
        (f"{row[0].removesuffix('.zip')}.zip", row[1].split()[0], row[2].split()[0]) for row in rows
    ]
    assert len(found) == 132
